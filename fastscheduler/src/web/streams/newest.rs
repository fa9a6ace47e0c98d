//! What is made about every second while somebody listens.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::clock::{Clock as _, SystemClock};
use crate::schedule::Zone;
use crate::scheduler::Scheduler;

/// How long after one the next is made: by the time that clients live in, not by the
/// scheduler's clock, which a test may set.
const PAUSE: Duration = Duration::from_secs(1);

/// Makes one after another, for as long as somebody listens.
pub(super) trait Maker: Default + Send + 'static {
    type Made: ?Sized + Send + Sync + 'static;

    /// Makes the next one; `None` if it cannot be made.
    fn make(
        &mut self,
        scheduler: &Scheduler,
        zone: Zone,
    ) -> impl Future<Output = Option<Made<Self::Made>>> + Send;
}

/// What was made.
pub(super) enum Made<T: ?Sized> {
    /// All who listen are told.
    News(Arc<T>),
    /// Only who begins to listen is told.
    Same(Arc<T>),
}

/// The newest of them.
pub(super) struct Newest<M: Maker>(Arc<Inner<M>>);

struct Inner<M: Maker> {
    scheduler: Scheduler,
    zone: Zone,
    newest: watch::Sender<Option<Arc<M::Made>>>,
    /// Makes them, while there is somebody to make them for.
    task: Mutex<Option<JoinHandle<()>>>,
}

/// The newest one and those that follow, for one listener.
pub(super) struct Following<M: Maker> {
    newest: watch::Receiver<Option<Arc<M::Made>>>,
    /// Keeps the sender.
    _sender: Newest<M>,
}

impl<M: Maker> Clone for Newest<M> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<M: Maker> Newest<M> {
    pub(super) fn new(scheduler: &Scheduler, zone: Zone) -> Self {
        let (scheduler, newest) = (scheduler.clone(), watch::Sender::new(None));
        Self(Arc::new(Inner { scheduler, zone, newest, task: Mutex::default() }))
    }

    /// The newest one, and those that follow.
    pub(super) fn listen(&self) -> Following<M> {
        let mut newest = self.0.newest.subscribe();
        newest.mark_changed();
        let mut task = self.0.task.lock().unwrap_or_else(PoisonError::into_inner);
        // It may also have ended with the runtime that it was on.
        if task.as_ref().is_none_or(JoinHandle::is_finished) {
            *task = Some(tokio::spawn(self.clone().make()));
        }
        Following { newest, _sender: self.clone() }
    }

    async fn make(self) {
        let mut maker = M::default();
        loop {
            let newest = &self.0.newest;
            match maker.make(&self.0.scheduler, self.0.zone).await {
                Some(Made::News(made)) => drop(newest.send_replace(Some(made))),
                Some(Made::Same(made)) => {
                    newest.send_if_modified(|kept| {
                        *kept = Some(made);
                        false
                    });
                }
                None => {}
            }
            tokio::select! {
                () = SystemClock.sleep(PAUSE) => {}
                // All streams end then.
                () = self.0.scheduler.stopping() => return,
            }
            let mut task = self.0.task.lock().unwrap_or_else(PoisonError::into_inner);
            // Under the lock that a new listener takes: it sees that this ends.
            if self.0.newest.receiver_count() == 0 {
                self.0.newest.send_replace(None);
                *task = None;
                return;
            }
        }
    }
}

impl<M: Maker> Following<M> {
    /// The newest one, once there is another. It may be dropped while it waits.
    pub(super) async fn next(&mut self) -> Arc<M::Made> {
        loop {
            if self.newest.changed().await.is_err() {
                return std::future::pending().await;
            }
            if let Some(made) = self.newest.borrow_and_update().as_ref() {
                return Arc::clone(made);
            }
        }
    }
}

//! The whole state about every second, as clients of the original expect it.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinHandle;

use super::frame::{Label, append_with};
use super::listener::Source;
use super::state::WholeState;
use super::text::{Rest, Shelf, Text};
use crate::clock::{Clock as _, SystemClock};
use crate::schedule::Zone;
use crate::scheduler::Scheduler;

/// How long after a sample the next one is made: by the time that clients
/// live in, not by the scheduler's clock, which a test may set.
const PAUSE: Duration = Duration::from_secs(1);

/// Samples of the state, made while somebody listens.
#[derive(Clone)]
pub(super) struct Samples(Arc<Inner>);

struct Inner {
    scheduler: Scheduler,
    zone: Zone,
    newest: watch::Sender<Option<Text>>,
    /// Makes the samples, while there is somebody to make them for.
    maker: Mutex<Option<JoinHandle<()>>>,
}

impl Samples {
    pub(super) fn new(scheduler: &Scheduler, zone: Zone) -> Self {
        let newest = watch::Sender::new(None);
        Self(Arc::new(Inner { scheduler: scheduler.clone(), zone, newest, maker: Mutex::default() }))
    }

    /// The newest sample, and those that follow.
    pub(super) fn listen(&self) -> Sampled {
        let mut newest = self.0.newest.subscribe();
        newest.mark_changed();
        let mut maker = self.0.maker.lock().unwrap_or_else(PoisonError::into_inner);
        // It may also have ended with the runtime that it was on.
        if maker.as_ref().is_none_or(JoinHandle::is_finished) {
            *maker = Some(tokio::spawn(self.clone().make()));
        }
        Sampled { newest, _samples: self.clone() }
    }

    async fn make(self) {
        let mut kept = Shelf::default();
        loop {
            if let Some(sample) = self.sample().await {
                kept.put(Arc::clone(&sample));
                self.0.newest.send_replace(Some(sample));
            }
            tokio::select! {
                () = SystemClock.sleep(PAUSE) => {}
                // All streams end then.
                () = self.0.scheduler.stopping() => return,
            }
            let mut maker = self.0.maker.lock().unwrap_or_else(PoisonError::into_inner);
            // Under the lock that a new listener takes: it sees that this ends.
            if self.0.newest.receiver_count() == 0 {
                self.0.newest.send_replace(None);
                *maker = None;
                return;
            }
        }
    }

    async fn sample(&self) -> Option<Text> {
        let state = match WholeState::of(&self.0.scheduler).await {
            Ok(state) => state,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "cannot tell listeners the state");
                return None;
            }
        };
        let mut text = Vec::new();
        append_with(&mut text, Label::default(), |text| state.write(self.0.zone, text)).ok()?;
        Some(text.into())
    }
}

/// The samples, for one listener.
pub(super) struct Sampled {
    newest: watch::Receiver<Option<Text>>,
    /// Keeps the sender.
    _samples: Samples,
}

impl Source for Sampled {
    async fn next(&mut self) -> Rest {
        loop {
            if self.newest.changed().await.is_err() {
                return std::future::pending().await;
            }
            if let Some(text) = self.newest.borrow_and_update().as_ref() {
                return Rest::of(text, 0);
            }
        }
    }
}

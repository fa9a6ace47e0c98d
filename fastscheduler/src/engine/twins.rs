//! One future that two tasks drive.
//!
//! A task that is woken by a worker of the runtime may wait in that worker's own
//! slot, from which no other worker can take it. If the worker is polling a
//! function that computes for seconds, the task waits for seconds. Its twin does
//! not: woken from elsewhere, it polls the same future on any free worker.

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::task::{Context, Poll};

use futures_util::task::AtomicWaker;

/// The tasks that drive one future.
#[derive(Debug, Default)]
pub(super) struct Twins([AtomicWaker; 2]);

/// The future; `None` once it has ended.
struct Driven<F>(Mutex<Option<Pin<Box<F>>>>);

impl Twins {
    /// The tasks; each ends with the future.
    pub(super) fn drive<F: Future<Output = ()> + Send>(
        self: &Arc<Self>,
        future: F,
    ) -> [impl Future<Output = ()> + Send + use<F>; 2] {
        let driven = Arc::new(Driven(Mutex::new(Some(Box::pin(future)))));
        [0, 1].map(|which| {
            let (twins, driven) = (Arc::clone(self), Arc::clone(&driven));
            std::future::poll_fn(move |context| {
                twins.0[which].register(context.waker());
                driven.poll(&twins, context)
            })
        })
    }

    /// Wakes both tasks, so that the future is polled even if one is stuck.
    pub(super) fn wake(&self) {
        self.0.iter().for_each(AtomicWaker::wake);
    }
}

impl<F: Future<Output = ()>> Driven<F> {
    fn poll(&self, twins: &Twins, context: &mut Context<'_>) -> Poll<()> {
        let mut driven = match self.0.try_lock() {
            Ok(driven) => driven,
            Err(TryLockError::Poisoned(poisoned)) => PoisonError::into_inner(poisoned),
            // The twin is polling it right now and will still see whatever woke
            // this task: had it got there before, it would have been woken instead.
            Err(TryLockError::WouldBlock) => return Poll::Pending,
        };
        let Some(future) = driven.as_mut() else { return Poll::Ready(()) };
        let polled = catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context)));
        let has_ended = !matches!(polled, Ok(Poll::Pending));
        if has_ended {
            // A future that panicked must not be polled again.
            *driven = None;
        }
        drop(driven);
        if has_ended {
            twins.wake();
        }
        polled.unwrap_or_else(|payload| resume_unwind(payload))
    }
}

//! Notices that the store takes what happens and cannot keep it, or that something
//! goes wrong in it that holds up nothing.

use std::sync::Arc;

use super::failure::describe;
use super::troubles::BEHIND;
use super::{Engine, Problem, ProblemCode};

impl Engine {
    /// Keeps track of whether the store falls behind or is degraded, until the stop.
    pub(crate) async fn watch_check(self: Arc<Self>) {
        loop {
            tokio::select! {
                biased;
                () = self.lifecycle.stopping() => return,
                () = self.storage.check_changed() => {}
            }
            let why = self.storage.check().await.err();
            self.note_trouble(BEHIND, why.map(|why| describe(&why)));
            self.note_degraded(self.storage.degraded());
        }
    }

    fn note_degraded(&self, why: Option<String>) {
        match why {
            None => self.end_problem(ProblemCode::StoreDegraded, None),
            Some(_) if self.telemetry.problems.has(ProblemCode::StoreDegraded) => {}
            Some(why) => {
                let values = [("error", why.into())];
                self.begin_problem(Problem::new(ProblemCode::StoreDegraded, self.clock.now(), None, values));
            }
        }
    }
}

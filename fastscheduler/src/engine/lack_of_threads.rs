//! What happens while the system refuses threads.

use std::io;
use std::sync::Arc;

use super::failure::AFTER_FAILURE;
use super::{Engine, Problem, ProblemCode};

impl Engine {
    /// Reports that the system refuses threads, until it provides one again.
    pub(super) fn report_lack_of_threads(self: &Arc<Self>, error: &io::Error) {
        if self.slots.threads.begin_to_lack() {
            let values = [("error", error.to_string().into())];
            let problem = Problem::new(ProblemCode::NoThreads, self.clock.now(), None, values);
            self.begin_problem(problem);
            self.spawn("the search for threads", Arc::clone(self).seek_threads());
        }
    }

    async fn seek_threads(self: Arc<Self>) {
        loop {
            tokio::select! {
                () = self.clock.sleep(AFTER_FAILURE) => {}
                () = self.lifecycle.stopping() => return,
            }
            if self.slots.threads.try_one() {
                return self.end_problem(ProblemCode::NoThreads, None);
            }
        }
    }
}

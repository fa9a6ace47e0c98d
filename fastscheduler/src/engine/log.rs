//! Logging of attempts: the span they run in, and a line for each that fails.
//!
//! Both have the same fields: `job`, `name`, `function`, `run` and `attempt`.

use tracing::{Level, Span};

use super::attempt::Attempt;
use crate::job::{AfterFailure, one_line};
use crate::schedule::text::OneLine;
use crate::storage::{Change, EndedAttempt};

/// What filters know the spans and the failures of jobs by.
const TARGET: &str = "fastscheduler::job";

/// The span that an attempt's code runs in.
pub(super) fn span(attempt: &Attempt) -> Span {
    let run = attempt.context.run_id();
    let definition = &attempt.job.definition;
    // Its level is the highest, so that a filter which lets a line of the job
    // through lets the span through that says whose line it is. It has no parent:
    // whatever span the scheduler's caller is in has nothing to do with the job.
    tracing::error_span!(
        target: TARGET,
        parent: None,
        "job",
        job = display(run.job),
        name = one_line(&definition.name),
        function = display(OneLine(&definition.function)),
        run = display(run),
        attempt = run.attempt,
    )
}

/// Logs the failed attempts among what was stored.
pub(super) fn failures(changes: &[Change]) {
    for change in changes {
        if let Change::EndAttempt(ended) = change
            && let Some(follows) = ended.run.after_failure
        {
            failure(ended, follows);
        }
    }
}

/// Logs a failed attempt in one line, also if it is the last one of its fire.
fn failure(ended: &EndedAttempt, follows: AfterFailure) {
    // The level of a line has to be a constant.
    macro_rules! log {
        ($level:expr, $message:literal) => {{
            let run = &*ended.run;
            tracing::event!(
                target: TARGET,
                $level,
                job = display(run.job_id()),
                name = one_line(&run.job_name),
                function = display(OneLine(&run.function)),
                run = display(run.run_id),
                attempt = run.run_id.attempt,
                error = run.error.as_deref().map(one_line),
                retry_at = ended.retry.as_ref().map(|retry| display(retry.due_at)),
                $message,
            );
        }};
    }
    if ended.dead_letter.is_some() {
        log!(Level::ERROR, "attempt failed and left a dead letter; {follows}");
    } else {
        log!(Level::WARN, "attempt failed; {follows}");
    }
}

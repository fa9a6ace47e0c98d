//! Entries for tests.

use std::fmt::Write as _;

use chrono::{DateTime, TimeDelta, Utc};

use crate::job::{Entry, EntryKind, FunctionKey, JobId, Lane, Trigger};

/// What a test's clock reads at first.
pub const START: DateTime<Utc> = DateTime::from_timestamp(1_767_225_600, 0).expect("2026 is in range");

/// The function that an entry has unless it is given another.
pub const FUNCTION: &str = "app::work";

/// The instant that many seconds after [`START`].
#[must_use]
pub fn after(seconds: i64) -> DateTime<Utc> {
    START + TimeDelta::seconds(seconds)
}

/// The next fire of a job, that many seconds after [`START`]: exclusive, of
/// revision 1, in the async lane, and accounting for the fires up to itself.
#[must_use]
pub fn next(job: u64, seconds: i64) -> Entry {
    let at = after(seconds);
    Entry {
        kind: EntryKind::Next,
        job: JobId::new(job),
        trigger: Trigger::Schedule,
        scheduled_for: at,
        due_at: at,
        attempt: 1,
        crashes: 0,
        covers_until: at,
        catch_up_until: None,
        is_last_late: false,
        revision: 1,
        is_exclusive: true,
        lane: Lane::Async,
        function: FunctionKey::parse(FUNCTION),
    }
}

/// Like [`next`], but a fire of its own, asked for by a caller.
#[must_use]
pub fn manual(job: u64, seconds: i64) -> Entry {
    Entry { kind: EntryKind::Manual, trigger: Trigger::Manual, ..next(job, seconds) }
}

/// Like [`next`], but a fire that was claimed and waits for its second attempt.
#[must_use]
pub fn retry(job: u64, seconds: i64) -> Entry {
    Entry { kind: EntryKind::Fire, attempt: 2, ..next(job, seconds) }
}

/// Changes to an entry, in seconds after [`START`] where they are instants.
pub trait EntryShape: Sized {
    /// It may be claimed from then on.
    #[must_use]
    fn due(self, seconds: i64) -> Self;
    /// It accounts for the fires up to then.
    #[must_use]
    fn covering(self, seconds: i64) -> Self;
    /// It is of that revision.
    #[must_use]
    fn revision(self, revision: u64) -> Self;
    /// It waits for no other fire of its job.
    #[must_use]
    fn shared(self) -> Self;
    /// It is in the blocking lane.
    #[must_use]
    fn blocking(self) -> Self;
    /// It is of that function.
    #[must_use]
    fn of(self, function: &str) -> Self;
}

impl EntryShape for Entry {
    fn due(self, seconds: i64) -> Self {
        Self { due_at: after(seconds), ..self }
    }

    fn covering(self, seconds: i64) -> Self {
        Self { covers_until: after(seconds), ..self }
    }

    fn revision(self, revision: u64) -> Self {
        Self { revision, ..self }
    }

    fn shared(self) -> Self {
        Self { is_exclusive: false, ..self }
    }

    fn blocking(self) -> Self {
        Self { lane: Lane::Blocking, ..self }
    }

    fn of(self, function: &str) -> Self {
        Self { function: FunctionKey::parse(function), ..self }
    }
}

/// An entry on one line, with instants in seconds after [`START`].
pub(super) fn brief(entry: &Entry) -> String {
    let seconds = |at: DateTime<Utc>| (at - START).as_seconds_f64();
    let mut text = format!(
        "{} {:?} {:?} at {} due {} attempt {} revision {}",
        entry.job,
        entry.kind,
        entry.trigger,
        seconds(entry.scheduled_for),
        seconds(entry.due_at),
        entry.attempt,
        entry.revision,
    );
    if entry.covers_until != entry.scheduled_for {
        write!(text, " covers {}", seconds(entry.covers_until)).expect("a text takes all");
    }
    if entry.crashes > 0 {
        write!(text, " crashes {}", entry.crashes).expect("a text takes all");
    }
    if !entry.is_exclusive {
        text.push_str(" shared");
    }
    if entry.lane == Lane::Blocking {
        text.push_str(" blocking");
    }
    if entry.function.to_string() != FUNCTION {
        write!(text, " of {}", entry.function).expect("a text takes all");
    }
    text
}

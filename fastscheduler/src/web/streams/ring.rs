//! The newest changes, for clients that are a little behind.

use std::collections::VecDeque;

use chrono::{DateTime, TimeDelta, Utc};

use super::text::{Rest, Shelf, Text};

/// The most batches that are kept: a minute of them at the fastest.
const MOST_BATCHES: usize = 600;

/// The most bytes that are kept, beside those of the newest batch.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// A client gets a snapshot that is younger than this.
const FRESH: TimeDelta = TimeDelta::seconds(1);

/// A client that is further behind than this gets a snapshot, and not what happened
/// since.
const MOST_BEHIND: TimeDelta = TimeDelta::seconds(2);

/// Changes that happened together.
#[derive(Debug)]
struct Batch {
    made_at: DateTime<Utc>,
    /// The number of its first event.
    first: u64,
    text: Text,
    /// Where each of its events ends.
    ends: Vec<usize>,
}

/// A batch that is being written.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) text: Vec<u8>,
    ends: Vec<usize>,
}

/// The newest changes, and the newest snapshot.
///
/// Events are numbered from 1. An id is that number with the mark of the
/// process, so that an id of an earlier process is not taken for one of this.
#[derive(Debug)]
pub(super) struct Ring {
    mark: String,
    /// The number of the last event.
    last: u64,
    batches: VecDeque<Batch>,
    bytes: usize,
    snapshot: Option<Snapshot>,
    /// What clients may be in the middle of, though no other begins it any more.
    shelf: Shelf,
    is_snapshot_wanted: bool,
}

#[derive(Debug)]
struct Snapshot {
    /// The event after which the state was so.
    after: u64,
    /// When it was begun.
    made_at: DateTime<Utc>,
    text: Text,
}

/// How far a client is.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Progress {
    /// The last event that it has seen; none is before a snapshot.
    pub(super) seen: Option<u64>,
    /// The last event that it missed while it was not connected. Up to that one
    /// it gets what is there, however old.
    pub(super) missed_until: u64,
    /// Whether it is told to ask anew where another would get a snapshot.
    pub(super) wants_no_snapshot: bool,
}

/// What a client gets next.
#[derive(Debug)]
pub(super) enum Next {
    /// This, and then what follows the event of that number.
    Send(Rest, u64),
    /// Nothing has happened since.
    Wait,
    /// A snapshot, which must be made first.
    WaitForSnapshot,
    /// That it is to ask anew, and then what follows the event of that number.
    Reload(u64),
}

impl Draft {
    /// The event that was appended to the text is complete.
    pub(super) fn end_event(&mut self) {
        self.ends.push(self.text.len());
    }

    pub(super) fn len(&self) -> u64 {
        self.ends.len() as u64
    }
}

impl Ring {
    pub(super) fn new(mark: String) -> Self {
        Self {
            mark,
            last: 0,
            batches: VecDeque::new(),
            bytes: 0,
            snapshot: None,
            shelf: Shelf::default(),
            is_snapshot_wanted: false,
        }
    }

    /// The id of the event of that number.
    pub(super) fn id(&self, number: u64) -> String {
        format!("{}-{number}", self.mark)
    }

    /// The number of the event of that id, if it is one of these.
    pub(super) fn number(&self, id: &str) -> Option<u64> {
        let number = id.strip_prefix(&*self.mark)?.strip_prefix('-')?.parse().ok()?;
        (number <= self.last).then_some(number)
    }

    pub(super) fn last(&self) -> u64 {
        self.last
    }

    /// Adds changes; their events have the numbers after [`last`](Self::last).
    pub(super) fn add(&mut self, draft: Draft, made_at: DateTime<Utc>) {
        let first = self.last + 1;
        self.last += draft.len();
        self.bytes += draft.text.len();
        self.batches.push_back(Batch { made_at, first, text: draft.text.into(), ends: draft.ends });
        while self.batches.len() > MOST_BATCHES || (self.bytes > MOST_BYTES && self.batches.len() > 1) {
            self.bytes -= self.batches.pop_front().map_or(0, |batch| batch.text.len());
        }
    }

    /// Something happened that is not told: whoever listens needs a snapshot.
    pub(super) fn skip(&mut self) {
        self.last += 1;
        // A client that keeps up is in the middle of this one, or would be cut off.
        if let Some(newest) = self.batches.pop_back() {
            self.shelf.put(newest.text);
        }
        self.batches.clear();
        self.bytes = 0;
        self.snapshot = None;
    }

    /// Adds the state after the last event, which began to be written at that time.
    pub(super) fn add_snapshot(&mut self, text: Text, made_at: DateTime<Utc>) {
        self.shelf.put(text.clone());
        self.snapshot = Some(Snapshot { after: self.last, made_at, text });
        self.is_snapshot_wanted = false;
    }

    pub(super) fn is_snapshot_wanted(&self) -> bool {
        self.is_snapshot_wanted
    }

    /// What a client gets next that is so far.
    pub(super) fn next(&mut self, progress: Progress, now: DateTime<Utc>) -> Next {
        let Progress { seen, missed_until, wants_no_snapshot } = progress;
        match seen {
            Some(seen) if seen == self.last => return Next::Wait,
            Some(seen) if self.follows(seen) => {
                let batch = self.batch_after(seen);
                let is_recent =
                    |batch: &Batch| seen < missed_until || is_within(batch.made_at, now, MOST_BEHIND);
                match batch {
                    None => return Next::Wait,
                    Some(batch) if is_recent(batch) => return batch.after(seen),
                    Some(_) => {}
                }
            }
            Some(_) | None => {}
        }
        if wants_no_snapshot {
            return Next::Reload(self.last);
        }
        // One that is older than the oldest batch would be behind at once.
        let snapshot = self.snapshot.as_ref().filter(|snapshot| {
            is_within(snapshot.made_at, now, FRESH)
                && (snapshot.after == self.last || self.follows(snapshot.after))
        });
        if let Some(Snapshot { after, text, .. }) = snapshot {
            return Next::Send(Rest::of(text, 0), *after);
        }
        self.is_snapshot_wanted = true;
        Next::WaitForSnapshot
    }

    /// Whether all that came after that event is there.
    fn follows(&self, number: u64) -> bool {
        self.batches.front().is_some_and(|oldest| oldest.first <= number + 1)
    }

    /// The batch with the event after that one.
    fn batch_after(&self, number: u64) -> Option<&Batch> {
        let later = self.batches.partition_point(|batch| batch.last() <= number);
        self.batches.get(later)
    }
}

impl Batch {
    /// The number of its last event.
    fn last(&self) -> u64 {
        self.first + self.ends.len() as u64 - 1
    }

    /// Its events after that one.
    fn after(&self, number: u64) -> Next {
        let seen = usize::try_from((number + 1).saturating_sub(self.first)).unwrap_or_default();
        let from = seen.checked_sub(1).and_then(|last| self.ends.get(last)).copied().unwrap_or_default();
        Next::Send(Rest::of(&self.text, from), self.last())
    }
}

/// Whether something is no older; the clock may have been set back since.
fn is_within(made_at: DateTime<Utc>, now: DateTime<Utc>, most: TimeDelta) -> bool {
    (now - made_at).abs() < most
}

#[cfg(test)]
mod tests {
    use super::*;

    fn draft(events: &[&str]) -> Draft {
        let mut draft = Draft::default();
        for event in events {
            draft.text.extend_from_slice(event.as_bytes());
            draft.end_event();
        }
        draft
    }

    /// So many seconds after the first of them.
    fn second(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    fn at(number: u64) -> Progress {
        Progress { seen: Some(number), ..NEW }
    }

    const NEW: Progress = Progress { seen: None, missed_until: 0, wants_no_snapshot: false };

    fn sent(next: Next) -> (String, u64) {
        let Next::Send(mut rest, after) = next else { panic!("{next:?}") };
        (String::from_utf8(rest.take(usize::MAX).unwrap().0).unwrap(), after)
    }

    #[test]
    fn a_client_goes_on_after_the_last_event_it_has_seen() {
        let mut ring = Ring::new("a".to_owned());
        ring.add(draft(&["1", "2", "3"]), second(0));
        ring.add(draft(&["4"]), second(0));
        for (number, expected) in [(0, ("123", 3)), (1, ("23", 3)), (2, ("3", 3)), (3, ("4", 4))] {
            assert_eq!(
                sent(ring.next(at(number), second(0))),
                (expected.0.to_owned(), expected.1),
                "after {number}"
            );
        }
        assert!(matches!(ring.next(at(4), second(0)), Next::Wait));
    }

    #[test]
    fn an_id_of_another_process_or_of_the_future_is_unknown() {
        let mut ring = Ring::new("a".to_owned());
        ring.add(draft(&["1"]), second(0));
        assert_eq!(ring.number(&ring.id(1)), Some(1));
        for id in ["a-2", "b-1", "1", "a", "a-", "a-x", ""] {
            assert_eq!(ring.number(id), None, "{id}");
        }
    }

    #[test]
    fn a_client_that_is_too_far_behind_gets_a_snapshot() {
        let mut ring = Ring::new("a".to_owned());
        assert!(matches!(ring.next(NEW, second(0)), Next::WaitForSnapshot));
        assert!(ring.is_snapshot_wanted());
        ring.add_snapshot(b"zero"[..].into(), second(0));
        assert!(!ring.is_snapshot_wanted());
        assert_eq!(sent(ring.next(NEW, second(0))), ("zero".to_owned(), 0));
        for _ in 0..=MOST_BATCHES {
            ring.add(draft(&["x"]), second(0));
        }
        assert!(
            matches!(ring.next(at(0), second(0)), Next::WaitForSnapshot),
            "the snapshot is too old as well"
        );
        assert!(matches!(ring.next(at(1), second(0)), Next::Send(..)));
        ring.add_snapshot(b"now"[..].into(), second(0));
        assert_eq!(sent(ring.next(at(0), second(0))), ("now".to_owned(), MOST_BATCHES as u64 + 1));
    }

    #[test]
    fn what_is_kept_is_bounded_in_bytes() {
        let mut ring = Ring::new("a".to_owned());
        for _ in 0..10 {
            ring.add(draft(&[&"x".repeat(MOST_BYTES / 2)]), second(0));
        }
        assert_eq!(ring.batches.len(), 2);
        assert_eq!(ring.bytes, MOST_BYTES);
    }

    #[test]
    fn a_client_in_the_middle_of_the_newest_changes_gets_the_rest_of_them() {
        let mut ring = Ring::new("a".to_owned());
        ring.add(draft(&["123"]), second(0));
        let Next::Send(mut rest, after) = ring.next(at(0), second(0)) else { panic!("there are changes") };
        assert_eq!(rest.take(1), Some((b"1".to_vec(), false)));
        ring.skip();
        assert_eq!(rest.take(10), Some((b"23".to_vec(), true)));
        assert!(matches!(ring.next(at(after), second(0)), Next::WaitForSnapshot));
    }

    #[test]
    fn what_was_not_told_needs_a_snapshot() {
        let mut ring = Ring::new("a".to_owned());
        ring.add(draft(&["1"]), second(0));
        ring.add_snapshot(b"old"[..].into(), second(0));
        ring.skip();
        assert!(matches!(ring.next(at(1), second(0)), Next::WaitForSnapshot));
        ring.add_snapshot(b"new"[..].into(), second(0));
        assert_eq!(sent(ring.next(at(1), second(0))), ("new".to_owned(), 2));
    }

    #[test]
    fn a_client_that_wants_no_snapshot_is_told_to_ask_anew() {
        let mut ring = Ring::new("a".to_owned());
        ring.add(draft(&["1"]), second(0));
        ring.add_snapshot(b"state"[..].into(), second(4));
        let without = |progress| Progress { wants_no_snapshot: true, ..progress };
        for progress in [NEW, at(0)] {
            assert!(matches!(ring.next(without(progress), second(4)), Next::Reload(1)), "{progress:?}");
        }
        assert!(matches!(ring.next(without(at(1)), second(4)), Next::Wait));
        assert_eq!(sent(ring.next(without(at(0)), second(1))), ("1".to_owned(), 1));
        assert!(!ring.is_snapshot_wanted());
    }

    #[test]
    fn a_snapshot_is_given_away_for_less_than_a_second() {
        let mut ring = Ring::new("a".to_owned());
        ring.add_snapshot(b"old"[..].into(), second(10));
        for (seconds, is_given) in [(10, true), (11, false), (70, false), (9, false)] {
            let next = ring.next(NEW, second(seconds));
            assert_eq!(matches!(next, Next::Send(..)), is_given, "{seconds}: {next:?}");
        }
        assert!(ring.is_snapshot_wanted());
    }

    #[test]
    fn a_client_that_reads_slowly_gets_a_snapshot_and_no_old_changes() {
        let mut ring = Ring::new("a".to_owned());
        for seconds in 0..4 {
            ring.add(draft(&[&seconds.to_string()]), second(seconds));
        }
        ring.add_snapshot(b"now"[..].into(), second(4));
        let mut next = |progress| sent(ring.next(progress, second(4)));
        assert_eq!(next(at(3)), ("3".to_owned(), 4));
        assert_eq!(next(at(1)), ("now".to_owned(), 4), "this is three seconds behind");
        // One that was not connected gets what it missed.
        let missed = |seen| Progress { seen: Some(seen), missed_until: 3, ..NEW };
        assert_eq!(next(missed(1)), ("1".to_owned(), 2));
        assert_eq!(next(missed(2)), ("2".to_owned(), 3));
    }
}

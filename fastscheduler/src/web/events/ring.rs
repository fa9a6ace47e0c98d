//! The newest changes, for clients that are a little behind.

use std::collections::VecDeque;

use super::text::{Rest, Shelf, Text};

/// The most batches that are kept: a minute of them at the fastest.
const MOST_BATCHES: usize = 600;

/// The most bytes that are kept, beside those of the newest batch.
const MOST_BYTES: usize = 4 * 1024 * 1024;

/// Changes that happened together.
#[derive(Debug)]
struct Batch {
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
    /// The state after the event of that number.
    snapshot: Option<(u64, Text)>,
    /// What clients may be in the middle of, though no other begins it any more.
    shelf: Shelf,
    is_snapshot_wanted: bool,
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
    pub(super) fn add(&mut self, draft: Draft) {
        let first = self.last + 1;
        self.last += draft.len();
        self.bytes += draft.text.len();
        self.batches.push_back(Batch { first, text: draft.text.into(), ends: draft.ends });
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

    /// Adds the state as of now.
    pub(super) fn add_snapshot(&mut self, text: Text) {
        self.shelf.put(text.clone());
        self.snapshot = Some((self.last, text));
        self.is_snapshot_wanted = false;
    }

    /// A new client gets a new snapshot.
    pub(super) fn drop_snapshot(&mut self) {
        self.snapshot = None;
    }

    pub(super) fn is_snapshot_wanted(&self) -> bool {
        self.is_snapshot_wanted
    }

    /// What comes after the event of that number; with none, from the beginning.
    pub(super) fn after(&mut self, number: Option<u64>) -> Next {
        match number {
            Some(number) if number == self.last => return Next::Wait,
            Some(number) if self.follows(number) => return self.batch_after(number),
            Some(_) | None => {}
        }
        // One that is older than the oldest batch would be behind at once.
        let snapshot = self.snapshot.as_ref().filter(|(at, _)| *at == self.last || self.follows(*at));
        if let Some((at, text)) = snapshot {
            return Next::Send(Rest::of(text, 0), *at);
        }
        self.is_snapshot_wanted = true;
        Next::WaitForSnapshot
    }

    /// Whether all that came after that event is there.
    fn follows(&self, number: u64) -> bool {
        self.batches.front().is_some_and(|oldest| oldest.first <= number + 1)
    }

    fn batch_after(&self, number: u64) -> Next {
        let later = self.batches.partition_point(|batch| batch.first + batch.ends.len() as u64 <= number + 1);
        let Some(batch) = self.batches.get(later) else { return Next::Wait };
        let seen = usize::try_from((number + 1).saturating_sub(batch.first)).unwrap_or_default();
        let from = seen.checked_sub(1).and_then(|last| batch.ends.get(last)).copied().unwrap_or_default();
        Next::Send(Rest::of(&batch.text, from), batch.first + batch.ends.len() as u64 - 1)
    }
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

    fn sent(next: Next) -> (String, u64) {
        let Next::Send(mut rest, after) = next else { panic!("{next:?}") };
        (String::from_utf8(rest.take(usize::MAX).unwrap().0).unwrap(), after)
    }

    #[test]
    fn a_client_goes_on_after_the_last_event_it_has_seen() {
        let mut ring = Ring::new("a".to_owned());
        ring.add(draft(&["1", "2", "3"]));
        ring.add(draft(&["4"]));
        for (number, expected) in [(0, ("123", 3)), (1, ("23", 3)), (2, ("3", 3)), (3, ("4", 4))] {
            assert_eq!(sent(ring.after(Some(number))), (expected.0.to_owned(), expected.1), "after {number}");
        }
        assert!(matches!(ring.after(Some(4)), Next::Wait));
    }

    #[test]
    fn an_id_of_another_process_or_of_the_future_is_unknown() {
        let mut ring = Ring::new("a".to_owned());
        ring.add(draft(&["1"]));
        assert_eq!(ring.number(&ring.id(1)), Some(1));
        for id in ["a-2", "b-1", "1", "a", "a-", "a-x", ""] {
            assert_eq!(ring.number(id), None, "{id}");
        }
    }

    #[test]
    fn a_client_that_is_too_far_behind_gets_a_snapshot() {
        let mut ring = Ring::new("a".to_owned());
        assert!(matches!(ring.after(None), Next::WaitForSnapshot));
        assert!(ring.is_snapshot_wanted());
        ring.add_snapshot(b"zero"[..].into());
        assert!(!ring.is_snapshot_wanted());
        assert_eq!(sent(ring.after(None)), ("zero".to_owned(), 0));
        for _ in 0..=MOST_BATCHES {
            ring.add(draft(&["x"]));
        }
        assert!(matches!(ring.after(Some(0)), Next::WaitForSnapshot), "the snapshot is too old as well");
        assert!(matches!(ring.after(Some(1)), Next::Send(..)));
        ring.add_snapshot(b"now"[..].into());
        assert_eq!(sent(ring.after(Some(0))), ("now".to_owned(), MOST_BATCHES as u64 + 1));
    }

    #[test]
    fn what_is_kept_is_bounded_in_bytes() {
        let mut ring = Ring::new("a".to_owned());
        for _ in 0..10 {
            ring.add(draft(&[&"x".repeat(MOST_BYTES / 2)]));
        }
        assert_eq!(ring.batches.len(), 2);
        assert_eq!(ring.bytes, MOST_BYTES);
    }

    #[test]
    fn a_client_in_the_middle_of_the_newest_changes_gets_the_rest_of_them() {
        let mut ring = Ring::new("a".to_owned());
        ring.add(draft(&["123"]));
        let Next::Send(mut rest, after) = ring.after(Some(0)) else { panic!("there are changes") };
        assert_eq!(rest.take(1), Some((b"1".to_vec(), false)));
        ring.skip();
        assert_eq!(rest.take(10), Some((b"23".to_vec(), true)));
        assert!(matches!(ring.after(Some(after)), Next::WaitForSnapshot));
    }

    #[test]
    fn what_was_not_told_needs_a_snapshot() {
        let mut ring = Ring::new("a".to_owned());
        ring.add(draft(&["1"]));
        ring.add_snapshot(b"old"[..].into());
        ring.skip();
        assert!(matches!(ring.after(Some(1)), Next::WaitForSnapshot));
        ring.add_snapshot(b"new"[..].into());
        assert_eq!(sent(ring.after(Some(1))), ("new".to_owned(), 2));
    }
}

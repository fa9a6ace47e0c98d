//! When it is a local time: once, twice, or never.

use super::Zone;
use super::rules::into_table;

/// No local time is further from UTC, in seconds.
const FARTHEST: i64 = 26 * 3_600;

/// The instants at which it is a local time, in seconds since 1970.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pass {
    /// The first and the last, mostly the same.
    Of { first: i64, last: i64 },
    /// Clocks leave it out: the first instant after it.
    LeftOut { next: i64 },
}

impl Zone {
    /// When it is a local time, in seconds since 1970-01-01 00:00:00 local time.
    pub(in crate::schedule) fn passes(self, local: i64) -> Pass {
        let (from, moved) = into_table(local - FARTHEST);
        let local = local - moved;
        let mut found: Option<(i64, i64)> = None;
        let mut next = None;
        for index in self.rules.index(from).. {
            let Some(offset) = self.rules.offset(index) else { break };
            let (start, end) = (self.rules.start(index), self.rules.end(index));
            if start > local + FARTHEST {
                break;
            }
            let instant = local - offset;
            if (start..end).contains(&instant) {
                found = Some((found.map_or(instant, |(first, _)| first), instant));
            } else if instant < start && next.is_none() {
                next = Some(start);
            }
        }
        match found {
            Some((first, last)) => Pass::Of { first: first + moved, last: last + moved },
            None => Pass::LeftOut { next: next.unwrap_or(local) + moved },
        }
    }
}

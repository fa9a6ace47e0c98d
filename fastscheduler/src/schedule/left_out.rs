//! Instants of a rule that are not fires.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// Spans of time whose instants are not fires of a schedule.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LeftOut(Arc<[Span]>);

/// A first and a last instant, both included.
type Span = (DateTime<Utc>, DateTime<Utc>);

impl LeftOut {
    /// The spans, which may overlap and come in any order.
    pub(crate) fn new(mut spans: Vec<Span>) -> Self {
        spans.sort_unstable();
        let mut apart: Vec<Span> = Vec::with_capacity(spans.len());
        for (first, last) in spans {
            match apart.last_mut() {
                Some(before) if first <= before.1 => before.1 = before.1.max(last),
                Some(_) | None => apart.push((first, last)),
            }
        }
        Self(apart.into())
    }

    /// The spans in order, none of which touches another.
    pub fn iter(&self) -> impl Iterator<Item = Span> {
        self.0.iter().copied()
    }

    /// Whether nothing is left out.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What of it is later than an instant.
    pub(crate) fn after(&self, instant: DateTime<Utc>) -> Self {
        Self(self.iter().filter(|(_, last)| *last > instant).collect())
    }

    /// The span that an instant is in.
    pub(crate) fn span_of(&self, at: DateTime<Utc>) -> Option<Span> {
        let place = self.0.partition_point(|(_, last)| *last < at);
        self.0.get(place).copied().filter(|(first, _)| *first <= at)
    }
}

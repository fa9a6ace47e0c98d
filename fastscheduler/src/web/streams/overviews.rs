//! The scheduler at a glance, and what changes, for clients that want no snapshots: they
//! ask for what they show.

use std::sync::Arc;

use super::changes::Changed;
use super::frame::{Label, append_with};
use super::listener::Source;
use super::newest::{Following, Made, Maker, Newest};
use super::text::{Rest, Text};
use crate::schedule::Zone;
use crate::scheduler::{Overview, Scheduler};
use crate::web::shapes::OverviewShape;

/// Overviews, made while somebody listens; one that says nothing new is not told.
pub(super) type Overviews = Newest<Glance>;

/// Makes the overviews, in JSON.
#[derive(Default)]
pub(super) struct Glance {
    told: Option<Overview>,
}

impl Maker for Glance {
    type Made = [u8];

    async fn make(&mut self, scheduler: &Scheduler, _zone: Zone) -> Option<Made<[u8]>> {
        let overview = match scheduler.overview().await {
            Ok(overview) => overview,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "cannot tell listeners the overview"
                );
                return None;
            }
        };
        let json: Text = serde_json::to_vec(&OverviewShape::new(&overview)).ok()?.into();
        // That time passes is no news.
        if let Some(told) = &mut self.told {
            told.now = overview.now;
            if *told == overview {
                return Some(Made::Same(json));
            }
        }
        self.told = Some(overview);
        Some(Made::News(json))
    }
}

/// Overviews and changes, for one listener.
pub(super) struct Glanced {
    changed: Changed,
    overviews: Following<Glance>,
    /// Whether the overview comes before all else.
    is_first: bool,
    /// The event that was told last, which its client may be in the middle of.
    told: Text,
}

impl Glanced {
    pub(super) fn new(changed: Changed, overviews: Following<Glance>) -> Self {
        let is_first = changed.seen().is_some();
        Self { changed, overviews, is_first, told: Arc::default() }
    }

    /// The event that tells an overview. What happened up to the event of its id is known
    /// to this client, so it goes on after that if it connects again.
    fn tell(&mut self, json: &[u8]) -> Rest {
        let id = self.changed.id();
        let label = Label { name: Some("overview"), id: id.as_deref() };
        let mut text = Vec::with_capacity(json.len() + 64);
        // Copying does not fail.
        let _ = append_with(&mut text, label, |text| {
            text.extend_from_slice(json);
            Ok(())
        });
        self.told = text.into();
        Rest::of(&self.told, 0)
    }
}

impl Source for Glanced {
    async fn next(&mut self) -> Rest {
        // What a client missed that cannot be told any more comes first.
        if self.changed.seen().is_none() {
            return self.changed.next().await;
        }
        let overview = if self.is_first {
            self.overviews.next().await
        } else {
            tokio::select! {
                biased;
                overview = self.overviews.next() => overview,
                rest = self.changed.next() => return rest,
            }
        };
        self.is_first = false;
        self.tell(&overview)
    }
}

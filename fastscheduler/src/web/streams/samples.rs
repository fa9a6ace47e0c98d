//! The whole state about every second, as clients of the original expect it.

use std::sync::Arc;

use super::frame::{Label, append_with};
use super::listener::Source;
use super::newest::{Following, Made, Maker, Newest};
use super::state::WholeState;
use super::text::{Rest, Shelf, Text};
use crate::schedule::Zone;
use crate::scheduler::Scheduler;

/// Samples of the state, made while somebody listens.
pub(super) type Samples = Newest<Sampler>;

/// Makes the samples.
#[derive(Default)]
pub(super) struct Sampler {
    kept: Shelf,
}

impl Maker for Sampler {
    type Made = [u8];

    async fn make(&mut self, scheduler: &Scheduler, zone: Zone) -> Option<Made<[u8]>> {
        let state = match WholeState::of(scheduler).await {
            Ok(state) => state,
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "cannot tell listeners the state");
                return None;
            }
        };
        let mut text = Vec::new();
        append_with(&mut text, Label::default(), |text| state.write(zone, text)).ok()?;
        let sample: Text = text.into();
        self.kept.put(Arc::clone(&sample));
        Some(Made::News(sample))
    }
}

impl Source for Following<Sampler> {
    async fn next(&mut self) -> Rest {
        Rest::of(&Following::next(self).await, 0)
    }
}

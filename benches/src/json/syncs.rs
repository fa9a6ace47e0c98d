//! How often a store syncs its journal, which it says in its trace.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Result;
use tracing::level_filters::LevelFilter;
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

const TARGET: &str = "fastscheduler::journal";

static SYNCS: AtomicU64 = AtomicU64::new(0);

/// Counts syncs from now on.
pub(crate) fn count_all() -> Result<()> {
    Ok(tracing::subscriber::set_global_default(Counter)?)
}

/// Syncs so far.
pub(crate) fn counted() -> u64 {
    SYNCS.load(Ordering::Relaxed)
}

/// Hears of syncs only.
struct Counter;

impl Subscriber for Counter {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.is_event() && metadata.target() == TARGET
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::TRACE)
    }

    fn event(&self, _: &Event<'_>) {
        SYNCS.fetch_add(1, Ordering::Relaxed);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

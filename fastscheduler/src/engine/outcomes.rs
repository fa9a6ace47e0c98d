//! What has ended and waits to be recorded.

use std::sync::Mutex;

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Notify;

use super::attempt::Ended;
use super::lock;

/// Outcomes on their way to the recorder.
///
/// Adding one does not wake the recorder: a puller does that for many at once.
#[derive(Debug, Default)]
pub(super) struct Outcomes {
    waiting: Mutex<Waiting>,
    more: Notify,
}

#[derive(Debug, Default)]
struct Waiting {
    list: Vec<Ended>,
    /// When the recorder was notified of them.
    notified_at: Option<DateTime<Utc>>,
}

/// How the outcomes that wait are doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Backlog {
    None,
    /// The recorder does not know of them.
    Unannounced,
    /// The recorder was notified of them that long ago.
    Announced(TimeDelta),
}

impl Outcomes {
    pub(super) fn add(&self, ended: Ended) {
        lock(&self.waiting).list.push(ended);
    }

    /// Notifies the recorder of outcomes that it does not know of, and returns
    /// whether there were any.
    pub(super) fn announce(&self, now: DateTime<Utc>) -> bool {
        let mut waiting = lock(&self.waiting);
        let is_news = !waiting.list.is_empty() && waiting.notified_at.is_none();
        if is_news {
            waiting.notified_at = Some(now);
            drop(waiting);
            self.more.notify_one();
        }
        is_news
    }

    /// Exchanges the outcomes for an empty list, whose memory is used again.
    pub(super) fn take(&self, batch: &mut Vec<Ended>) {
        let mut waiting = lock(&self.waiting);
        std::mem::swap(&mut waiting.list, batch);
        waiting.notified_at = None;
    }

    /// Waits until outcomes were [announced](Self::announce), or until
    /// [`nudge`](Self::nudge).
    pub(super) async fn more(&self) {
        self.more.notified().await;
    }

    /// Has the recorder look again.
    pub(super) fn nudge(&self) {
        self.more.notify_one();
    }

    pub(super) fn backlog(&self, now: DateTime<Utc>) -> Backlog {
        let waiting = lock(&self.waiting);
        match waiting.notified_at {
            _ if waiting.list.is_empty() => Backlog::None,
            None => Backlog::Unannounced,
            Some(notified_at) => Backlog::Announced((now - notified_at).abs()),
        }
    }
}

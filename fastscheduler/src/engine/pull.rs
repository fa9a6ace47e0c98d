//! What a puller does with the attempts that it takes.

use std::sync::Arc;

use chrono::{DateTime, Utc};
use tokio::task::coop::has_budget_remaining;

use super::pullers::{Crew, LONG, Puller, Unspawned};
use super::{Engine, Event};

impl Engine {
    /// Takes attempts one at a time and executes them, until execution ends.
    pub(super) async fn pull(self: Arc<Self>, number: usize) {
        let crew = self.pullers.crew().expect("the start creates the pullers");
        let puller = crew.puller(number);
        loop {
            self.drain(crew, puller).await;
            if self.pullers.rest(number) {
                tokio::select! {
                    () = puller.woken() => {}
                    () = self.lifecycle.executed() => return,
                }
            }
        }
    }

    /// Spawns a helper unless one is on its way, and returns whether it did.
    pub(super) fn spawn_helper(self: &Arc<Self>) -> bool {
        let is_needed = self.lifecycle.runtime().is_some() && self.pullers.expect_help();
        if is_needed {
            self.spawn("a puller", Arc::clone(self).help());
        }
        is_needed
    }

    /// Works like a puller until nothing is left.
    async fn help(self: Arc<Self>) {
        self.pullers.help_began();
        if let Some(crew) = self.pullers.crew() {
            self.drain(crew, crew.helper()).await;
        }
    }

    /// Executes attempts until no more wait.
    async fn drain(self: &Arc<Self>, crew: &Crew, puller: &Puller) {
        let mut since = self.clock.now();
        puller.mark_seen(since);
        if self.pass_on(since) {
            // It was woken for what a stuck puller had collected.
            crew.give_way().await;
        }
        // One attempt ends when the next one begins: the time is read once.
        let mut now = Some(since);
        while let Some(attempt) = self.pullers.next() {
            let begins_at = now.unwrap_or_else(|| self.clock.now());
            puller.mark_seen(begins_at);
            now = self.execute(attempt, begins_at, puller.begun());
            let is_long = now.unwrap_or(begins_at) - since > LONG;
            // Functions that never wait would block the worker for good.
            if is_long || crew.is_eager() || !has_budget_remaining() {
                self.telemetry.meter.begun(puller.begun());
                since = self.clock.now();
                puller.mark_seen(since);
                self.pass_on(since);
                crew.give_way().await;
                since = self.clock.now();
                now = Some(since);
            }
        }
        self.telemetry.meter.begun(puller.begun());
        self.pass_on(now.unwrap_or(since));
    }

    /// Spawns and wakes what attempts left behind; returns whether there was any.
    fn pass_on(self: &Arc<Self>, now: DateTime<Utc>) -> bool {
        let unspawned = self.pullers.unspawned();
        let is_any = !unspawned.is_empty();
        for task in unspawned {
            self.spawn_deferred(task);
        }
        self.outcomes.announce(now) || is_any
    }

    pub(super) fn spawn_deferred(self: &Arc<Self>, left: Unspawned) {
        if let Some(run) = left.run {
            self.telemetry.events.tell(|| Event::RunStarted(run));
        }
        self.spawn("an attempt's task", left.task);
    }
}

//! A scheduler that is killed again and again loses nothing that it
//! acknowledged, and repeats only what was running.
//!
//! `KILLED_SEED=7 cargo test … --test killed` does the same again, as far as a
//! real clock lets it.

#![cfg(unix)]

mod acknowledged;
mod child;
mod fires;
mod found;
mod power;
mod prefixes;

use std::time::Duration;

use chrono::{DateTime, Utc};
use fastscheduler_tests::diary::Line;
use fastscheduler_tests::random::Random;

use self::acknowledged::Acknowledged;
use self::child::{Home, pass};
use self::fires::{Fires, Unsynced};
use self::found::{Copied, Found, audit};
use self::power::Cuts;

const KILLS: u64 = 100;

/// How long a process lives at most, from its start or from when it runs jobs,
/// in milliseconds.
const LIFE: u64 = 400;

/// How long the last process may take for what was due when it started.
const LAST_LIFE: Duration = Duration::from_secs(2);

fn seed() -> u64 {
    let given = std::env::var("KILLED_SEED").ok().and_then(|seed| seed.parse().ok());
    given.unwrap_or_else(|| u64::from(std::process::id()))
}

/// All that is known of the processes in a folder.
struct Story {
    seed: u64,
    random: Random,
    home: Home,
    acknowledged: Acknowledged,
    fires: Fires,
}

impl Story {
    fn begin() -> Self {
        let seed = seed();
        Self {
            seed,
            random: Random(seed),
            home: Home::new(seed),
            acknowledged: Acknowledged::default(),
            fires: Fires::default(),
        }
    }

    /// Lets a process live for a while, and kills it.
    fn live_and_die(&mut self) {
        let mut life = self.home.start("large");
        // Some are killed while they load what the one before them has left.
        if self.random.below(4) > 0 {
            life.until(|line| matches!(line, Line::Started(_)));
        }
        if life.home().has_long_journals() {
            // All lives of late were killed before they had folded them. The
            // more there is to load, the less the next one would get done.
            life.until_so(|home| !home.has_long_journals());
        }
        pass(Duration::from_millis(self.random.below(LIFE)));
        life.kill();
    }

    /// Compares what the last process wrote down with what it left behind.
    fn check(&mut self, when: &str, unsynced: Unsynced, until: Option<DateTime<Utc>>) {
        const SHOWN: usize = 30;
        let lines = self.home.next_lines();
        let copied = Copied::open(self.home.path());
        let found = Found::of(&copied.store);
        let mut wrong = self.acknowledged.check(&lines, &found);
        wrong.extend(self.fires.check(&lines, &found, unsynced));
        wrong.extend(audit(&copied.store, until).problems.iter().map(ToString::to_string));
        let (seed, count) = (self.seed, wrong.len());
        wrong.truncate(SHOWN);
        assert!(count == 0, "KILLED_SEED={seed}, {when}, {count} things:\n- {}", wrong.join("\n- "));
    }

    /// After all that, one more process does its work and stops in good order.
    fn end_well(&mut self, unsynced: Unsynced) {
        let mut life = self.home.start("large");
        let started_at = life.until(|line| matches!(line, Line::Started(_)));
        pass(LAST_LIFE);
        life.stop();
        let Line::Started(at) = started_at else { unreachable!("it was waited for") };
        self.check("after the stop", unsynced, Some(at));
    }
}

#[test]
fn a_scheduler_killed_a_hundred_times_loses_nothing_and_repeats_only_what_ran() {
    let mut story = Story::begin();
    for kill in 1..=KILLS {
        story.live_and_die();
        story.check(&format!("after kill {kill}"), Unsynced::Stays, None);
    }
    story.end_well(Unsynced::Stays);
    assert_eq!(story.fires.counts.forgotten, 0);
    println!("killed: seed {}, {:?}, {:?}", story.seed, story.acknowledged.counts(), story.fires.counts);
}

#[test]
fn a_hundred_power_failures_lose_nothing_that_was_acknowledged() {
    let mut story = Story::begin();
    let mut cuts = Cuts::default();
    for kill in 1..=KILLS {
        story.live_and_die();
        cuts.cut(story.home.path(), &mut story.random);
        story.check(&format!("after power failure {kill}, {cuts:?}"), Unsynced::IsLost, None);
    }
    story.end_well(Unsynced::IsLost);
    println!("cut: seed {}, {:?}, {:?}", story.seed, story.acknowledged.counts(), story.fires.counts);
    println!("cut: {cuts:?}");
}

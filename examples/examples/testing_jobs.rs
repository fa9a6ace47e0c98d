//! How to test jobs: when they run, how often, and what comes of it.
//!
//! `cargo test -p fastscheduler-examples --example testing_jobs` runs the tests
//! below, which let weeks pass in milliseconds.
//!
//! `cargo run -p fastscheduler-examples --example testing_jobs` is a rehearsal:
//! it shows what these jobs will do in the week in which clocks go forward.

#![expect(clippy::print_stdout, reason = "an example prints")]
#![expect(clippy::unused_async, reason = "a job as short as these waits for nothing")]

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use fastscheduler::prelude::*;
use fastscheduler::testing::{self, TestScheduler};

const DAY: Duration = Duration::from_hours(24);

/// The post office of the program; a test reads what was sent.
#[derive(Clone, Default)]
struct Post(Arc<Mutex<Vec<String>>>);

impl Post {
    fn send(&self, letter: impl Into<String>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(letter.into());
    }

    fn sent(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// In the night: on the day on which clocks go forward there is no half past two.
#[daily(at = "02:30", tz = "Europe/Berlin")]
async fn back_up() {}

#[weekly(weekdays, at = "09:00", tz = "Europe/Berlin")]
async fn remind(context: JobContext, post: State<Post>) {
    post.send(format!("reminder of {}", context.scheduled_for().format("%A")));
}

/// The bank never answers the first time.
#[monthly(last, at = "18:00", tz = "Europe/Berlin", retries = 2)]
async fn pay(context: JobContext, post: State<Post>) -> Result<()> {
    anyhow::ensure!(context.attempt() > 1, "the bank does not answer");
    post.send("payment");
    Ok(())
}

/// The program's scheduler, on a clock that stands at a Thursday in March.
async fn week_in_march(post: &Post) -> Result<TestScheduler> {
    let post = post.clone();
    let test = testing::scheduler()
        .starting_at("2026-03-26T00:00:00+01:00")
        .configure(|builder| builder.timezone("Europe/Berlin").state(post))
        .start()
        .await?;
    Ok(test)
}

#[tokio::main]
async fn main() -> Result<()> {
    let post = Post::default();
    let test = week_in_march(&post).await?;
    test.advance(7 * DAY).await?;
    print!("{}", test.runs().await?);
    println!("sent: {}", post.sent().join(", "));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A job's function is a function.
    #[tokio::test]
    async fn a_back_up_ends() {
        back_up().await;
    }

    #[tokio::test]
    async fn a_back_up_is_made_each_night_also_when_clocks_change() -> Result<()> {
        let test = week_in_march(&Post::default()).await?;
        test.advance(4 * DAY).await?;
        assert_eq!(
            test.ran("back_up").await?.times(),
            ["2026-03-26 02:30:00", "2026-03-27 02:30:00", "2026-03-28 02:30:00", "2026-03-29 03:00:00"]
        );
        Ok(())
    }

    #[tokio::test]
    async fn nobody_is_reminded_at_the_weekend() -> Result<()> {
        let post = Post::default();
        let test = week_in_march(&post).await?;
        test.advance_to("2026-03-30T12:00:00+02:00").await?;
        assert_eq!(post.sent(), ["reminder of Thursday", "reminder of Friday", "reminder of Monday"]);
        Ok(())
    }

    #[tokio::test]
    async fn a_bank_that_does_not_answer_is_asked_again() -> Result<()> {
        // Only this job; the others wait.
        let post = Post::default();
        let state = post.clone();
        let test =
            testing::scheduler().only(["pay"]).configure(|builder| builder.state(state)).start().await?;
        test.advance_to("2026-02-01T00:00:00Z").await?;
        let attempts = test.runs().await?;
        assert_eq!((attempts.failed().len(), attempts.completed().len()), (1, 1));
        assert_eq!(post.sent(), ["payment"]);
        Ok(())
    }

    #[tokio::test]
    async fn what_is_missed_while_the_program_is_down_is_made_up_for_once() -> Result<()> {
        let mut test = week_in_march(&Post::default()).await?;
        test.stop().await?;
        test.clock().advance(3 * DAY);
        test.restart().await?;
        assert_eq!(test.ran("back_up").await?.times(), ["2026-03-28 02:30:00"]);
        assert_eq!(test.runs().await?.skipped().len(), 2);
        // Each of the nights is accounted for, by a run or by a record.
        test.audit().await?.assert_clean();
        Ok(())
    }

    #[tokio::test]
    async fn a_job_that_is_paused_does_not_run() -> Result<()> {
        let test = week_in_march(&Post::default()).await?;
        let jobs = test.jobs().await?;
        let reminder = jobs.iter().find(|job| job.name() == "remind").expect("it is declared");
        test.pause_job(reminder.id()).await?;
        test.advance(4 * DAY).await?;
        assert!(test.ran("remind").await?.is_empty());
        Ok(())
    }
}

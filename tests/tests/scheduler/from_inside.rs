//! Jobs that add, cancel, update and pause jobs, themselves among them.

use std::sync::Arc;
use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::storage::MemoryStorage;
use fastscheduler::testing::{self};
use fastscheduler::{JobUpdate, Overlap, Run, RunStatus};
use fastscheduler_tests::fires::{Fate, fires, second};
use fastscheduler_tests::{advance, outline, runs, started};
use tokio::sync::Notify;

const DONE: Fate = Fate::Completed;

#[tokio::test]
async fn a_thousand_jobs_added_from_inside_jobs_all_run() {
    let (scheduler, clock) = started().await;
    for parent in 0..10 {
        let inner = scheduler.clone();
        let adds = move || {
            let scheduler = inner.clone();
            async move {
                for child in 0..100 {
                    scheduler.add(once(1).run(format!("{parent}-{child}"), || async {})).await?;
                    tokio::task::yield_now().await;
                }
                Ok(())
            }
        };
        scheduler.add(once(1).run(format!("parent {parent}"), adds)).await.unwrap();
    }
    advance(&scheduler, &clock, 10).await;
    let totals = scheduler.statistics().await.unwrap();
    assert_eq!((totals.total_runs, totals.total_failures, totals.active_jobs), (1_010, 0, 0));
}

/// Makes a job for an hour later, on a thread that may block.
#[job]
fn plans_from_a_thread(context: JobContext) -> anyhow::Result<String> {
    let scheduler = context.scheduler();
    let adding = scheduler.add(once("1h").name("planned").call("does_nothing"));
    Ok(tokio::runtime::Handle::current().block_on(adding)?.to_string())
}

#[job]
async fn does_nothing() {}

#[tokio::test]
async fn a_job_reaches_its_scheduler_through_its_context() {
    let (scheduler, clock) = started().await;
    let plans = |context: JobContext| async move {
        let scheduler = context.scheduler();
        let id = scheduler.add(once("1h").name("planned").call("does_nothing")).await?;
        assert!(scheduler.job(context.job_id()).await?.is_some(), "it is the one that runs this");
        Ok(id.to_string())
    };
    scheduler.add(once(1).run("plans", plans)).await.unwrap();
    scheduler.add(once(2).call("plans_from_a_thread")).await.unwrap();
    advance(&scheduler, &clock, 3).await;
    let results: Vec<_> = runs(&scheduler).await.into_iter().map(|run| run.result).collect();
    assert_eq!(results, ["\"job_2\"", "\"job_3\""].map(|id| Some(id.into())));
    advance(&scheduler, &clock, 3_600).await;
    let planned = runs(&scheduler).await.into_iter().filter(|run| run.job_name == "planned");
    assert_eq!(planned.map(|run| run.status).collect::<Vec<_>>(), [RunStatus::Completed; 2]);
}

#[tokio::test]
async fn a_job_reaches_its_scheduler_when_it_is_stopped_and_all_handles_are_dropped() {
    let scheduler = Scheduler::builder().storage(MemoryStorage::default()).build().await.unwrap();
    let (tell, mut told) = tokio::sync::mpsc::unbounded_channel();
    let go_on = Arc::new(Notify::new());
    let waiting = Arc::clone(&go_on);
    let outlives = move |context: JobContext| {
        let (tell, go_on) = (tell.clone(), Arc::clone(&waiting));
        async move {
            tell.send(None)?;
            context.scheduler().stopping().await;
            tell.send(None)?;
            go_on.notified().await;
            tell.send(Some(context.scheduler().zone()))?;
            Ok(())
        }
    };
    scheduler.add(once(0.001).run("outlives", outlives)).await.unwrap();
    scheduler.start().await.unwrap();
    let zone = scheduler.zone();
    told.recv().await.unwrap();
    let stopping = tokio::spawn(async move { scheduler.stop().await });
    told.recv().await.unwrap();
    // Nobody waits for the stop any more.
    stopping.abort();
    assert!(stopping.await.unwrap_err().is_cancelled());
    go_on.notify_one();
    assert_eq!(told.recv().await.unwrap(), Some(zone));
}

#[tokio::test]
async fn a_job_that_adds_the_next_one_of_a_chain_goes_on() {
    fn link(scheduler: Scheduler, left: u32) -> fastscheduler::NewJob {
        let next = move || {
            let scheduler = scheduler.clone();
            async move {
                if left > 0 {
                    let job = link(scheduler.clone(), left - 1);
                    scheduler.add(job).await?;
                }
                Ok(())
            }
        };
        once(1).run(format!("link {left}"), next).into()
    }
    let (scheduler, clock) = started().await;
    scheduler.add(link(scheduler.clone(), 49)).await.unwrap();
    advance(&scheduler, &clock, 50).await;
    assert_eq!(scheduler.statistics().await.unwrap().total_runs, 50);
}

#[tokio::test]
async fn a_job_that_cancels_itself_ends_its_run_and_is_gone() {
    for overlap in [Overlap::Skip, Overlap::Queue, Overlap::Allow, Overlap::Cancel] {
        let (scheduler, clock) = started().await;
        let inner = scheduler.clone();
        let cancels = move |context: JobContext| {
            let scheduler = inner.clone();
            async move { Ok(scheduler.cancel_job(context.job_id()).await?) }
        };
        let id = scheduler.add(every(10).seconds().overlap(overlap).run("once only", cancels)).await.unwrap();
        advance(&scheduler, &clock, 60).await;
        assert_eq!(scheduler.job(&id).await.unwrap(), None, "{overlap:?}");
        let ran: Vec<_> = runs(&scheduler).await.into_iter().filter(|run| run.skipped.is_none()).collect();
        assert_eq!((ran.len(), ran[0].status), (1, RunStatus::Completed), "{overlap:?}: {:?}", ran[0].error);
        assert!(scheduler.dead_letters(1).await.unwrap().is_empty());
    }
}

#[tokio::test]
async fn a_job_that_goes_on_after_it_cancelled_itself_is_cut_short() {
    let (scheduler, clock) = started().await;
    let inner = scheduler.clone();
    let cancels = move |context: JobContext| {
        let scheduler = inner.clone();
        async move {
            scheduler.cancel_job(context.job_id()).await?;
            std::future::pending::<()>().await;
            Ok(())
        }
    };
    scheduler.add(every(10).seconds().run("endless", cancels)).await.unwrap();
    advance(&scheduler, &clock, 60).await;
    let ran: Vec<_> = runs(&scheduler).await.into_iter().filter(|run| run.skipped.is_none()).collect();
    assert_eq!((ran.len(), ran[0].error.as_deref()), (1, Some("cancelled: the job was cancelled")));
}

#[tokio::test]
async fn a_job_that_pauses_itself_runs_again_after_resume() {
    let (scheduler, clock) = started().await;
    let inner = scheduler.clone();
    let pauses = move |context: JobContext| {
        let scheduler = inner.clone();
        async move { Ok(scheduler.pause_job(context.job_id()).await?) }
    };
    let id = scheduler.add(every(10).seconds().run("shy", pauses)).await.unwrap();
    advance(&scheduler, &clock, 35).await;
    assert!(scheduler.job(&id).await.unwrap().unwrap().is_paused());
    scheduler.resume_job(&id).await.unwrap();
    advance(&scheduler, &clock, 5).await;
    let skipped = Fate::Skipped("paused");
    assert_eq!(fires(&scheduler, id, 10).await, [(10, DONE), (20, skipped), (30, skipped), (40, DONE)]);
}

#[tokio::test]
async fn a_job_that_pauses_itself_and_fails_is_retried_after_resume() {
    let (scheduler, clock) = started().await;
    let inner = scheduler.clone();
    let pauses = move |context: JobContext| {
        let scheduler = inner.clone();
        async move {
            if context.attempt() == 1 {
                scheduler.pause_job(context.job_id()).await?;
                anyhow::bail!("not now");
            }
            Ok(())
        }
    };
    let id = scheduler.add(once(10).run("shy", pauses)).await.unwrap();
    advance(&scheduler, &clock, 60).await;
    assert_eq!(outline(&scheduler).await, [(RunStatus::Failed, 10)]);
    scheduler.resume_job(&id).await.unwrap();
    testing::quiet(&scheduler).await.unwrap();
    assert_eq!(outline(&scheduler).await, [(RunStatus::Failed, 10), (RunStatus::Completed, 10)]);
    assert_eq!(scheduler.job(&id).await.unwrap(), None);
}

#[tokio::test]
async fn a_job_that_updates_its_own_schedule_goes_on_by_it() {
    for overlap in [Overlap::Skip, Overlap::Queue, Overlap::Allow, Overlap::Cancel] {
        let (scheduler, clock) = started().await;
        let inner = scheduler.clone();
        let slows_down = move |context: JobContext| {
            let scheduler = inner.clone();
            async move {
                let job = scheduler.job(context.job_id()).await?.unwrap();
                let seconds = 10 * (job.run_count() + 2);
                let update = JobUpdate::new().schedule(every(seconds).seconds());
                Ok(scheduler.update_job(job.id(), update).await?)
            }
        };
        scheduler.add(every(10).seconds().overlap(overlap).run("slower", slows_down)).await.unwrap();
        advance(&scheduler, &clock, 100).await;
        let ran: Vec<_> = runs(&scheduler).await.into_iter().filter(|run| run.skipped.is_none()).collect();
        let at: Vec<_> = ran.iter().map(Run::scheduled_for).collect();
        assert_eq!(at, [10, 30, 60, 100].map(second), "{overlap:?}");
        assert!(ran.iter().all(|run| run.status == RunStatus::Completed), "{overlap:?}");
    }
}

#[tokio::test]
async fn a_one_time_job_that_gives_itself_a_new_time_stays() {
    let (scheduler, clock) = started().await;
    let inner = scheduler.clone();
    let again = move |context: JobContext| {
        let scheduler = inner.clone();
        async move {
            if scheduler.job(context.job_id()).await?.unwrap().run_count() < 2 {
                scheduler.update_job(context.job_id(), JobUpdate::new().schedule(once(10))).await?;
            }
            Ok(())
        }
    };
    let id = scheduler.add(once(5).run("again", again)).await.unwrap();
    advance(&scheduler, &clock, 100).await;
    let ran = [5, 15, 25].map(|at| (RunStatus::Completed, at));
    assert_eq!(outline(&scheduler).await, ran);
    assert_eq!(scheduler.job(&id).await.unwrap(), None);
}

#[tokio::test]
async fn a_job_that_asks_for_a_run_of_itself_is_refused_unless_it_allows_overlap() {
    for (overlap, expected) in [(Overlap::Skip, 1), (Overlap::Allow, 3)] {
        let (scheduler, clock) = started().await;
        let inner = scheduler.clone();
        let asks = move |context: JobContext| {
            let scheduler = inner.clone();
            async move {
                if scheduler.job(context.job_id()).await?.unwrap().run_count() < 2 {
                    scheduler.run_job_now(context.job_id()).await?;
                }
                Ok(())
            }
        };
        let job = once(10).retries(0).overlap(overlap).run("more", asks);
        scheduler.add(job).await.unwrap();
        advance(&scheduler, &clock, 60).await;
        assert_eq!(runs(&scheduler).await.len(), expected, "{overlap:?}");
    }
}

#[tokio::test]
async fn jobs_that_cancel_each_other_leave_one() {
    let (scheduler, clock) = started().await;
    for (name, other) in [("cain", "abel"), ("abel", "cain")] {
        let inner = scheduler.clone();
        let cancels = move || {
            let scheduler = inner.clone();
            async move { Ok(scheduler.cancel_job_by_name(other).await?) }
        };
        scheduler.add(every(10).seconds().run(name, cancels)).await.unwrap();
    }
    advance(&scheduler, &clock, 30).await;
    let names: Vec<_> = scheduler.jobs().await.unwrap().iter().map(|job| job.name().to_owned()).collect();
    assert_eq!(names, ["cain"]);
    let results: Vec<_> = runs(&scheduler).await.iter().filter_map(|run| run.result.clone()).collect();
    assert_eq!(results.iter().map(|text| &**text).collect::<Vec<_>>(), ["1", "0", "0"]);
}

#[tokio::test]
async fn a_job_that_stops_the_scheduler_ends_in_good_order() {
    let (scheduler, clock) = started().await;
    let inner = scheduler.clone();
    let stops = move || {
        let scheduler = inner.clone();
        async move {
            tokio::spawn(async move { scheduler.stop().await });
            Ok(())
        }
    };
    scheduler.add(once(1).run("stops", stops)).await.unwrap();
    clock.advance(Duration::from_secs(1));
    while scheduler.is_running() {
        tokio::task::yield_now().await;
    }
    scheduler.stop().await.unwrap();
    assert_eq!(outline(&scheduler).await, [(RunStatus::Completed, 1)]);
}

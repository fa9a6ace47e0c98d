//! What is there again in a state file after a stop, a kill, or a program that
//! just ended; with journals that are folded and such as are not.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::{CatchUp, JobStatus, ProblemCode, RunStatus};
use fastscheduler_tests::fires::{Fate, second};
use fastscheduler_tests::life::{End, Life, WAYS};
use fastscheduler_tests::state_folder::StateFolder;
use fastscheduler_tests::{Act, Begun, Script};
use serde_json::json;

const CATCH_UP: Fate = Fate::Skipped("catch_up");
const DONE: Fate = Fate::Completed;

#[job]
async fn work(script: State<Script>, context: JobContext, _args: Args) -> anyhow::Result<()> {
    script.0.act(context).await
}

#[every(10, minutes)]
async fn declared() {}

#[every(20, minutes)]
async fn unwanted() {}

#[at("2026-11-23 00:00:05")]
async fn dated() {}

#[test]
fn all_that_was_stored_is_there_again() {
    for way in WAYS {
        let script = Script::default();
        let life = Life::begin(StateFolder::new(), &script, 0, way);
        let mail = every(10).seconds().name("mail").group("letters").timeout(Duration::from_secs(5));
        let mail = life.add(mail.call("work").args(json!([1.5, "Grüße", {"deep": [null]}])));
        let failing = life.add(every(15).seconds().retries(1).name("failing").call("work"));
        script.job_always(failing, Act::Fail);
        let newest = life.add(every(1).hours().call("work"));
        life.advance(31);
        life.run(life.scheduler.pause_job(mail)).unwrap();
        life.run(life.scheduler.cancel_job(newest)).unwrap();
        assert_eq!(life.run(life.scheduler.cancel_job_by_name("unwanted")).unwrap(), 1);
        let before = life.everything();
        assert!(before.letters.len() == 1 && before.stored.tombstones.len() == 2, "{way:?}");
        let ids = |life: &Life| {
            let jobs = life.run(life.scheduler.jobs()).unwrap();
            jobs.iter().map(|job| (job.id(), job.name().to_owned())).collect::<Vec<_>>()
        };
        let jobs = ids(&life);

        let life = Life::begin(life.end(), &script, 31, way);
        // Nothing was due meanwhile, so that nothing was changed.
        let after = life.everything();
        assert!(after == before, "{way:?}: {after:#?} should be {before:#?}");
        // What is declared is known again, and what was cancelled stays so.
        assert_eq!(ids(&life), jobs, "{way:?}");
        assert_eq!((life.job(mail).status(), life.job(mail).run_count()), (JobStatus::Paused, 3));
        let next = life.add(every(1).hours().call("work"));
        assert_eq!(next.number(), newest.number() + 1, "{way:?}: an id is never used again");
        life.run(life.scheduler.resume_job(mail)).unwrap();
        life.advance(29);
        assert_eq!(life.job(mail).run_count(), 6, "{way:?}");
        life.audit(0);
    }
}

#[test]
fn an_id_is_not_used_again_after_the_newest_job_was_cancelled() {
    for way in WAYS {
        let script = Script::default();
        let mut folder = StateFolder::new();
        let mut numbers = Vec::new();
        for _ in 0..3 {
            let life = Life::begin(folder, &script, 0, way);
            let id = life.add(every(1).hours().call("work"));
            life.run(life.scheduler.cancel_job(id)).unwrap();
            numbers.push(id.number());
            folder = life.end();
        }
        assert!(numbers.is_sorted_by(|earlier, later| earlier < later), "{way:?}: {numbers:?}");
    }
}

#[test]
fn missed_fires_are_caught_up_with_as_the_job_says() {
    let cases = [
        (CatchUp::Once, [DONE, CATCH_UP, CATCH_UP, DONE, DONE]),
        (CatchUp::All, [DONE, DONE, DONE, DONE, DONE]),
        (CatchUp::None, [DONE, CATCH_UP, CATCH_UP, CATCH_UP, DONE]),
    ];
    for way in WAYS {
        for (catch_up, fates) in cases {
            let script = Script::default();
            let life = Life::begin(StateFolder::new(), &script, 0, way);
            let id = life.add(every(10).seconds().catch_up(catch_up).call("work"));
            life.advance(15);
            let life = Life::begin(life.end(), &script, 45, way);
            life.advance(5);
            let expected: Vec<_> = [10, 20, 30, 40, 50].into_iter().zip(fates).collect();
            assert_eq!(life.fires(id, 10), expected, "{way:?} {catch_up:?}");
            life.audit(0);
        }
    }
}

#[test]
fn a_fire_that_was_interrupted_runs_again() {
    for way in WAYS {
        let script = Script::default();
        let life = Life::begin(StateFolder::new(), &script, 0, way);
        let id = life.add(every(10).seconds().retries(0).call("work"));
        script.will(&[Act::Hang]);
        life.jump(10, &script, 1);
        let life = Life::begin(life.end(), &script, 15, way);
        life.advance(0);
        let attempts: Vec<_> = script.begun().iter().map(Begun::run_id).collect();
        assert_eq!(attempts.len(), 2, "{way:?}");
        assert_eq!(attempts[1].scheduled_for, second(10));
        // A stop puts it back; a crash counts.
        assert_eq!(attempts[1].attempt, if way.0 == End::Stopped { 1 } else { 2 }, "{way:?}");
        assert_eq!(life.fires(id, 10), [(10, DONE)], "{way:?}");
        life.audit(1);
    }
}

#[test]
fn a_fire_that_crashed_its_process_three_times_is_a_dead_letter() {
    for way in WAYS.into_iter().filter(|(end, _)| *end != End::Stopped) {
        let script = Script::default();
        script.always(Act::Hang);
        let life = Life::begin(StateFolder::new(), &script, 0, way);
        life.add(once(10).retries(9).call("work").args(["a", "b"]));
        let mut folder = life.end();
        for crash in 1..=3 {
            let life = Life::begin(folder, &script, 10 + crash, way);
            life.run(script.has_begun(usize::try_from(crash).unwrap()));
            folder = life.end();
        }
        let life = Life::begin(folder, &script, 20, way);
        life.advance(0);
        assert_eq!(script.count(), 3, "{way:?}");
        let life = Life::begin(life.end(), &script, 21, way);
        let letters = life.everything().letters;
        assert_eq!((letters.len(), letters[0].run.run_id.attempt), (1, 3), "{way:?}");
        assert_eq!(
            letters[0].run.error.as_deref(),
            Some("its process ended before it did, for the 3rd time")
        );
        assert_eq!(letters[0].definition.args, ["a", "b"]);
        life.audit(3);
    }
}

#[test]
fn a_retry_that_waits_and_a_run_that_was_asked_for_are_there_at_their_time() {
    for way in WAYS {
        let script = Script::default();
        let life = Life::begin(StateFolder::new(), &script, 0, way);
        let retried = life.add(every(1).hours().call("work"));
        let asked = life.add(every(1).days().call("work"));
        script.job_always(retried, Act::Fail);
        script.job_always(asked, Act::Hang);
        life.advance(3_600);
        life.run(life.scheduler.run_job_now(asked)).unwrap();
        life.run(script.has_begun(2));
        let folder = life.end();

        script.job_always(retried, Act::Succeed);
        script.job_always(asked, Act::Succeed);
        let life = Life::begin(folder, &script, 3_601, way);
        life.advance(0);
        assert_eq!((script.count(), life.job(asked).run_count() > 0), (3, true), "{way:?}");
        life.advance(1);
        assert_eq!(script.count(), 4, "{way:?}");
        let fates: Vec<_> = life.everything().history.iter().map(|run| (run.job_id(), run.status)).collect();
        assert!(fates.contains(&(retried, RunStatus::Completed)), "{way:?}: {fates:?}");
        life.audit(1);
    }
}

#[test]
fn changes_beside_many_foldings_are_all_there() {
    for end in [End::Stopped, End::Dropped] {
        let script = Script::default();
        let life = Life::begin(StateFolder::new(), &script, 0, (end, 1));
        for round in 0..60 {
            let id = life.add(every(10).seconds().name(format!("round {round}")).call("work"));
            if round % 3 == 0 {
                life.run(life.scheduler.pause_job(id)).unwrap();
            }
            if round % 5 == 0 {
                life.run(life.scheduler.cancel_job(id)).unwrap();
            }
            life.advance(1);
        }
        let before = life.everything();
        let life = Life::begin(life.end(), &script, 60, (end, 1));
        assert!(life.everything() == before, "{end:?}");
        life.advance(10);
        life.audit(0);
    }
}

#[test]
fn a_clock_that_was_ahead_in_one_life_is_set_back_in_the_next() {
    for way in WAYS {
        let script = Script::default();
        let life = Life::begin(StateFolder::new(), &script, 3_600, way);
        let often = life.add(every(10).seconds().call("work"));
        life.advance(35);

        let life = Life::begin(life.end(), &script, 100, way);
        let problems = life.run(life.scheduler.problems()).unwrap();
        assert_eq!(
            problems.iter().map(|problem| problem.code).collect::<Vec<_>>(),
            [ProblemCode::ClockSetBack]
        );
        life.advance(30);
        let done = |seconds: &[i64]| seconds.iter().map(|at| (*at, DONE)).collect::<Vec<_>>();
        let ran = |life: &Life| {
            let fires = life.fires(often, 10).into_iter();
            fires.filter(|(_, fate)| *fate == DONE).collect::<Vec<_>>()
        };
        let twice = [100, 110, 120, 130, 3_610, 3_620, 3_630];
        assert_eq!(ran(&life), done(&twice), "{way:?}");
        life.audit(0);

        // What ran an hour too early does not run again when its time comes.
        let life = Life::begin(life.end(), &script, 3_605, way);
        life.advance(40);
        let caught_up = 3_600;
        let all = [&[100, 110, 120, 130, caught_up], &[3_610, 3_620, 3_630, 3_640][..]].concat();
        assert_eq!(ran(&life), done(&all), "{way:?}");
        life.audit(0);
    }
}

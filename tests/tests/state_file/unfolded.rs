//! A journal that cannot be folded into its state file.

use std::fs;
use std::sync::Arc;

use fastscheduler::prelude::*;
use fastscheduler::storage::JsonStorage;
use fastscheduler::{Event, Problem, ProblemCode};
use fastscheduler_tests::state_folder::{STATE, StateFolder};

/// The next problem that begins or ends.
async fn next(events: &mut fastscheduler::Events) -> (&'static str, Arc<Problem>) {
    loop {
        match events.next().await.expect("it runs") {
            Event::ProblemBegan(problem) => return ("began", problem),
            Event::ProblemEnded(problem) => return ("ended", problem),
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_journal_that_cannot_be_folded_is_a_problem_until_it_is() {
    let folder = StateFolder::new();
    let store = JsonStorage::open(folder.state_file()).unwrap().fold_at(1);
    let scheduler = Scheduler::builder().storage(store).build().await.unwrap();
    let mut events = scheduler.subscribe();
    scheduler.start().await.unwrap();
    // The snapshot is written beside the state file, under this name.
    let in_the_way = folder.file(&format!("{STATE}.tmp"));
    fs::create_dir(&in_the_way).unwrap();
    let id = scheduler.add(every("5ms").run("tick", || async {})).await.unwrap();
    let (turn, problem) = next(&mut events).await;
    assert_eq!((turn, problem.code, problem.job), ("began", ProblemCode::StoreDegraded, None));
    let text = problem.to_string();
    assert!(text.starts_with("the store keeps all changes, but not as it should: "), "{text}");
    assert!(text.contains(&*in_the_way.to_string_lossy()), "{text}");
    assert_eq!(scheduler.problems().await.unwrap(), [(*problem).clone()]);
    // Changes are kept, and safe, meanwhile.
    scheduler.check_storage().await.unwrap();
    scheduler.pause_job(id).await.unwrap();
    scheduler.resume_job(id).await.unwrap();
    fs::remove_dir(&in_the_way).unwrap();
    let (turn, ended) = next(&mut events).await;
    assert_eq!((turn, ended), ("ended", problem));
    assert_eq!(scheduler.problems().await.unwrap(), []);
    scheduler.stop().await.unwrap();
}

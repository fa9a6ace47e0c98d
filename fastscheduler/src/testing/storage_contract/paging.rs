//! Questions about runs and dead letters: by any of their fields, and page after page.

use std::sync::Arc;

use super::probe::Probe;
use super::sample::{self, Fire, add, at, skip};
use crate::job::{DeadLetter, FunctionKey, Job, JobDefinition, Run, RunId, RunStatus, SkipReason, Trigger};
use crate::storage::{Change, DeadLetterGroup, DeadLetterQuery, EndedAttempt, HistoryQuery, Limits, Storage};

fn ids<'a>(runs: impl IntoIterator<Item = &'a Run>) -> Vec<RunId> {
    runs.into_iter().map(|run| run.run_id).collect()
}

fn job(number: u64, name: &str, group: &str) -> Job {
    let function = FunctionKey::new("app::Mail", "send");
    let definition =
        JobDefinition { name: name.into(), group: group.into(), function, ..sample::definition() };
    sample::job_of(number, definition)
}

/// A fire that fails for good with this error.
fn failed(job: &Job, number: i64, error: &str) -> [Change; 2] {
    let fire = Fire::of(job, number * sample::INTERVAL);
    let run = Run { error: Some(error.to_owned()), ..fire.run(RunStatus::Failed) };
    let letter = DeadLetter { run: run.clone(), ..fire.letter() };
    let ended = EndedAttempt {
        run: Arc::new(run),
        dead_letter: Some(Box::new(letter)),
        ..fire.ended(RunStatus::Failed)
    };
    [fire.claim(), Change::EndAttempt(ended)]
}

fn completed(job: &Job, number: i64) -> [Change; 2] {
    let fire = Fire::of(job, number * sample::INTERVAL);
    [fire.claim(), fire.completed()]
}

pub async fn runs_are_found_by_a_text_and_by_any_of_several_words<S: Storage>(make: impl AsyncFn() -> S) {
    let jobs = [job(1, "Digest", "Office"), job(2, "ÄRGER", "night"), job(3, "backup", "night")];
    let mut changes: Vec<Change> = jobs.iter().map(add).collect();
    for (number, job) in (1..).zip(&jobs) {
        changes.extend(completed(job, 1));
        changes.extend(failed(job, 2, &format!("no Paper in tray {number}, 100%")));
        changes.push(skip(job, SkipReason::Overlap, 30, 40));
        changes.push(skip(job, SkipReason::Paused, 50, 60));
    }
    let asked_for = Fire::of(&jobs[0], 5).triggered(Trigger::Manual);
    changes.extend([asked_for.open(), asked_for.claim(), asked_for.completed()]);
    let store = Probe::with(make, &changes).await;
    let all = store.runs().await;

    let texts = [
        (None, 13),
        (Some("DIG"), 5),
        (Some("ärger"), 4),
        (Some("app::mail"), 13),
        (Some("send"), 13),
        (Some("office"), 5),
        (Some("NIGHT"), 8),
        (Some("paper in tray 2"), 1),
        (Some("max retries"), 3),
        (Some("100%"), 3),
        (Some("%"), 3),
        (Some("job_1"), 0),
        (Some("\0"), 0),
    ];
    for (text, count) in texts {
        let query = HistoryQuery { text: text.map(str::to_owned), ..HistoryQuery::default() };
        let found = store.history(&query).await;
        assert_eq!(found.len(), count, "{text:?}");
        let expected = ids(all.iter().filter(|run| query.matches(run)));
        assert_eq!(ids(&found), expected, "{text:?}");
    }
    let statuses: [(&[RunStatus], usize); 4] = [
        (&[], 13),
        (&[RunStatus::Failed], 3),
        (&[RunStatus::Failed, RunStatus::Completed], 7),
        (&[RunStatus::Missed, RunStatus::Missed], 6),
    ];
    let reasons: [(&[SkipReason], usize); 4] = [
        (&[], 13),
        (&[SkipReason::Paused], 3),
        (&[SkipReason::Paused, SkipReason::Overlap], 6),
        (&[SkipReason::CatchUp], 0),
    ];
    let triggers: [(&[Trigger], usize); 4] = [
        (&[], 13),
        (&[Trigger::Manual], 1),
        (&[Trigger::Manual, Trigger::Retry], 1),
        (&[Trigger::Manual, Trigger::Schedule], 13),
    ];
    for (statuses, of_statuses) in statuses {
        for (reasons, of_reasons) in reasons {
            for (triggers, of_triggers) in triggers {
                let query = HistoryQuery {
                    statuses: statuses.to_vec(),
                    reasons: reasons.to_vec(),
                    triggers: triggers.to_vec(),
                    ..HistoryQuery::default()
                };
                let found = store.history(&query).await;
                assert!(found.len() <= of_statuses.min(of_reasons).min(of_triggers), "{query:?}");
                let expected = all.iter().filter(|run| {
                    let reason = run.skipped.as_ref().map(|skipped| skipped.reason);
                    (statuses.is_empty() || statuses.contains(&run.status))
                        && (reasons.is_empty() || reason.is_some_and(|reason| reasons.contains(&reason)))
                        && (triggers.is_empty() || triggers.contains(&run.trigger()))
                });
                assert_eq!(ids(&found), ids(expected), "{query:?}");
            }
        }
    }
}

pub async fn a_page_of_runs_begins_after_a_run<S: Storage>(make: impl AsyncFn() -> S) {
    let (job, other) = (sample::job(1), sample::job(2));
    let mut changes = vec![add(&job), add(&other)];
    changes.extend((1..=6).flat_map(|number| [completed(&job, number), completed(&other, number)].concat()));
    let store = Probe::with(make, &changes).await;
    let all = ids(&store.runs().await);
    let page = async |query: HistoryQuery| ids(&store.history(&query).await);
    for (place, run) in all.iter().enumerate() {
        let after = HistoryQuery { after_run: Some(*run), limit: 4, ..HistoryQuery::default() };
        let later = &all[place + 1..];
        assert_eq!(page(after.clone()).await, later[..later.len().min(4)], "after {run}");
        let of_job: Vec<RunId> = later.iter().copied().filter(|run| run.job == job.id()).take(4).collect();
        let query = HistoryQuery { job: Some(job.id()), ..after.clone() };
        assert_eq!(page(query).await, of_job, "after {run}");
        let between = HistoryQuery { before_run: Some(all[9]), limit: 100, ..after };
        assert_eq!(page(between).await, all[..9].get(place + 1..).unwrap_or_default(), "after {run}");
    }
    let after = |run| HistoryQuery { after_run: Some(run), ..HistoryQuery::default() };
    assert_eq!(page(after(Fire::of(&job, 10).attempt(2).run_id())).await, [], "it has no record");
    let limits = Limits { max_history: 5, history_since: None, max_dead_letters: usize::MAX };
    store.prune(limits).await;
    assert_eq!(page(after(all[2])).await, [], "its record was dropped");
    assert_eq!(page(after(all[9])).await, all[10..]);
}

pub async fn page_after_page_each_run_is_seen_once_while_runs_are_added<S: Storage>(
    make: impl AsyncFn() -> S,
) {
    let job = sample::job(1);
    let store = Probe::with(make, &[add(&job)]).await;
    let mut newest = 0;
    let mut add_two = async || {
        for number in [newest + 1, newest + 2] {
            store.apply(&completed(&job, number)).await;
        }
        newest += 2;
    };
    for _ in 0..6 {
        add_two().await;
    }
    let all = ids(&store.runs().await);
    let mut seen: Vec<RunId> = Vec::new();
    loop {
        let before_run = seen.first().copied();
        let page = store.history(&HistoryQuery { before_run, limit: 5, ..HistoryQuery::default() }).await;
        if page.is_empty() {
            break;
        }
        seen.splice(0..0, ids(&page));
        add_two().await;
    }
    assert_eq!(seen, all, "towards the oldest");
    let mut seen = vec![all[0]];
    for page in 0.. {
        let after_run = seen.last().copied();
        let page_of_five = HistoryQuery { after_run, limit: 5, ..HistoryQuery::default() };
        let runs = store.history(&page_of_five).await;
        if runs.is_empty() {
            break;
        }
        seen.extend(ids(&runs));
        if page < 4 {
            add_two().await;
        }
    }
    assert_eq!(seen, ids(&store.runs().await), "towards the newest");
}

/// A store with letters of two errors, and one of a third.
async fn with_letters<S: Storage>(make: impl AsyncFn() -> S) -> (Probe<S>, Vec<DeadLetter>) {
    let jobs = [job(1, "Digest", "Office"), job(2, "backup", "night")];
    let mut changes: Vec<Change> = jobs.iter().map(add).collect();
    for number in 1..=4 {
        changes.extend(failed(&jobs[0], number, &format!("no Paper in tray {number}")));
        changes.extend(failed(&jobs[1], number, &format!("file '{number}.txt' is gone")));
    }
    changes.extend(failed(&jobs[1], 5, "no paper in tray 5"));
    let store = Probe::with(make, &changes).await;
    let letters = store.letters(usize::MAX).await;
    (store, letters)
}

pub async fn dead_letters_are_found_by_any_of_their_fields<S: Storage>(make: impl AsyncFn() -> S) {
    let (store, all) = with_letters(make).await;
    let job = Some(sample::job(2).id());
    let (text, error) = (Some("PAPER".to_owned()), Some("file '…' is gone".to_owned()));
    let group = Some("Office".to_owned());
    let none = DeadLetterQuery::default;
    let queries = [
        (none(), 9),
        (DeadLetterQuery { job, ..none() }, 5),
        (DeadLetterQuery { group, ..none() }, 4),
        (DeadLetterQuery { group: Some("office".to_owned()), ..none() }, 0),
        (DeadLetterQuery { text: text.clone(), ..none() }, 5),
        (DeadLetterQuery { error: error.clone(), ..none() }, 4),
        (DeadLetterQuery { error: Some("no paper".to_owned()), ..none() }, 0),
        (DeadLetterQuery { job, text, ..none() }, 1),
        (DeadLetterQuery { job: Some(sample::job(1).id()), error, ..none() }, 0),
    ];
    for (query, total) in queries {
        let expected: Vec<&DeadLetter> = all.iter().filter(|letter| query.matches(letter)).collect();
        assert_eq!(expected.len(), total, "{query:?}");
        let page = store.find_letters(&query).await;
        assert_eq!((page.letters.iter().collect(), page.total), (expected.clone(), total), "{query:?}");
        let (mut seen, mut before_run) = (Vec::new(), None);
        loop {
            let page = store.find_letters(&DeadLetterQuery { before_run, limit: 2, ..query.clone() }).await;
            assert_eq!(page.total, total, "{query:?}");
            let Some(last) = page.letters.last() else { break };
            before_run = Some(last.run.run_id);
            seen.extend(page.letters);
        }
        assert_eq!(seen.iter().collect::<Vec<_>>(), expected, "{query:?}");
    }
    let gone = all[3].run.run_id;
    store.apply(&[Change::TakeDeadLetter(gone)]).await;
    let page = store.find_letters(&DeadLetterQuery { before_run: Some(gone), ..none() }).await;
    assert_eq!((page.letters.len(), page.total), (0, 8), "there is no such letter any more");
}

pub async fn dead_letters_are_grouped_by_their_errors<S: Storage>(make: impl AsyncFn() -> S) {
    let (store, _) = with_letters(make).await;
    let groups = store.letter_groups(&DeadLetterQuery::default()).await;
    let shown = |group: &DeadLetterGroup| {
        (group.error.clone(), group.sample.clone(), group.count, group.first, group.last, group.jobs.len())
    };
    let expected = [
        ("no paper in tray #", "no paper in tray 5", 1, 5, 5, 1),
        ("file '…' is gone", "file '4.txt' is gone", 4, 1, 4, 1),
        ("no Paper in tray #", "no Paper in tray 4", 4, 1, 4, 1),
    ];
    let ended = |number: i64| at(number * sample::INTERVAL + 1);
    let expected = expected.map(|(error, sample, count, first, last, jobs)| {
        (error.to_owned(), sample.to_owned(), count, ended(first), ended(last), jobs)
    });
    assert_eq!(groups.iter().map(shown).collect::<Vec<_>>(), expected);
    assert_eq!((&*groups[1].jobs, groups[1].job_count), (&[sample::job(2).id()][..], 1));

    let of_group =
        DeadLetterQuery { group: Some("Office".to_owned()), limit: 1, ..DeadLetterQuery::default() };
    let groups = store.letter_groups(&of_group).await;
    assert_eq!(groups.iter().map(shown).collect::<Vec<_>>(), expected[2..]);
}

pub async fn a_group_of_dead_letters_names_twenty_of_its_jobs<S: Storage>(make: impl AsyncFn() -> S) {
    let jobs: Vec<Job> = (1..=25).map(sample::job).collect();
    let mut changes: Vec<Change> = jobs.iter().map(add).collect();
    changes.extend(jobs.iter().flat_map(|job| failed(job, 1, "boom")));
    let store = Probe::with(make, &changes).await;
    let groups = store.letter_groups(&DeadLetterQuery::default()).await;
    let newest: Vec<_> = jobs.iter().rev().take(20).map(Job::id).collect();
    assert_eq!((groups.len(), groups[0].job_count, &groups[0].jobs), (1, 25, &newest));
}

//! What was acknowledged is there, and what was cut short is there or not.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::time::Duration;

use fastscheduler::{Job, JobId, RunId, Trigger};
use fastscheduler_tests::diary::{Answer, Ask, Line};

use super::found::{Found, fire};

/// What must hold of all processes so far.
#[derive(Default)]
pub(crate) struct Acknowledged {
    /// The jobs that must be there.
    jobs: BTreeMap<JobId, Facts>,
    /// The ids that were ever seen, and the name of the job, which stays.
    names: BTreeMap<JobId, String>,
    cancelled: BTreeSet<JobId>,
    /// Fires that were asked for.
    requested: HashSet<RunId>,
    /// Letters that were taken out.
    taken: BTreeSet<RunId>,
    counts: Counts,
}

/// How much was asked.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Counts {
    pub(crate) answers: usize,
    pub(crate) cut_short: usize,
}

/// What is known of a job; `None` is not known.
#[derive(Debug, Clone, Default, PartialEq)]
struct Facts {
    is_paused: Option<bool>,
    group: Option<String>,
    retries: Option<u32>,
    schedule: Option<String>,
    is_recurring: Option<bool>,
    filling: Option<usize>,
}

impl Facts {
    fn of(job: &Job) -> Self {
        let definition = job.definition();
        Self {
            is_paused: Some(job.is_paused()),
            group: Some(job.group().to_owned()),
            retries: Some(job.max_retries()),
            schedule: Some(definition.schedule.to_string()),
            is_recurring: definition.schedule.clone().compile(chrono_tz::UTC).map(|s| s.is_recurring()).ok(),
            filling: definition.args.first().and_then(|text| text.as_str()).map(str::len),
        }
    }

    /// After something was done.
    fn after(&self, ask: &Ask) -> Self {
        let mut facts = self.clone();
        match ask {
            Ask::Create { group, retries, .. } => {
                facts.group = Some(group.clone());
                facts.retries = Some(*retries);
                facts.is_paused = Some(false);
            }
            Ask::Update { group, retries, interval, .. } => {
                facts.group = Some(group.clone());
                facts.retries = Some(*retries);
                if let Some(millis) = interval {
                    let schedule = fastscheduler::schedule::every(Duration::from_millis(*millis));
                    facts.schedule = Some(schedule.definition().unwrap().to_string());
                    facts.is_recurring = Some(true);
                }
            }
            Ask::Fill { length, .. } => facts.filling = Some(*length),
            Ask::Pause(_) => facts.is_paused = Some(true),
            Ask::Resume(_) => facts.is_paused = Some(false),
            Ask::Cancel(_) | Ask::RunNow(_) | Ask::RetryLetter(_) => {}
        }
        facts
    }

    /// And what `earlier` says of what is not known.
    fn or(self, earlier: Self) -> Self {
        Self {
            is_paused: self.is_paused.or(earlier.is_paused),
            group: self.group.or(earlier.group),
            retries: self.retries.or(earlier.retries),
            schedule: self.schedule.or(earlier.schedule),
            is_recurring: self.is_recurring.or(earlier.is_recurring),
            filling: self.filling.or(earlier.filling),
        }
    }

    fn hold(&self, actual: &Self) -> bool {
        fn holds<T: PartialEq>(expected: Option<&T>, actual: Option<&T>) -> bool {
            expected.is_none() || expected == actual
        }
        holds(self.is_paused.as_ref(), actual.is_paused.as_ref())
            && holds(self.group.as_ref(), actual.group.as_ref())
            && holds(self.retries.as_ref(), actual.retries.as_ref())
            && holds(self.schedule.as_ref(), actual.schedule.as_ref())
            && holds(self.filling.as_ref(), actual.filling.as_ref())
    }
}

/// The job that something is asked of.
fn subject(ask: &Ask) -> Option<JobId> {
    match ask {
        Ask::Update { job, .. }
        | Ask::Fill { job, .. }
        | Ask::Pause(job)
        | Ask::Resume(job)
        | Ask::Cancel(job)
        | Ask::RunNow(job) => Some(*job),
        Ask::Create { .. } | Ask::RetryLetter(_) => None,
    }
}

impl Acknowledged {
    pub(crate) fn counts(&self) -> Counts {
        self.counts
    }

    /// Compares what a process wrote down with what it left behind. Answers
    /// what is not as it should be.
    pub(crate) fn check(&mut self, lines: &[Line], found: &Found) -> Vec<String> {
        let mut wrong = Vec::new();
        let greatest = self.names.keys().next_back().copied();
        let mut cut_short: HashMap<u64, &Ask> = HashMap::new();
        for line in lines {
            match line {
                Line::Asks(number, ask) => {
                    cut_short.insert(*number, ask);
                }
                Line::Answered(number, answer) => {
                    let ask = cut_short.remove(number).expect("what is answered was asked");
                    self.take_over(ask, answer, greatest, &mut wrong);
                }
                Line::Started(_) | Line::Begun(_) | Line::Ended(..) => {}
            }
        }
        self.counts.cut_short += cut_short.len();
        self.check_jobs(&cut_short, found, &mut wrong);
        self.check_ids(greatest, found, &mut wrong);
        self.check_fires(&cut_short, found, &mut wrong);
        self.jobs = found.jobs.iter().map(|(id, job)| (*id, Facts::of(job))).collect();
        wrong
    }

    fn take_over(&mut self, ask: &Ask, answer: &Answer, greatest: Option<JobId>, wrong: &mut Vec<String>) {
        self.counts.answers += 1;
        match (ask, answer) {
            (_, Answer::Refused(_)) => {}
            (Ask::Create { name, .. }, Answer::Created(id)) => {
                if Some(*id) <= greatest || self.names.contains_key(id) {
                    wrong.push(format!("`{name}` got the id {id}, which was used before"));
                }
                self.names.insert(*id, name.clone());
                // Others may have seen it, and been answered, before its maker.
                if !self.cancelled.contains(id) {
                    let known = self.jobs.remove(id).unwrap_or_default();
                    self.jobs.insert(*id, known.or(Facts::default().after(ask)));
                }
            }
            (Ask::Cancel(job), _) => {
                self.jobs.remove(job);
                self.cancelled.insert(*job);
            }
            (Ask::RetryLetter(letter), Answer::Requested(run)) => {
                self.taken.insert(*letter);
                self.requested.insert(fire(*run));
            }
            (Ask::RunNow(_), Answer::Requested(run)) => drop(self.requested.insert(fire(*run))),
            (ask, _) => {
                if let Some(job) = subject(ask) {
                    let facts = self.jobs.entry(job).or_default();
                    *facts = facts.after(ask);
                }
            }
        }
    }

    fn check_jobs(&self, cut_short: &HashMap<u64, &Ask>, found: &Found, wrong: &mut Vec<String>) {
        // A writer waits for its answer, so that of a job there is one at most.
        let open: HashMap<JobId, &Ask> =
            cut_short.values().filter_map(|ask| Some((subject(ask)?, *ask))).collect();
        let recorded: HashSet<JobId> = found.history.iter().map(|run| run.run_id.job).collect();
        for (id, facts) in &self.jobs {
            let ask = open.get(id);
            let Some(job) = found.jobs.get(id) else {
                let may_be_cancelled = matches!(ask, Some(Ask::Cancel(_)));
                // One-time jobs leave when they end, and leave a record.
                let may_have_ended = facts.is_recurring != Some(true) && recorded.contains(id);
                if !may_be_cancelled && !may_have_ended {
                    wrong.push(format!("{id} is gone: {facts:?}, asked of it: {ask:?}"));
                }
                continue;
            };
            let actual = Facts::of(job);
            if !facts.hold(&actual) && !ask.is_some_and(|ask| facts.after(ask).hold(&actual)) {
                wrong.push(format!("{id} is {actual:?}, not {facts:?}; asked of it: {ask:?}"));
            }
        }
        let back = self.cancelled.iter().filter(|id| found.jobs.contains_key(id));
        wrong.extend(back.map(|id| format!("{id} was cancelled, and is there")));
    }

    /// An id stays with its name, and what is new is greater than all before.
    fn check_ids(&mut self, greatest: Option<JobId>, found: &Found, wrong: &mut Vec<String>) {
        let jobs = found.jobs.values().map(|job| (job.id(), job.name()));
        let runs = found.history.iter().map(|run| (run.run_id.job, &*run.job_name));
        let letters = found.letters.iter().map(|letter| (letter.run.run_id.job, &*letter.run.job_name));
        let outlived = found.outlived.iter().map(|(id, name)| (*id, name.as_str()));
        for (id, name) in jobs.chain(runs).chain(letters).chain(outlived) {
            match self.names.get(&id) {
                Some(known) if known == name => {}
                Some(known) => wrong.push(format!("{id} is `{name}`, and was `{known}`")),
                None => {
                    if Some(id) <= greatest {
                        wrong.push(format!("{id} is new, and {greatest:?} was there before"));
                    }
                    self.names.insert(id, name.to_owned());
                }
            }
        }
    }

    /// Fires that were asked for are open or recorded, and a letter is gone
    /// exactly when its fire is there.
    fn check_fires(&mut self, cut_short: &HashMap<u64, &Ask>, found: &Found, wrong: &mut Vec<String>) {
        let recorded = found.history.iter().map(|run| fire(run.run_id));
        let fires: HashSet<RunId> = recorded.chain(found.open.keys().copied()).collect();
        let lost = self.requested.iter().filter(|run| !fires.contains(run));
        wrong.extend(lost.map(|run| format!("the fire of {run} was asked for, and is not there")));

        let letters: HashSet<RunId> = found.letters.iter().map(|letter| letter.run.run_id).collect();
        // A power failure may have taken the letter with the run that left it.
        let failed: HashSet<RunId> = found.history.iter().map(|run| run.run_id).collect();
        for ask in cut_short.values() {
            if let Ask::RetryLetter(letter) = ask
                && failed.contains(letter)
                && !letters.contains(letter)
            {
                self.taken.insert(*letter);
            }
        }
        let back = self.taken.iter().filter(|letter| letters.contains(letter));
        wrong.extend(back.map(|letter| format!("the letter of {letter} was taken, and is there")));
        let retried = fires.iter().filter(|run| run.trigger == Trigger::Retry).count();
        let taken = self.taken.len();
        if retried != taken {
            wrong.push(format!("{taken} letters were taken, and {retried} fires come of them"));
        }
    }
}

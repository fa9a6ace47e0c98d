//! The fires of each schedule that a job has or had.

use chrono::{DateTime, TimeDelta, Utc};

use super::chain::Chains;
use super::rewinds::Rewinds;
use super::{Auditing, Book, Problem};
use crate::job::{JobId, Run, Skipped};
use crate::schedule::{LeftOut, ScheduleDefinition, Timetable};

/// The least time between two instants.
const MOMENT: TimeDelta = TimeDelta::microseconds(1);

/// A schedule for as long as a job has or had it.
struct Period<'a> {
    job: JobId,
    schedule: Timetable,
    /// Its fires are later than this.
    since: DateTime<Utc>,
    /// Its fires up to this one must be accounted for.
    until: DateTime<Utc>,
    /// The record that closed it.
    closing: Option<&'a Run>,
}

/// Fires that are accounted for: one that ran or is open, or some that were
/// skipped. Ordered by the first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Account {
    first: DateTime<Utc>,
    last: DateTime<Utc>,
    is_skip: bool,
}

impl Auditing<'_> {
    pub(super) fn check_periods(
        &self,
        job: JobId,
        book: &Book<'_>,
        chains: &Chains<'_>,
        problems: &mut Vec<Problem>,
    ) {
        let closed = |run: &&Run| run.skipped.as_deref().is_some_and(|skipped| skipped.closed.is_some());
        let (closings, skips): (Vec<&Run>, Vec<&Run>) = book.skips.iter().copied().partition(closed);
        let rewinds = Rewinds::of(book, chains);
        let ran = chains.of_schedule().map(|fire| Account { first: fire, last: fire, is_skip: false });
        let skipped = skips.iter().filter_map(|run| {
            let account = account(run.skipped.as_deref()?)?;
            let last = rewinds.holds_until(run.run_id).map_or(account.last, |until| account.last.min(until));
            (account.first <= last).then_some(Account { last, ..account })
        });
        let mut accounts: Vec<Account> = ran.chain(skipped).collect();
        accounts.sort_unstable();
        for period in self.periods(job, book, &closings, &accounts, &rewinds, problems) {
            period.check(&accounts, &rewinds, problems);
            let holds = |run: &&&Run| rewinds.holds_until(run.run_id).is_none();
            let of_period = skips.iter().filter(|run| holds(run) && period.contains(run.scheduled_for()));
            let closing = period.closing.iter().filter(|run| rewinds.holds_until(run.run_id).is_none());
            let records = of_period.chain(closing).copied();
            problems.extend(records.filter_map(|run| period.wrong_skip(run, &rewinds)));
        }
    }

    fn periods<'a>(
        &self,
        job: JobId,
        book: &Book<'a>,
        closings: &[&'a Run],
        accounts: &[Account],
        rewinds: &Rewinds,
        problems: &mut Vec<Problem>,
    ) -> Vec<Period<'a>> {
        let mut compile = |definition: &ScheduleDefinition, since: DateTime<Utc>| {
            let placed = definition.clone().placed(since);
            let compiled = match self.zone {
                Some(zone) => placed.compile(zone),
                None => placed.compile_on_this_machine(),
            };
            compiled
                .map(|schedule| schedule.timetable().clone())
                .map_err(|error| problems.push(Problem::Unreadable { job, error: error.to_string() }))
                .ok()
        };
        let mut periods = Vec::new();
        for run in closings {
            let Some(closed) = run.skipped.as_deref().and_then(|skipped| skipped.closed.as_ref()) else {
                continue;
            };
            if let Some(schedule) = compile(&closed.definition, closed.since) {
                let until = rewinds.holds_until(run.run_id).unwrap_or(closed.until);
                let since = closed.since;
                periods.push(Period { job, schedule, since, until, closing: Some(run) });
            }
        }
        let current = book.job.map(|job| (job, job.scheduled_since()));
        if let Some((present, since)) = current
            && let Some(schedule) = compile(&present.whole_schedule(), since)
        {
            let until = match (present.unaccounted_from(), self.until) {
                (Some(next), _) => next - MOMENT,
                (None, Some(until)) => until,
                (None, None) if !present.definition.schedule.spec.is_recurring() => DateTime::<Utc>::MAX_UTC,
                // It has come to its end, which only its records tell.
                (None, None) => accounts.iter().map(|account| account.last).max().unwrap_or(since),
            };
            periods.push(Period { job, schedule, since, until, closing: None });
        }
        periods
    }
}

impl Period<'_> {
    fn contains(&self, instant: DateTime<Utc>) -> bool {
        self.since < instant && instant <= self.until
    }

    /// Looks for fires that are accounted for by nothing, or by too much.
    fn check(&self, accounts: &[Account], rewinds: &Rewinds, problems: &mut Vec<Problem>) {
        let schedule = self.schedule.clone().without(rewinds.ended());
        let closing = self.closing.and_then(|run| account(run.skipped.as_deref()?));
        let begin = accounts.partition_point(|account| account.first <= self.since);
        let end = accounts.partition_point(|account| account.first <= self.until);
        let own = accounts.get(begin..end).unwrap_or_default().iter().copied();
        let mut own: Vec<Account> =
            own.filter(|account| account.is_skip || !schedule.is_left_out(account.first)).collect();
        own.extend(closing.filter(|account| self.contains(account.first)).map(|account| {
            // From a clock that was ahead, it may extend beyond the period.
            Account { last: account.last.min(self.until), ..account }
        }));
        own.sort_unstable();
        let mut covered = Account { first: self.since, last: self.since, is_skip: false };
        for account in own {
            if account.first > covered.last {
                self.check_gap(&schedule, covered.last, account.first - MOMENT, problems);
            } else {
                // Of a job that was rewound a skip may leave out fires that ran: its count tells.
                let is_within = covered.first < account.first && account.first < covered.last;
                if !(rewinds.is_any() && covered.is_skip && !account.is_skip && is_within) {
                    problems.extend(self.overlap(covered, account));
                }
            }
            if account.last > covered.last || account.is_skip {
                covered = Account { last: account.last.max(covered.last), ..account };
            }
        }
        if covered.last < self.until {
            self.check_gap(&schedule, covered.last, self.until, problems);
        }
    }

    fn check_gap(
        &self,
        schedule: &Timetable,
        after: DateTime<Utc>,
        until: DateTime<Utc>,
        problems: &mut Vec<Problem>,
    ) {
        if let Some(lost) = schedule.count_between(after, until, Skipped::COUNTED) {
            let (first, last, count) = (lost.first, lost.last, lost.count);
            problems.push(Problem::Lost { job: self.job, first, last, count });
        }
    }

    /// What is wrong with fires that are accounted for twice.
    fn overlap(&self, covered: Account, account: Account) -> Option<Problem> {
        let (job, scheduled_for) = (self.job, account.first);
        match (covered.is_skip, account.is_skip) {
            (true, true) => Some(Problem::SkippedTwice { job, scheduled_for }),
            (true, false) | (false, true) => Some(Problem::SkippedAndRun { job, scheduled_for }),
            // One that was caught up; whether it ended twice is asked elsewhere.
            (false, false) => None,
        }
    }

    /// Compares a record of skipped fires with the schedule.
    fn wrong_skip(&self, run: &Run, rewinds: &Rewinds) -> Option<Problem> {
        let skipped = run.skipped.as_deref().filter(|skipped| account(skipped).is_some())?;
        let count = |schedule: &Timetable| {
            schedule.count_between(skipped.first - MOMENT, skipped.last, Skipped::COUNTED)
        };
        let is_right = count(&self.schedule).is_some_and(|range| {
            let by_schedule = |left_out: &LeftOut| {
                count(&self.schedule.clone().without(left_out)).map_or(0, |range| range.count)
            };
            (range.first, range.last) == (skipped.first, skipped.last)
                && rewinds.possible_counts(skipped, by_schedule).contains(&skipped.count)
        });
        if is_right {
            return None;
        }
        let expected = count(&self.schedule).map(|range| (range.first, range.last, range.count));
        let recorded = (skipped.first, skipped.last, skipped.count);
        Some(Problem::WrongSkip { run: run.run_id, recorded, expected })
    }
}

/// The fires of a record; the end of a schedule may be recorded without any.
fn account(skipped: &Skipped) -> Option<Account> {
    let is_any = skipped.count > 0;
    is_any.then_some(Account { first: skipped.first, last: skipped.last, is_skip: true })
}

//! What may happen, and in what order.

use std::fmt;
use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::{CatchUp, JobUpdate, NewJob, Overlap};
use fastscheduler_tests::Act;
use proptest::prelude::*;
use proptest::sample::select;

pub(crate) const MAX_RETRIES: u32 = 2;
pub(crate) const LONGEST_JITTER: Duration = Duration::from_secs(20);
/// How long attempts may hang, where jobs have a timeout.
const TIMEOUT: Duration = Duration::from_secs(50);

#[derive(Debug, Clone, Copy)]
pub(crate) enum Kind {
    EveryHalfMinute,
    EveryTenMinutes,
    CronEveryOtherMinute,
    DailyAtHalfPastMidnight,
    OnceInNinetySeconds,
    AtTwo,
}

/// A job is meant by its place among those that there are.
#[derive(Clone)]
pub(crate) enum Op {
    Add { kind: Kind, overlap: Overlap, catch_up: CatchUp, jitter: u64, has_timeout: bool },
    Pause(usize),
    Resume(usize),
    Reschedule(usize, Kind),
    SetPolicy(usize, Overlap, CatchUp),
    RunNow(usize),
    Cancel(usize),
    RetryDeadLetter,
    NextAttempts(Vec<Act>),
    Release(usize),
    Tick { seconds: u64, times: usize },
    Suspend { seconds: u64 },
    StepClock { hours: i64 },
    Crash { after: u64, turns: usize, down: u64 },
    Restart { down: u64 },
}

/// Prints one operation a line.
#[derive(Clone)]
pub(crate) struct Sequence {
    pub(crate) max_concurrency: usize,
    pub(crate) ops: Vec<Op>,
}

impl fmt::Debug for Op {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Add { kind, overlap, catch_up, jitter, has_timeout } => {
                write!(f, "add {kind:?}, overlap {overlap:?}, catch-up {catch_up:?}, jitter {jitter} ms")?;
                if *has_timeout { write!(f, ", timeout {TIMEOUT:?}") } else { Ok(()) }
            }
            Self::Pause(job) => write!(f, "pause job #{job}"),
            Self::Resume(job) => write!(f, "resume job #{job}"),
            Self::Reschedule(job, kind) => write!(f, "reschedule job #{job} to {kind:?}"),
            Self::SetPolicy(job, overlap, catch_up) => {
                write!(f, "update job #{job}: overlap {overlap:?}, catch-up {catch_up:?}")
            }
            Self::RunNow(job) => write!(f, "run job #{job} now"),
            Self::Cancel(job) => write!(f, "cancel job #{job}"),
            Self::RetryDeadLetter => write!(f, "retry the newest dead letter"),
            Self::NextAttempts(acts) => write!(f, "the next attempts: {acts:?}"),
            Self::Release(attempts) => write!(f, "release {attempts} that hang"),
            Self::Tick { seconds, times } => write!(f, "{times} times {seconds} s pass"),
            Self::Suspend { seconds } => write!(f, "{seconds} s pass in one go"),
            Self::StepClock { hours } => write!(f, "step the clock by {hours} h"),
            Self::Crash { after, turns, down } => {
                write!(f, "{after} s pass, crash after {turns} turns, start {down} s later")
            }
            Self::Restart { down } => write!(f, "stop, start {down} s later"),
        }
    }
}

impl fmt::Debug for Sequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at most {} at once:", self.max_concurrency)?;
        self.ops.iter().enumerate().try_for_each(|(number, op)| write!(f, "\n  {number}. {op:?}"))
    }
}

pub(crate) fn sequences() -> impl Strategy<Value = Sequence> {
    let kind = select(vec![
        Kind::EveryHalfMinute,
        Kind::EveryHalfMinute,
        Kind::EveryTenMinutes,
        Kind::CronEveryOtherMinute,
        Kind::DailyAtHalfPastMidnight,
        Kind::OnceInNinetySeconds,
        Kind::AtTwo,
    ]);
    let overlap = select(vec![Overlap::Skip, Overlap::Queue, Overlap::Allow, Overlap::Cancel]);
    let catch_up = select(vec![CatchUp::Once, CatchUp::All, CatchUp::None]);
    let acts = prop_oneof![
        3 => Just(Act::Succeed), 3 => Just(Act::Fail), 1 => Just(Act::Panic), 4 => Just(Act::Hang)
    ];
    let jitter = select(vec![1_u64, 1, 20_000]);
    let job = 0..8_usize;
    let down = select(vec![0_u64, 1, 90, 3_700, 40 * 86_400]);
    let add = (kind.clone(), overlap.clone(), catch_up.clone(), jitter, any::<bool>()).prop_map(
        |(kind, overlap, catch_up, jitter, has_timeout)| Op::Add {
            kind,
            overlap,
            catch_up,
            jitter,
            has_timeout,
        },
    );
    let op = prop_oneof![
        3 => add.clone(),
        2 => job.clone().prop_map(Op::Pause),
        2 => job.clone().prop_map(Op::Resume),
        2 => (job.clone(), kind).prop_map(|(job, kind)| Op::Reschedule(job, kind)),
        2 => (job.clone(), overlap, catch_up).prop_map(|(job, o, c)| Op::SetPolicy(job, o, c)),
        2 => job.clone().prop_map(Op::RunNow),
        1 => job.prop_map(Op::Cancel),
        1 => Just(Op::RetryDeadLetter),
        5 => proptest::collection::vec(acts, 1..4).prop_map(Op::NextAttempts),
        3 => (1..4_usize).prop_map(Op::Release),
        6 => (1..40_u64, 1..6_usize).prop_map(|(seconds, times)| Op::Tick { seconds, times }),
        3 => select(vec![29_u64, 65, 1_000, 5_000]).prop_map(|seconds| Op::Suspend { seconds }),
        2 => select(vec![-1_i64, -1, 1, 1, -25, 25, -8_760, 8_760]).prop_map(|hours| Op::StepClock { hours }),
        2 => (0..40_u64, 0..12_usize, down.clone())
            .prop_map(|(after, turns, down)| Op::Crash { after, turns, down }),
        2 => down.prop_map(|down| Op::Restart { down }),
    ];
    let ops = (add, proptest::collection::vec(op, 1..40))
        .prop_map(|(first, rest)| std::iter::once(first).chain(rest).collect::<Vec<_>>());
    (select(vec![1_000_usize, 1_000, 2]), ops)
        .prop_map(|(max_concurrency, ops)| Sequence { max_concurrency, ops })
}

pub(crate) fn new_job(
    kind: Kind,
    overlap: Overlap,
    catch_up: CatchUp,
    jitter: u64,
    has_timeout: bool,
) -> NewJob {
    let timeout = if has_timeout { TIMEOUT } else { TIMEOUT * 10_000 };
    let jitter = Duration::from_millis(jitter);
    macro_rules! job {
        ($schedule:expr) => {
            $schedule
                .overlap(overlap)
                .catch_up(catch_up)
                .jitter(jitter)
                .timeout(timeout)
                .retries(MAX_RETRIES)
                .call("work")
                // Each is a job of its own, also after a restart.
                .always_new()
                .into()
        };
    }
    match kind {
        Kind::EveryHalfMinute => job!(every(30).seconds()),
        Kind::EveryTenMinutes => job!(every(10).minutes()),
        Kind::CronEveryOtherMinute => job!(cron("*/2 * * * *")),
        Kind::DailyAtHalfPastMidnight => job!(daily().at("00:30")),
        Kind::OnceInNinetySeconds => job!(once(90)),
        Kind::AtTwo => job!(at("2026-11-23 02:00:00")),
    }
}

pub(crate) fn reschedule(kind: Kind) -> JobUpdate {
    let update = JobUpdate::new();
    match kind {
        Kind::EveryHalfMinute => update.schedule(every(30).seconds()),
        Kind::EveryTenMinutes => update.schedule(every(10).minutes()),
        Kind::CronEveryOtherMinute => update.schedule(cron("*/2 * * * *")),
        Kind::DailyAtHalfPastMidnight => update.schedule(daily().at("00:30")),
        Kind::OnceInNinetySeconds => update.schedule(once(90)),
        Kind::AtTwo => update.schedule(at("2026-11-23 02:00:00")),
    }
}

//! A scheduler on a state file that does as it is told, a line at a time, on a
//! clock that stands still otherwise.
//!
//! It is given the state file, the second after Monday at which it begins, and
//! maybe the length of the journal that is folded. With `--own-zone` before
//! these, it is in the zone that its environment names, not in UTC. It answers
//! each line with one that begins with `ok` or `error`.
//!
//! Given `hanging` and a number, it starts that many times at once on a store
//! that never answers the first, and runs until a signal ends it.

use std::fs::File;
use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, bail};
use fastscheduler::prelude::*;
use fastscheduler::storage::JsonStorage;
use fastscheduler::testing::{self, ManualClock};
use fastscheduler::{Args, RunStatus};
use fastscheduler_tests::faulty::{Action, Faulty};
use fastscheduler_tests::log::Log;
use fastscheduler_tests::site::Site;
use fastscheduler_tests::state_folder::STATE;
use fastscheduler_tests::{advance, monday, runs};

struct Program {
    scheduler: Scheduler,
    clock: ManualClock,
    folder: PathBuf,
    log: Log,
}

impl Program {
    async fn open(arguments: impl Iterator<Item = String>) -> anyhow::Result<Self> {
        let mut arguments = arguments.peekable();
        let is_in_own_zone = arguments.next_if_eq("--own-zone").is_some();
        let log = Log::default();
        if is_in_own_zone {
            tracing::subscriber::set_global_default(log.clone())?;
        }
        let file = PathBuf::from(arguments.next().context("the state file")?);
        let seconds: u64 = arguments.next().context("the second")?.parse()?;
        let clock = ManualClock::new(monday() + Duration::from_secs(seconds));
        let builder = Scheduler::builder().clock(clock.clone());
        let builder = if is_in_own_zone { builder.from_environment()? } else { builder.timezone("UTC") };
        let builder = match arguments.next() {
            Some(length) => builder.storage(JsonStorage::open(&file)?.fold_at(length.parse()?)),
            None => builder.state_file(&file),
        };
        let scheduler = builder.build().await?;
        scheduler.register_function("work", |_: Args| async {})?;
        scheduler.register_function("fails", |_: Args| async {
            anyhow::bail!("as always") as anyhow::Result<()>
        })?;
        scheduler.start().await?;
        Ok(Self { scheduler, clock, folder: file.parent().unwrap_or(Path::new(".")).to_owned(), log })
    }

    async fn obey(&self, line: &str) -> anyhow::Result<String> {
        let scheduler = &self.scheduler;
        if let Some(request) = line.strip_prefix("ask ") {
            return self.ask(request).await;
        }
        let words: Vec<_> = line.split_whitespace().collect();
        match words[..] {
            // A job for each ten seconds, with an argument so long.
            ["add", name, length] => {
                let argument = "x".repeat(length.parse()?);
                let id = scheduler.add(every(10).seconds().name(name).call("work").args([argument])).await?;
                return Ok(id.to_string());
            }
            ["daily", time, function] => {
                return Ok(scheduler.add(daily().at(time).retries(0).call(function)).await?.to_string());
            }
            ["next", id] => {
                let job = scheduler.job(id).await?.context("it is there")?;
                return Ok(format!("{:?}", job.next_run_at().context("it is due")?));
            }
            ["zone"] => return Ok(scheduler.zone().name().to_owned()),
            // The zone of a schedule without a scheduler.
            ["schedule", "daily"] => return Ok(daily().at("09:00").schedule()?.zone().to_string()),
            ["schedule", "date"] => return Ok(at("2027-01-01 00:00").schedule()?.zone().to_string()),
            ["schedule", "zoned"] => {
                return Ok(daily().at("09:00").tz("Asia/Tokyo").schedule()?.zone().to_string());
            }
            ["schedule", "without"] => {
                every(10).seconds().schedule()?;
                once(10).schedule()?;
                at("2027-01-01T00:00:00Z").schedule()?;
            }
            ["log"] => return Ok(self.log.lines().join(" | ")),
            ["skipped"] => {
                let all = runs(scheduler).await;
                let skipped = all.iter().filter_map(|run| Some((run.job_id(), run.skipped.as_ref()?)));
                let skipped: Vec<_> =
                    skipped.map(|(job, skip)| format!("{job} {} {}", skip.reason, skip.count)).collect();
                return Ok(skipped.join(", "));
            }
            ["audit"] => {
                let store = JsonStorage::open(self.folder.join(STATE))?;
                testing::audit(&store).await?.assert_clean();
            }
            ["pause", id] => scheduler.pause_job(id).await?,
            ["resume", id] => scheduler.resume_job(id).await?,
            ["cancel", id] => scheduler.cancel_job(id).await?,
            ["run", id] => return Ok(scheduler.run_job_now(id).await?.to_string()),
            ["advance", seconds] => advance(scheduler, &self.clock, seconds.parse()?).await,
            ["jobs"] => {
                let jobs = scheduler.jobs().await?;
                let state = |job: &fastscheduler::Job| if job.is_paused() { "paused" } else { "scheduled" };
                let jobs: Vec<_> = jobs.iter().map(|job| format!("{}:{}", job.name(), state(job))).collect();
                return Ok(jobs.join(" "));
            }
            ["completed"] => {
                let all = runs(scheduler).await;
                let completed = all.iter().filter(|run| run.status == RunStatus::Completed);
                return Ok(completed.count().to_string());
            }
            // Leaves so much space on the disk.
            ["fill", left] => {
                let (mut ballast, mut length) = (File::create(self.folder.join("ballast"))?, 0);
                while let Ok(written) = ballast.write(&[b'.'; 512]) {
                    length += written as u64;
                }
                let left: u64 = left.parse()?;
                ballast.set_len(length.checked_sub(left).context("there is less space than that")?)?;
            }
            ["free"] => std::fs::remove_file(self.folder.join("ballast"))?,
            // Until a file is there, or is not.
            ["see", name] => while !self.folder.join(name).exists() {},
            ["miss", name] => while self.folder.join(name).exists() {},
            ["stop"] => scheduler.stop().await?,
            _ => bail!("`{line}` is nothing that can be done"),
        }
        Ok(String::new())
    }
}

impl Program {
    /// Sends a request, which is a method, a path and maybe JSON, to a server of
    /// the scheduler; answers the status and the body.
    async fn ask(&self, request: &str) -> anyhow::Result<String> {
        let mut parts = request.splitn(3, ' ');
        let (method, path) = parts.next().zip(parts.next()).context("a method and a path")?;
        let site = Site::of(&self.scheduler).await;
        let json = [("content-type", "application/json")];
        let answer = site.ask(method, path, &json, parts.next().unwrap_or_default()).await;
        Ok(format!("{} {}", answer.status.as_u16(), answer.body))
    }
}

fn answer(answer: &anyhow::Result<String>) -> anyhow::Result<()> {
    let mut out = std::io::stdout();
    match answer {
        Ok(what) => writeln!(out, "ok {what}")?,
        Err(error) => writeln!(out, "error {error:#}")?,
    }
    Ok(())
}

async fn run_hanging(starts: usize) -> anyhow::Result<()> {
    let store = Faulty::default();
    let scheduler = Scheduler::builder().storage(store.clone()).build().await?;
    let _held = store.holds(Action::Other);
    let others: Vec<_> = (1..starts)
        .map(|_| {
            let scheduler = scheduler.clone();
            tokio::spawn(async move { scheduler.start().await })
        })
        .collect();
    let is_hanging = async {
        while !store.has_held() {
            tokio::task::yield_now().await;
        }
        answer(&Ok(std::process::id().to_string()))
    };
    let (ran, said) = tokio::join!(scheduler.run_until_shutdown(), is_hanging);
    said?;
    ran?;
    for other in others {
        anyhow::ensure!(other.await?.is_err(), "a start succeeded that was given up");
    }
    answer(&Ok("stopped".to_owned()))
}

fn main() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if let [word, starts] = &arguments[..]
        && word == "hanging"
    {
        return runtime.block_on(run_hanging(starts.parse()?));
    }
    let program = match runtime.block_on(Program::open(arguments.into_iter())) {
        Ok(program) => program,
        Err(error) => return answer(&Err(error)),
    };
    answer(&Ok(std::process::id().to_string()))?;
    for line in std::io::stdin().lock().lines() {
        answer(&runtime.block_on(program.obey(&line?)))?;
    }
    Ok(())
}

//! Each measurement in a process of its own, so that none disturbs the next.

use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::dispatch::{self, Load};
use crate::json::{creates, load, prepare, start};
use crate::rest::{clients, server};
use crate::scale::{life as scale_life, plain, prepare as scale};
use crate::{footprint, streams};

/// The sub-command, not shown to users, by which this program calls itself.
pub(crate) const SUBCOMMAND: &str = "measure";

/// What a child measures.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) enum Task {
    /// Answers with a [`dispatch::Row`].
    Dispatch(Load),
    /// Answers with [`streams::Seen`].
    Streams(streams::Clients),
    /// Answers with a [`footprint::Footprint`].
    Footprint {
        /// For how long the scheduler is watched doing nothing.
        idle: Duration,
    },
    /// Writes a state file. Answers with a [`Prepared`](crate::json::prepared::Prepared).
    Prepare(prepare::Plan),
    /// Answers with a [`load::Row`].
    Json(load::Load),
    /// Answers with a [`start::Start`].
    Start(start::Stored),
    /// Answers with [`creates::Creates`].
    Creates(creates::Load),
    /// Answers with a [`server::Row`].
    Rest(server::Load),
    /// Answers with [`clients::Answers`].
    Requests(clients::Requests),
    /// Writes a state file. Answers with a [`Prepared`](crate::json::prepared::Prepared).
    PrepareScale(scale::Plan),
    /// Answers with a [`scale_life::Life`], after the status.
    Life(scale::Plan),
    /// Answers with a [`plain::Plain`].
    Plain(PathBuf),
}

/// Starts a child for a task and reads its answer, the last line that it prints.
pub(crate) fn ask<A: DeserializeOwned>(task: &Task) -> Result<A> {
    let output = Command::new(std::env::current_exe()?)
        .args([SUBCOMMAND, &serde_json::to_string(task)?])
        .stderr(Stdio::inherit())
        .output()
        .context("this program could not start itself")?;
    ensure!(output.status.success(), "{task:?} ended with {}", output.status);
    let answer = output.stdout.trim_ascii_end().rsplit(|byte| *byte == b'\n').next();
    serde_json::from_slice(answer.unwrap_or_default()).with_context(|| format!("{task:?} gave no answer"))
}

/// Does a task in this process, and prints one line of JSON.
pub(crate) fn answer(task: &str) -> Result<()> {
    let task = serde_json::from_str(task).context("no task of this program")?;
    let runtime = tokio::runtime::Runtime::new()?;
    let answer = match task {
        Task::Dispatch(load) => serde_json::to_string(&runtime.block_on(dispatch::measure(load))?),
        Task::Streams(clients) => serde_json::to_string(&runtime.block_on(streams::read(clients))?),
        Task::Footprint { idle } => serde_json::to_string(&runtime.block_on(footprint::measure(idle))?),
        Task::Prepare(plan) => serde_json::to_string(&runtime.block_on(prepare::prepare(plan))?),
        Task::Json(load) => serde_json::to_string(&runtime.block_on(load::measure(load))?),
        Task::Start(stored) => serde_json::to_string(&runtime.block_on(start::measure(stored))?),
        Task::Rest(load) => serde_json::to_string(&runtime.block_on(server::measure(load))?),
        Task::Requests(requests) => serde_json::to_string(&clients::send(&requests)?),
        Task::PrepareScale(plan) => serde_json::to_string(&runtime.block_on(scale::prepare(plan))?),
        Task::Life(plan) => serde_json::to_string(&runtime.block_on(scale_life::live(plan))?),
        Task::Plain(state_file) => serde_json::to_string(&plain::measure(&state_file)?),
        Task::Creates(load) => serde_json::to_string(&runtime.block_on(creates::measure(load))?),
    };
    println!("{}", answer?);
    Ok(())
}

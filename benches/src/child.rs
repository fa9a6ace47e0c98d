//! Each measurement in a process of its own, so that none disturbs the next.

use std::fmt::Debug;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, ensure};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::runtime::Runtime;

/// The sub-command, not shown to users, by which this program calls itself.
pub(crate) const SUBCOMMAND: &str = "measure";

/// What a child measures. `tasks.rs` lists them all.
pub(crate) trait Task: Debug + Serialize + DeserializeOwned {
    /// By which the child knows it.
    const NAME: &'static str;

    type Answer: Serialize + DeserializeOwned;

    /// Measures in this process.
    fn run(self, runtime: &Runtime) -> Result<Self::Answer>;
}

/// Starts a child for a task and reads its answer, the last line that it prints.
pub(crate) fn ask<T: Task>(task: &T) -> Result<T::Answer> {
    let output = Command::new(std::env::current_exe()?)
        .args([SUBCOMMAND, T::NAME, &serde_json::to_string(task)?])
        .stderr(Stdio::inherit())
        .output()
        .context("this program could not start itself")?;
    ensure!(output.status.success(), "{task:?} ended with {}", output.status);
    let answer = output.stdout.trim_ascii_end().rsplit(|byte| *byte == b'\n').next();
    serde_json::from_slice(answer.unwrap_or_default()).with_context(|| format!("{task:?} gave no answer"))
}

/// Does a task in this process, and prints one line of JSON.
pub(crate) fn answer<T: Task>(task: &str) -> Result<()> {
    let task: T = serde_json::from_str(task).with_context(|| format!("not a task `{}`", T::NAME))?;
    let answer = task.run(&Runtime::new()?)?;
    println!("{}", serde_json::to_string(&answer)?);
    Ok(())
}

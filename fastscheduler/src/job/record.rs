//! A job with its state.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::{FunctionKey, JobDefinition, JobId, Run, RunStatus};

/// How many of the last runs' outcomes a job remembers.
const RECENT: usize = 5;

/// Who made a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// An attribute, or a closure.
    Code,
    /// A caller at run time.
    Api,
}

/// What a job is at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobStatus {
    /// It waits for its next fire.
    Scheduled,
    /// An attempt is under way.
    Running,
    /// It does not fire until it is resumed.
    Paused,
    /// It has run for the last time.
    Completed,
    /// Its last run failed; it waits for its next fire all the same.
    Failed,
    /// Its function is not linked into this program.
    Orphaned,
}

impl fmt::Display for JobStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Scheduled => "scheduled",
            Self::Running => "running",
            Self::Paused => "paused",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::Orphaned => "orphaned",
        })
    }
}

/// A job and its state at one moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Job {
    pub(crate) id: JobId,
    pub(crate) definition: Arc<JobDefinition>,
    pub(crate) source: Source,
    pub(crate) created_at: DateTime<Utc>,
    pub(crate) revision: u64,
    pub(crate) is_paused: bool,
    pub(crate) next_run_at: Option<DateTime<Utc>>,
    pub(crate) run_count: u64,
    pub(crate) failure_count: u64,
    pub(crate) retry_count: u32,
    pub(crate) last_run_at: Option<DateTime<Utc>>,
    pub(crate) recent: VecDeque<RunStatus>,
    #[serde(skip)]
    pub(crate) is_running: bool,
    #[serde(skip)]
    pub(crate) is_orphaned: bool,
}

impl Job {
    pub(crate) fn new(
        id: JobId,
        definition: Arc<JobDefinition>,
        source: Source,
        created_at: DateTime<Utc>,
    ) -> Self {
        Self {
            id,
            definition,
            source,
            created_at,
            revision: 1,
            is_paused: false,
            next_run_at: None,
            run_count: 0,
            failure_count: 0,
            retry_count: 0,
            last_run_at: None,
            recent: VecDeque::new(),
            is_running: false,
            is_orphaned: false,
        }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> JobId {
        self.id
    }

    /// Its name: what it was given, or else the function's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.definition.name
    }

    /// Its group.
    #[must_use]
    pub fn group(&self) -> &str {
        &self.definition.group
    }

    /// The function it runs.
    #[must_use]
    pub fn function(&self) -> &FunctionKey {
        &self.definition.function
    }

    /// Everything it was told to do.
    #[must_use]
    pub fn definition(&self) -> &JobDefinition {
        &self.definition
    }

    /// Who made it.
    #[must_use]
    pub fn source(&self) -> Source {
        self.source
    }

    /// When it was made.
    #[must_use]
    pub fn created_at(&self) -> DateTime<Utc> {
        self.created_at
    }

    /// A number that grows with each change of the definition, from 1.
    #[must_use]
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// What it is at.
    #[must_use]
    pub fn status(&self) -> JobStatus {
        if self.is_orphaned {
            JobStatus::Orphaned
        } else if self.is_running {
            JobStatus::Running
        } else if self.is_paused {
            JobStatus::Paused
        } else if self.next_run_at.is_none() && self.retry_count == 0 {
            JobStatus::Completed
        } else if self.recent.back() == Some(&RunStatus::Failed) {
            JobStatus::Failed
        } else {
            JobStatus::Scheduled
        }
    }

    /// Whether it is paused.
    #[must_use]
    pub fn is_paused(&self) -> bool {
        self.is_paused
    }

    /// When its next fire is due by the schedule; `None` when none is to come.
    #[must_use]
    pub fn next_run_at(&self) -> Option<DateTime<Utc>> {
        self.next_run_at
    }

    /// When its last attempt started.
    #[must_use]
    pub fn last_run_at(&self) -> Option<DateTime<Utc>> {
        self.last_run_at
    }

    /// How many attempts have ended.
    #[must_use]
    pub fn run_count(&self) -> u64 {
        self.run_count
    }

    /// How many of them failed.
    #[must_use]
    pub fn failure_count(&self) -> u64 {
        self.failure_count
    }

    /// How many retries the current fire has had; 0 when it is not being retried.
    #[must_use]
    pub fn retry_count(&self) -> u32 {
        self.retry_count
    }

    /// Attempts after the first that failed.
    #[must_use]
    pub fn max_retries(&self) -> u32 {
        self.definition.policy.max_retries
    }

    /// The longest an attempt may take.
    #[must_use]
    pub fn timeout(&self) -> Option<Duration> {
        self.definition.policy.timeout
    }

    /// The outcomes of its last attempts, at most five, the newest last.
    pub fn recent(&self) -> impl Iterator<Item = RunStatus> {
        self.recent.iter().copied()
    }

    pub(crate) fn count_attempt(&mut self, run: &Run) {
        self.run_count += 1;
        self.failure_count += u64::from(run.status == RunStatus::Failed);
        self.last_run_at = run.started_at;
        if self.recent.len() == RECENT {
            self.recent.pop_front();
        }
        self.recent.push_back(run.status);
    }
}

//! Who has a state file, as its lock says.

use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::sync::OnceLock;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::clock::{Clock as _, SystemClock};

/// A process. Its number alone does not tell it from others: in containers that
/// share a volume each is process 1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Process {
    #[serde(rename = "process")]
    id: u32,
    host: String,
    /// When it first opened a state file.
    started_at: DateTime<Utc>,
}

impl Process {
    fn this() -> &'static Self {
        static THIS: OnceLock<Process> = OnceLock::new();
        THIS.get_or_init(|| Self { id: std::process::id(), host: host_name(), started_at: SystemClock.now() })
    }
}

/// The name of the machine or container, or nothing if it cannot be told.
fn host_name() -> String {
    let of_variable = |name| std::env::var(name).ok();
    let name = fs::read_to_string("/proc/sys/kernel/hostname").ok();
    let name = name.or_else(|| of_variable("HOSTNAME")).or_else(|| of_variable("COMPUTERNAME"));
    name.unwrap_or_default().trim().to_owned()
}

/// Who is noted in a lock.
#[derive(Debug)]
pub(super) enum Holder {
    Nobody,
    Process(Process),
    /// As an earlier version noted it.
    Number(u32),
    /// It is something else.
    Foreign,
}

impl Holder {
    pub(super) fn of(file: &mut File) -> io::Result<Self> {
        /// More than a process takes.
        const LONG: u64 = 1_024;
        let mut noted = Vec::new();
        file.rewind()?;
        file.take(LONG).read_to_end(&mut noted)?;
        // A power failure may leave zeros, or nothing.
        if noted.iter().all(|byte| *byte == 0) {
            return Ok(Self::Nobody);
        }
        if let Ok(process) = serde_json::from_slice(&noted) {
            return Ok(Self::Process(process));
        }
        let digits =
            str::from_utf8(&noted).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        let number = digits.and_then(|digits| digits.parse().ok());
        Ok(number.map_or(Self::Foreign, Self::Number))
    }

    /// Notes this process in its lock.
    pub(super) fn note(file: &mut File) -> io::Result<()> {
        let mut line = serde_json::to_string(Process::this())?;
        line.push('\n');
        file.set_len(0)?;
        file.rewind()?;
        file.write_all(line.as_bytes())
    }

    /// Who it is, for those who are refused; `None` if nobody knows.
    pub(super) fn name(&self) -> Option<String> {
        let this = Process::this();
        match self {
            Self::Process(process) if process == this => {
                Some(format!("another scheduler of this process ({})", this.id))
            }
            Self::Process(Process { id, host, .. }) if *host == this.host && *id != this.id => {
                Some(format!("process {id}"))
            }
            Self::Process(Process { id, host, started_at }) => {
                let started_at = started_at.format("%Y-%m-%d %H:%M:%S UTC");
                Some(format!("process {id} on host `{host}`, running since {started_at}"))
            }
            Self::Number(number) => Some(format!("process {number}")),
            Self::Nobody | Self::Foreign => None,
        }
    }
}

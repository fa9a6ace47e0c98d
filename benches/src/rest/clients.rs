//! Clients that ask the same thing over and over, each on a connection that it
//! keeps. They are plain sockets, so that they cost little beside the server.

use std::fmt;
use std::net::SocketAddr;
use std::time::{Duration, Instant};

use crate::child::Task;
use anyhow::{Context as _, Result, ensure};
use futures_util::future::try_join_all;
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

/// How many clients there are.
pub(crate) const CLIENTS: usize = 64;

/// A job that is created.
const JOB: &str = concat!(
    r#"{"func_name":"tick","job_name":"report of a new customer","schedule_type":"interval","#,
    r#""schedule_config":{"interval":1,"unit":"days"}}"#,
);

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Ask {
    List {
        limit: Option<u32>,
    },
    One,
    Status,
    Create,
    Overview,
    /// 50 jobs with their last runs.
    Recent,
    /// What is planned within a day, of 50 jobs.
    Timeline,
    /// Dead letters by their errors.
    Groups,
}

impl fmt::Display for Ask {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::List { limit: None } => "list",
            Self::List { limit: Some(_) } => "list of 100",
            Self::One => "one job",
            Self::Status => "status",
            Self::Create => "create",
            Self::Overview => "overview",
            Self::Recent => "50 with recent",
            Self::Timeline => "timeline of 50",
            Self::Groups => "groups of errors",
        })
    }
}

impl Ask {
    /// Whether the jobs that are asked about have run before.
    pub(crate) fn is_of_history(self) -> bool {
        matches!(self, Self::Overview | Self::Recent | Self::Timeline | Self::Groups)
    }

    /// The text of the request; `turn` is the job that is asked about.
    fn request(self, address: SocketAddr, turn: u32) -> String {
        let host = format!("Host: {address}");
        let get = |path: &str| format!("GET /scheduler/api/{path} HTTP/1.1\r\n{host}\r\n\r\n");
        match self {
            Self::List { limit: None } => get("jobs"),
            Self::List { limit: Some(limit) } => get(&format!("jobs?limit={limit}")),
            Self::One => get(&format!("jobs/job_{turn}")),
            Self::Status => get("status"),
            Self::Overview => get("overview"),
            Self::Recent => get("jobs?limit=50&with=recent"),
            Self::Timeline => get("timeline?limit=50&from=2027-01-01T00:00:00Z&to=2027-01-02T00:00:00Z"),
            Self::Groups => get("dead-letters/groups"),
            Self::Create => {
                format!(
                    "POST /scheduler/api/jobs HTTP/1.1\r\n{host}\r\nContent-Type: application/json\r\n\
                     Content-Length: {}\r\n\r\n{JOB}",
                    JOB.len()
                )
            }
        }
    }
}

/// What the clients are told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Requests {
    pub(crate) address: SocketAddr,
    pub(crate) ask: Ask,
    pub(crate) stored: u32,
    pub(crate) length: Duration,
}

/// What they saw.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Answers {
    pub(crate) count: u64,
    pub(crate) took: Duration,
    pub(crate) p50: Duration,
    pub(crate) p99: Duration,
    /// Bytes of the last answer.
    pub(crate) bytes: usize,
}

impl Task for Requests {
    const NAME: &'static str = "requests";
    type Answer = Answers;

    fn run(self, _: &Runtime) -> Result<Answers> {
        send(&self)
    }
}

/// Asks, on one thread.
#[expect(clippy::disallowed_methods, reason = "it is real time that passes")]
fn send(requests: &Requests) -> Result<Answers> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let begin = Instant::now();
        let clients = (0..CLIENTS).map(|client| follow(requests, client, begin));
        let mut seen = try_join_all(clients).await?;
        let took = begin.elapsed();
        let bytes = seen.iter().filter_map(|seen| seen.bytes).next_back().context("nothing was answered")?;
        let mut times: Vec<Duration> = seen.iter_mut().flat_map(|seen| seen.times.drain(..)).collect();
        times.sort_unstable();
        let part = |parts: usize| times.get((times.len() * parts / 100).min(times.len() - 1)).copied();
        Ok(Answers {
            count: times.len() as u64,
            took,
            p50: part(50).unwrap_or_default(),
            p99: part(99).unwrap_or_default(),
            bytes,
        })
    })
}

/// What one client saw.
#[derive(Default)]
struct Seen {
    times: Vec<Duration>,
    bytes: Option<usize>,
}

#[expect(clippy::disallowed_methods, reason = "it is real time that passes")]
async fn follow(requests: &Requests, client: usize, begin: Instant) -> Result<Seen> {
    let Requests { address, ask, stored, length } = requests;
    let mut stream = TcpStream::connect(address).await?;
    stream.set_nodelay(true)?;
    let mut seen = Seen::default();
    let mut answer = Vec::with_capacity(64 * 1024);
    let mut turn = u32::try_from(client)?;
    while begin.elapsed() < *length {
        turn = (turn + 1) % stored;
        let asked_at = Instant::now();
        stream.write_all(ask.request(*address, turn).as_bytes()).await?;
        seen.bytes = Some(read(&mut stream, &mut answer).await?);
        seen.times.push(asked_at.elapsed());
    }
    Ok(seen)
}

/// Reads an answer to its end, and answers how long its body is.
async fn read(stream: &mut TcpStream, answer: &mut Vec<u8>) -> Result<usize> {
    answer.clear();
    loop {
        ensure!(stream.read_buf(answer).await? > 0, "the server hung up");
        let Some(head) = answer.windows(4).position(|end| end == b"\r\n\r\n") else { continue };
        let text = std::str::from_utf8(&answer[..head])?;
        ensure!(text.starts_with("HTTP/1.1 20"), "it was refused: {text}");
        let length = text.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case("content-length").then(|| value.trim())
        });
        let length: usize = length.context("an answer says how long it is")?.parse()?;
        let mut missing = (head + 4 + length).checked_sub(answer.len()).context("one answer at a time")?;
        answer.reserve(missing);
        while missing > 0 {
            let read = stream.read_buf(answer).await?;
            ensure!(read > 0, "an answer broke off");
            missing = missing.checked_sub(read).context("one answer at a time")?;
        }
        return Ok(length);
    }
}

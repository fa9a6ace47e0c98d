//! Many streams of events at once, some of whose readers have stopped reading.
//!
//! The server is this process, on one thread; the clients are another one.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use cpu_time::ProcessTime;
use fastscheduler::schedule::every;
use fastscheduler::storage::MemoryStorage;
use fastscheduler::{Clock as _, Scheduler, SystemClock};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;

use crate::child::{self, Task};
use crate::memory;

/// Streams that are read, half of each form.
const STREAMS: usize = 1_000;

/// Streams whose readers have stopped.
const STUCK: usize = 20;

/// Jobs, each due once a second, evenly spread.
const JOBS: u32 = 100;

/// How long after the last stream was opened nothing is measured.
const WARM_UP: Duration = Duration::from_secs(3);

/// What the clients are told.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Clients {
    address: SocketAddr,
    length: Duration,
}

/// What the streams of one form were like, in seconds.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Form {
    /// Events, of all streams.
    events: u64,
    bytes: u64,
    /// The longest that an event took from the end of its newest run.
    worst_delay: f64,
    /// The longest between two events of a stream.
    worst_gap: f64,
}

/// What the clients answer.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Seen {
    samples: Form,
    changes: Form,
}

impl Task for Clients {
    const NAME: &'static str = "streams";
    type Answer = Seen;

    fn run(self, runtime: &Runtime) -> Result<Seen> {
        runtime.block_on(read(self))
    }
}

/// Measures, and prints what came out.
pub(crate) fn measure(length: Duration) -> Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let scheduler = Scheduler::builder()
            .storage(MemoryStorage::default())
            .http("127.0.0.1:0")
            .max_event_streams(2_000)
            .max_connections(4_000)
            .build()
            .await?;
        scheduler.start().await?;
        for number in 0..JOBS {
            scheduler.add(every(1).seconds().run(format!("job {number}"), || async {})).await?;
            SystemClock.sleep(Duration::from_secs(1) / JOBS).await;
        }
        let before = memory::resident()?;
        let address = scheduler.http_address().context("it listens")?;
        let clients = Clients { address, length };
        let (cpu, began_at) = (ProcessTime::now(), SystemClock.now());
        let mut asking = tokio::task::spawn_blocking(move || child::ask(&clients));
        let mut most = before;
        let seen = loop {
            tokio::select! {
                seen = &mut asking => break seen??,
                () = SystemClock.sleep(Duration::from_millis(100)) => most = most.max(memory::resident()?),
            }
        };
        let wall = (SystemClock.now() - began_at).to_std()?;
        let cores = cpu.elapsed().as_secs_f64() / wall.as_secs_f64();
        println!("{STREAMS} streams that are read, {STUCK} that are not, {JOBS} runs a second, {wall:.1?}");
        for (name, form) in [("samples", &seen.samples), ("changes", &seen.changes)] {
            println!(
                "{name}: {} events, {} MB, at most {:.2} s late and {:.2} s apart",
                form.events,
                form.bytes / 1_000_000,
                form.worst_delay,
                form.worst_gap
            );
        }
        let megabytes = |bytes: u64| bytes / 1_000_000;
        println!("server: {cores:.2} cores; {} MB before, {} MB at most", megabytes(before), megabytes(most));
        scheduler.stop().await?;
        Ok(())
    })
}

/// Opens the streams and reads them.
async fn read(clients: Clients) -> Result<Seen> {
    let Clients { address, length } = clients;
    let mut stuck = Vec::new();
    let mut open = Vec::new();
    for number in 0..STREAMS + STUCK {
        let query = if number % 2 == 0 { "" } else { "?stream=changes" };
        let mut stream =
            TcpStream::connect(address).await.context("too few files may be open; `ulimit -n`")?;
        let request = format!("GET /scheduler/events{query} HTTP/1.1\r\nHost: localhost\r\n\r\n");
        stream.write_all(request.as_bytes()).await?;
        if number < STUCK {
            stuck.push(stream);
        } else {
            open.push(tokio::spawn(follow(stream, length)));
        }
    }
    let mut seen = Seen::default();
    for (number, stream) in open.into_iter().enumerate() {
        let of_stream = stream.await??;
        let form = if number % 2 == 0 { &mut seen.samples } else { &mut seen.changes };
        form.events += of_stream.events;
        form.bytes += of_stream.bytes;
        form.worst_delay = form.worst_delay.max(of_stream.worst_delay);
        form.worst_gap = form.worst_gap.max(of_stream.worst_gap);
    }
    Ok(seen)
}

#[expect(clippy::cast_precision_loss, reason = "it is rounded anyway")]
fn now() -> f64 {
    SystemClock.now().timestamp_micros() as f64 / 1e6
}

async fn follow(mut stream: TcpStream, length: Duration) -> Result<Form> {
    let mut form = Form::default();
    let mut text = Vec::new();
    let mut piece = vec![0; 64 * 1024];
    let began_at = now();
    let measured_from = began_at + WARM_UP.as_secs_f64();
    let mut last_at = measured_from;
    while now() < measured_from + length.as_secs_f64() {
        let read = stream.read(&mut piece).await?;
        ensure!(read > 0, "a stream ended");
        text.extend_from_slice(&piece[..read]);
        // A whole event, and the end of its chunk.
        if !text.ends_with(b"\n\n\r\n") {
            continue;
        }
        let at = now();
        if at > measured_from {
            form.events += 1;
            form.bytes += text.len() as u64;
            form.worst_gap = form.worst_gap.max(at - last_at);
            if let Some(ended_at) = newest(&text) {
                form.worst_delay = form.worst_delay.max(at - ended_at);
            }
            last_at = at;
        }
        text.clear();
    }
    Ok(form)
}

/// When the newest run of a text ended.
fn newest(text: &[u8]) -> Option<f64> {
    const FIELD: &[u8] = b"\"timestamp\":";
    let from = text.windows(FIELD.len()).rposition(|field| field == FIELD)? + FIELD.len();
    let number = text[from..].split(|byte| *byte == b',').next()?;
    std::str::from_utf8(number).ok()?.parse().ok()
}

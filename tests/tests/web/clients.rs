//! Clients that say nothing, read nothing, or are too many: the own server lets them
//! go, and serves the others meanwhile.

use std::io::ErrorKind;
use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::{Clock as _, SystemClock};
#[cfg(unix)]
use fastscheduler_tests::few_files::FewFiles;
use fastscheduler_tests::on_manual_clock;
use fastscheduler_tests::site::Site;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// Against hanging only.
const PATIENCE: Duration = Duration::from_secs(180);

const GET: &str = "GET /scheduler/api/groups HTTP/1.1\r\nhost: localhost\r\n\r\n";
const LISTEN: &str = "GET /scheduler/events HTTP/1.1\r\nhost: localhost\r\n\r\n";

async fn serving(builder: fastscheduler::SchedulerBuilder) -> Scheduler {
    let scheduler = builder.http("127.0.0.1:0").build().await.unwrap();
    scheduler.start().await.unwrap();
    scheduler
}

/// A client whose own buffer is small, so that the rest waits at the server.
async fn connect(scheduler: &Scheduler) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4 * 1024).unwrap();
    socket.connect(scheduler.http_address().unwrap()).await.unwrap()
}

/// A client that has sent this.
async fn said(scheduler: &Scheduler, text: &str) -> TcpStream {
    let mut stream = connect(scheduler).await;
    stream.write_all(text.as_bytes()).await.unwrap();
    stream
}

/// The first bytes of an answer.
async fn first(stream: &mut TcpStream) -> String {
    let mut bytes = [0; 12];
    timeout(PATIENCE, stream.read_exact(&mut bytes)).await.expect("it is answered").unwrap();
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Waits until the server has closed the connection; returns what it had sent.
async fn closed(mut stream: TcpStream) -> String {
    let mut rest = Vec::new();
    // A connection that is cut off may be an error.
    let _ = timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("it is closed");
    String::from_utf8_lossy(&rest).into_owned()
}

/// Waits until the server has closed the connection of a client that reads nothing.
async fn closed_unread(stream: TcpStream) {
    // A write fails once the other end is gone.
    let is_open = || match stream.try_write(b"x") {
        Ok(_) => true,
        Err(error) => error.kind() == ErrorKind::WouldBlock,
    };
    let is_closed = async {
        while is_open() {
            SystemClock.sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(PATIENCE, is_closed).await.expect("it is closed");
}

/// Jobs whose list is larger than what a connection holds.
async fn with_many_jobs(scheduler: &Scheduler) {
    let text = "x".repeat(100_000);
    scheduler.register_function("takes_text", |_: Kwargs| async {}).unwrap();
    for number in 0..30 {
        let job = every(1).hours().name(format!("job {number}")).call("takes_text");
        scheduler.add(job.kwargs([("text", &text)])).await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn clients_that_say_or_read_nothing_are_let_go() {
    let scheduler = serving(on_manual_clock().0).await;
    with_many_jobs(&scheduler).await;
    let silent = connect(&scheduler).await;
    let half = said(&scheduler, "GET /scheduler/ HTTP/1.1\r\nhost: local").await;
    let mut idle = said(&scheduler, GET).await;
    assert_eq!(first(&mut idle).await, "HTTP/1.1 200");
    let head = "POST /scheduler/api/jobs HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{";
    let body = said(&scheduler, head).await;
    let stream = said(&scheduler, LISTEN).await;
    let list = said(&scheduler, "GET /scheduler/api/jobs HTTP/1.1\r\nhost: localhost\r\n\r\n").await;

    assert_eq!(closed(silent).await, "");
    assert_eq!(closed(half).await, "");
    // One that has asked for something may be idle for longer.
    idle.write_all(GET.as_bytes()).await.unwrap();
    let after = closed(body).await;
    assert!(after.starts_with("HTTP/1.1 400"), "{after}");
    closed_unread(stream).await;
    closed_unread(list).await;
    let answers = closed(idle).await;
    assert_eq!(answers.matches("HTTP/1.1 200").count(), 1, "{answers}");
    scheduler.stop().await.unwrap();
}

#[tokio::test]
async fn more_clients_than_may_be_wait_until_one_is_gone() {
    let scheduler = serving(on_manual_clock().0.max_connections(2)).await;
    let held = [said(&scheduler, "GET").await, said(&scheduler, "GET").await];
    let mut waiting = said(&scheduler, GET).await;
    let answered = timeout(Duration::from_millis(300), waiting.readable()).await;
    assert!(answered.is_err(), "it is not let in");
    drop(held);
    assert_eq!(first(&mut waiting).await, "HTTP/1.1 200");
    scheduler.stop().await.unwrap();
}

#[tokio::test]
async fn streams_leave_room_for_other_requests() {
    let few = || on_manual_clock().0;
    for (builder, most) in [(few().max_connections(5), 4), (few().max_event_streams(2), 2)] {
        let scheduler = serving(builder).await;
        let mut streams = Vec::new();
        for _ in 0..most {
            let mut stream = said(&scheduler, LISTEN).await;
            assert_eq!(first(&mut stream).await, "HTTP/1.1 200");
            streams.push(stream);
        }
        let site = Site::at(scheduler.http_address().unwrap());
        let refused = site.get("/scheduler/events").await;
        assert_eq!((refused.status.as_u16(), refused.header("retry-after")), (503, "5"), "{}", refused.body);
        assert!(refused.body.contains(&format!("all {most} streams")), "{}", refused.body);
        assert_eq!(site.get("/scheduler/api/groups").await.status, 200);
        drop(streams);
        // Somebody else may listen then.
        while first(&mut said(&scheduler, LISTEN).await).await != "HTTP/1.1 200" {
            tokio::task::yield_now().await;
        }
        scheduler.stop().await.unwrap();
    }
}

#[tokio::test]
async fn limits_of_nothing_are_refused() {
    for builder in [on_manual_clock().0.max_connections(0), on_manual_clock().0.max_event_streams(0)] {
        let refused = builder.build().await.unwrap_err().to_string();
        assert!(refused.contains("use at least 1"), "{refused}");
    }
}

/// What waits in the system for clients of this port to read, in bytes.
#[cfg(target_os = "linux")]
fn waiting(port: u16) -> u64 {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let local = format!(":{port:04X}");
    let of_port = table.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let of_port = of_port.filter(|fields| fields.get(1).is_some_and(|address| address.ends_with(&local)));
    let queued = of_port.filter_map(|fields| u64::from_str_radix(fields.get(4)?.split(':').next()?, 16).ok());
    queued.sum()
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn little_waits_in_the_system_for_a_client_that_does_not_read() {
    let scheduler = serving(on_manual_clock().0).await;
    with_many_jobs(&scheduler).await;
    let port = scheduler.http_address().unwrap().port();
    let list = said(&scheduler, "GET /scheduler/api/jobs HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    while waiting(port) == 0 {
        tokio::task::yield_now().await;
    }
    // It would grow to megabytes, of an answer of three.
    for _ in 0..20 {
        SystemClock.sleep(Duration::from_millis(50)).await;
        assert!(waiting(port) <= 512 * 1024, "{} bytes wait", waiting(port));
    }
    drop(list);
    scheduler.stop().await.unwrap();
}

#[cfg(unix)]
#[test]
fn silent_clients_leave_files_for_the_store() {
    let program = FewFiles::start(env!("CARGO_BIN_EXE_serves"), 256);
    let silent: Vec<_> = (0..300).map(|_| program.connect()).collect();
    for _ in 0..3 {
        program.create_job();
    }
    drop(silent);
}

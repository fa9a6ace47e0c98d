//! A scheduler that is controlled over HTTP: the functions of the original's
//! examples, and nothing scheduled until somebody asks for it.
//!
//! `cargo run -p fastscheduler-examples --example dashboard`, then
//! <http://127.0.0.1:8000/scheduler/>. `FASTSCHEDULER_HTTP` is another address,
//! `FASTSCHEDULER_STATE_FILE` another file to keep jobs in.
//!
//! ```sh
//! curl http://127.0.0.1:8000/scheduler/api/jobs --json '{
//!   "func_name": "echo_task", "func_module": "dev.test_app", "args": ["hello"],
//!   "schedule_type": "interval", "schedule_config": {"interval": 10, "unit": "seconds"}
//! }'
//! ```

#![expect(clippy::print_stdout, reason = "an example prints")]
#![expect(clippy::unused_async, reason = "a task is async even if it does not wait")]

use std::time::Duration;

use anyhow::{Result, bail};
use fastscheduler::prelude::*;
use serde_json::{Value, json};
#[cfg(unix)]
use tokio::signal::unix;
#[cfg(windows)]
use tokio::signal::windows;

/// Tasks that do nothing but say so. Each takes any arguments.
macro_rules! tasks {
    ($($(#[$documentation:meta])+ $name:ident;)+) => {$(
        $(#[$documentation])+
        #[job(module = "dev.test_app")]
        async fn $name(Args(args): Args, Kwargs(kwargs): Kwargs) {
            println!("{} {} {}", stringify!($name), json!(args), json!(kwargs));
        }
    )+};
}

tasks! {
    /// Brings two stores of data into line.
    data_sync_task;
    /// Looks whether all parts of a system are well.
    health_check_task;
    /// Collects measurements.
    metrics_collection_task;
    /// Backs up what would be missed.
    backup_task;
    /// Writes a report.
    report_generation_task;
    /// Tidies up a database.
    database_maintenance_task;
    /// Sends a summary by mail.
    email_digest_task;
    /// Asks an interface whether it answers.
    api_monitoring_task;
    /// Does something once.
    one_time_task;
    /// Removes what is not needed any more.
    delayed_cleanup_task;
}

/// Returns its arguments, which can be seen in the history.
#[job(module = "dev.test_app")]
async fn echo_task(Args(args): Args, Kwargs(kwargs): Kwargs) -> Value {
    json!({ "args": args, "kwargs": kwargs })
}

/// Fails each time.
#[job(module = "dev.test_app")]
async fn failing_task(_args: Args, _kwargs: Kwargs) -> Result<()> {
    bail!("boom")
}

/// Takes `args[0]` or `kwargs.seconds` seconds, one if neither is given.
#[job(module = "dev.test_app")]
async fn slow_task(Args(args): Args, Kwargs(kwargs): Kwargs) -> Result<()> {
    let seconds = args.first().or(kwargs.get("seconds")).map_or(Some(1.0), Value::as_f64);
    let Some(Ok(length)) = seconds.map(Duration::try_from_secs_f64) else {
        bail!("the number of seconds is none; give one such as 2.5");
    };
    #[expect(clippy::disallowed_methods, reason = "a job may take its time")]
    tokio::time::sleep(length).await;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<()> {
    // Before anything that takes long, so that no signal is missed.
    let mut signals = Signals::new()?;
    let scheduler = Scheduler::builder().http("127.0.0.1:8000").from_environment()?.build().await?;
    // Before it says where it is, since the address may be taken.
    scheduler.start().await?;
    if let Some(address) = scheduler.http_address() {
        println!("http://{address}/scheduler/");
    }
    signals.next().await;
    println!("stopping");
    // Jobs have 30 seconds to end, unless there is a second signal.
    tokio::select! {
        stopped = scheduler.stop() => stopped?,
        () = signals.next() => scheduler.stop_within(Duration::ZERO).await?,
    }
    println!("stopped");
    Ok(())
}

/// The signals that end a program. One that prints nothing once it has started
/// leaves them to `run_until_shutdown`.
struct Signals {
    #[cfg(unix)]
    interrupt: unix::Signal,
    #[cfg(unix)]
    terminate: unix::Signal,
    #[cfg(windows)]
    interrupt: windows::CtrlC,
}

impl Signals {
    fn new() -> Result<Self> {
        Ok(Self {
            #[cfg(unix)]
            interrupt: unix::signal(unix::SignalKind::interrupt())?,
            #[cfg(unix)]
            terminate: unix::signal(unix::SignalKind::terminate())?,
            #[cfg(windows)]
            interrupt: windows::ctrl_c()?,
        })
    }

    async fn next(&mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
        #[cfg(windows)]
        self.interrupt.recv().await;
    }
}

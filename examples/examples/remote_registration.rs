//! Jobs that somebody else asks for by the name of a function.
//!
//! `cargo run -p fastscheduler-examples --example remote_registration`
//!
//! A service offers functions; its clients ask for jobs of them, in JSON. The
//! service knows neither which functions nor which arguments will be asked for:
//! the scheduler checks both, and its errors are sentences for the client.

#![expect(clippy::print_stdout, reason = "an example prints")]

use anyhow::{Context as _, Result};
use fastscheduler::prelude::*;
use fastscheduler::storage::MemoryStorage;
use fastscheduler::{Function, HistoryQuery, Parameter, ParameterSource};
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::sync::mpsc;

/// Tells `main` that a job has run.
#[derive(Clone)]
struct Done(mpsc::Sender<()>);

/// Makes a thumbnail of a picture.
///
/// It is linked in, like any function with an attribute. Clients need not, and
/// cannot, give it its state.
#[job]
async fn thumbnail(path: String, width: u32, grey: Option<bool>, done: State<Done>) -> Result<String> {
    let style = if grey == Some(true) { "grey" } else { "coloured" };
    done.0.0.send(()).await?;
    Ok(format!("{path}: {width} wide, {style}"))
}

/// What a client sends.
#[derive(Deserialize)]
struct Request {
    function: String,
    #[serde(default)]
    args: Vec<Value>,
    #[serde(default)]
    kwargs: Map<String, Value>,
    /// A cron expression, or else the job runs once, at once.
    cron: Option<String>,
}

/// What clients send. The last seven are wrong, each in its own way.
const REQUESTS: [&str; 11] = [
    r#"{"function": "thumbnail", "args": ["cat.png", 64]}"#,
    r#"{"function": "remote_registration::thumbnail", "args": ["dog.png"], "kwargs": {"width": 32, "grey": true}}"#,
    r#"{"function": "maths::add", "args": [40, 2]}"#,
    r#"{"function": "maths::add", "args": [1, 2], "cron": "0 3 * * *"}"#,
    r#"{"function": "thumbnial", "args": ["cat.png", 64]}"#,
    r#"{"function": "thumbnail", "args": ["cat.png"]}"#,
    r#"{"function": "thumbnail", "args": ["cat.png", "wide"]}"#,
    r#"{"function": "thumbnail", "args": ["cat.png", 64, true, 1]}"#,
    r#"{"function": "thumbnail", "args": ["cat.png", 64], "kwargs": {"gray": true}}"#,
    r#"{"function": "thumbnail", "args": ["cat.png", 64], "kwargs": {"width": 65}}"#,
    r#"{"function": "maths::add", "args": [1, 2], "cron": "0 25 * * *"}"#,
];

#[tokio::main]
async fn main() -> Result<()> {
    let (done, mut is_done) = mpsc::channel(8);
    let scheduler = Scheduler::builder()
        .storage(MemoryStorage::default())
        .state(Done(done))
        .timezone("UTC")
        .build()
        .await?;
    scheduler.start().await?;

    // Registered at run time, also while the scheduler runs: as a plug-in does
    // whose functions are known only once it is loaded.
    let add = |a: i64, b: i64, done: State<Done>| async move {
        done.0.0.send(()).await?;
        Ok(a + b)
    };
    scheduler.register_function("maths::add", add)?;

    println!("functions:");
    for function in scheduler.functions() {
        println!("  {}", describe(&function));
    }

    println!("requests:");
    for request in REQUESTS {
        match accept(&scheduler, request).await {
            Ok(job) => println!("  {job} for {request}"),
            Err(error) => println!("  {error:#}"),
        }
    }

    for _ in 0..3 {
        is_done.recv().await.context("the jobs are gone")?;
    }
    // Waits for what is still running and records it.
    scheduler.stop().await?;

    println!("results:");
    for run in scheduler.history(HistoryQuery::default()).await? {
        println!("  {}: {}", run.job_id(), run.result.as_deref().unwrap_or("nothing"));
    }
    for job in scheduler.jobs().await? {
        println!("{} goes on: {}", job.id(), job.definition().schedule);
    }
    Ok(())
}

/// Makes a job of a request, and returns its id. Each request is a new job, even
/// if it asks for the same as an earlier one.
async fn accept(scheduler: &Scheduler, request: &str) -> Result<String> {
    let request: Request = serde_json::from_str(request)?;
    let Request { function, args, kwargs, cron: expression } = request;
    let id = match expression {
        Some(expression) => {
            let job = cron(&expression).call(function).args(args).kwargs(kwargs);
            scheduler.add(job.always_new()).await?
        }
        None => scheduler.add(now().call(function).args(args).kwargs(kwargs)).await?,
    };
    Ok(id.to_string())
}

/// A function as a client sees it: what it takes.
fn describe(function: &Function) -> String {
    let is_given = |parameter: &&Parameter| parameter.source() == ParameterSource::Value;
    let given: Vec<String> = function.parameters().iter().filter(is_given).map(describe_parameter).collect();
    let summary = function.documentation().lines().next().unwrap_or_default();
    format!("{}({}) {summary}", function.key(), given.join(", ")).trim_end().to_owned()
}

fn describe_parameter(parameter: &Parameter) -> String {
    // Those of a closure have no names, and are given by position only.
    let name = if parameter.name().is_empty() { "_" } else { parameter.name() };
    // A JSON Schema tells a client more than a Rust type; there is one for most
    // parameters of functions, and none for those of closures.
    let json_type = parameter.schema().map(|schema| schema["type"].to_string());
    format!("{name}: {}", json_type.unwrap_or_else(|| parameter.type_name().to_owned()))
}

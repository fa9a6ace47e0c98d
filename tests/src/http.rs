//! A scheduler behind a real server, and a client that asks it.

use std::net::SocketAddr;

use fastscheduler::SchedulerBuilder;
use fastscheduler::prelude::*;
use fastscheduler::testing::ManualClock;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use ureq::http;

use crate::on_manual_clock;

/// The module of the original's examples.
pub const MODULE: &str = "dev.test_app";

/// The functions of the original's examples. Each takes any arguments.
pub const FUNCTIONS: [&str; 10] = [
    "data_sync_task",
    "health_check_task",
    "metrics_collection_task",
    "backup_task",
    "report_generation_task",
    "database_maintenance_task",
    "email_digest_task",
    "api_monitoring_task",
    "one_time_task",
    "delayed_cleanup_task",
];

/// A scheduler that is served under `/scheduler`, on a clock that stands at
/// [`monday`](crate::monday).
#[derive(Debug)]
pub struct Server {
    /// The scheduler itself.
    pub scheduler: Scheduler,
    /// Its clock.
    pub clock: ManualClock,
    runtime: Runtime,
    address: SocketAddr,
    agent: ureq::Agent,
}

/// What a server answered.
#[derive(Debug)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: http::HeaderMap,
    /// The body as it came.
    pub text: String,
}

impl Answer {
    /// The body as JSON.
    ///
    /// # Panics
    ///
    /// If it is none.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text)
            .unwrap_or_else(|error| panic!("{error}: status {}, body `{}`", self.status, self.text))
    }

    /// The body of an answer with that status.
    ///
    /// # Panics
    ///
    /// If it has another.
    pub fn with(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text);
        self.json()
    }

    /// The sentence of an error with that status.
    ///
    /// # Panics
    ///
    /// If the answer is no such error.
    pub fn detail(&self, status: u16) -> String {
        let body = self.with(status);
        body["detail"].as_str().unwrap_or_else(|| panic!("no `detail` in {body}")).to_owned()
    }
}

impl Server {
    /// A server with the functions of the original's examples, and with
    /// `echo_task`, `failing_task` and `waiting_task`.
    pub fn start() -> Self {
        Self::with(|builder| builder)
    }

    /// A server whose scheduler has other settings too.
    pub fn with(settings: impl FnOnce(SchedulerBuilder) -> SchedulerBuilder) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let (builder, clock) = on_manual_clock();
        let (scheduler, address) = runtime.block_on(async {
            let scheduler = settings(builder).build().await.expect("a scheduler in memory");
            register(&scheduler);
            scheduler.start().await.expect("a scheduler that was not started");
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
            let address = listener.local_addr().expect("the port it got");
            let application = axum::Router::new().nest("/scheduler", fastscheduler::web::router(&scheduler));
            tokio::spawn(async move { axum::serve(listener, application).await });
            (scheduler, address)
        });
        let agent = ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build();
        Self { scheduler, clock, runtime, address, agent: agent.into() }
    }

    /// The address of a path below `/scheduler`.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}/scheduler{path}", self.address)
    }

    pub fn get(&self, path: &str) -> Answer {
        self.send(self.request("GET", path), ())
    }

    pub fn delete(&self, path: &str) -> Answer {
        self.send(self.request("DELETE", path), ())
    }

    /// A request without a body.
    pub fn act(&self, path: &str) -> Answer {
        self.send(self.request("POST", path), "")
    }

    pub fn post(&self, path: &str, body: &Value) -> Answer {
        self.send_json("POST", path, body.to_string())
    }

    pub fn put(&self, path: &str, body: &Value) -> Answer {
        self.send_json("PUT", path, body.to_string())
    }

    /// A body that claims to be JSON.
    pub fn send_json(&self, method: &str, path: &str, body: impl Into<Vec<u8>>) -> Answer {
        let request = self.request(method, path).header("content-type", "application/json");
        self.send(request, body.into())
    }

    pub fn request(&self, method: &str, path: &str) -> http::request::Builder {
        http::Request::builder().method(method).uri(self.url(path))
    }

    /// # Panics
    ///
    /// If there is no answer.
    pub fn send(&self, request: http::request::Builder, body: impl ureq::AsSendBody) -> Answer {
        let request = request.body(body).expect("a request");
        let response = self.agent.run(request).expect("an answer");
        let (head, mut body) = response.into_parts();
        let text = body.read_to_string().expect("a text");
        Answer { status: head.status.as_u16(), headers: head.headers, text }
    }

    /// Creates a job, and answers its id.
    ///
    /// # Panics
    ///
    /// If it cannot be created.
    pub fn create(&self, body: &Value) -> String {
        let created = self.post("/api/jobs", body).with(201);
        created["job_id"].as_str().expect("an id").to_owned()
    }

    /// A job, as it is shown.
    pub fn job(&self, id: &str) -> Value {
        self.get(&format!("/api/jobs/{id}")).with(200)["job"].clone()
    }

    /// Lets seconds pass, until all that came due has run.
    pub fn advance(&self, seconds: u64) {
        self.runtime.block_on(crate::advance(&self.scheduler, &self.clock, seconds));
    }

    /// Waits for something on the server's runtime.
    pub fn wait<T>(&self, what: impl Future<Output = T>) -> T {
        self.runtime.block_on(what)
    }
}

/// Registers the functions of the original's examples, and three for tests:
/// `echo_task` returns what it was given, `failing_task` fails with `boom`,
/// and `waiting_task` never ends by itself.
///
/// # Panics
///
/// If they are registered already.
pub fn register(scheduler: &Scheduler) {
    for name in FUNCTIONS {
        let done = |_: Args, _: Kwargs| async {};
        scheduler.register_function(&format!("{MODULE}::{name}"), done).expect("a name that is free");
    }
    let echo = |Args(args): Args, Kwargs(kwargs): Kwargs| async move {
        anyhow::Ok(json!({ "args": args, "kwargs": kwargs }))
    };
    scheduler.register_function(&format!("{MODULE}::echo_task"), echo).expect("a name that is free");
    let fail = |_: Args, _: Kwargs| async { Err::<(), _>(anyhow::anyhow!("boom")) };
    scheduler.register_function(&format!("{MODULE}::failing_task"), fail).expect("a name that is free");
    let wait = |_: Args, _: Kwargs| std::future::pending::<()>();
    scheduler.register_function(&format!("{MODULE}::waiting_task"), wait).expect("a name that is free");
}

/// An interval job of [`echo_task`](register), with more fields.
pub fn interval_job(seconds: u64, more: Value) -> Value {
    let mut job = json!({
        "func_name": "echo_task",
        "func_module": MODULE,
        "schedule_type": "interval",
        "schedule_config": { "interval": seconds, "unit": "seconds" },
    });
    if let (Value::Object(job), Value::Object(more)) = (&mut job, more) {
        job.extend(more);
    }
    job
}

//! Every kind of parameter and of result.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use fastscheduler::*;
use serde::{Deserialize, Serialize};

#[derive(Clone)]
struct Database;

#[derive(Debug, Deserialize, Serialize)]
struct Mail {
    to: String,
}

#[derive(Debug)]
struct Shown;

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("shown")
    }
}

#[derive(Debug)]
struct Failed;

impl fmt::Display for Failed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("failed")
    }
}

impl std::error::Error for Failed {}

type Boxed = Box<dyn std::error::Error + Send + Sync>;

/// Sends.
///
/// More of it.
#[daily(at = "08:00", args("a@b.c", 3), kwargs(urgent = true, tags = ["x", "y"]))]
#[expect(clippy::too_many_arguments, reason = "all kinds at once")]
async fn all_parameters(
    context: JobContext,
    to: String,
    State(database): State<Database>,
    mut count: u8,
    urgent: bool,
    tags: Vec<String>,
    subject: Option<String>,
    _all: Args,
    r#type: Option<i64>,
    _named: Kwargs,
) {
    let _ = (context, to, database, urgent, tags, subject, r#type);
    count += 1;
    let _ = count;
}

/// Where `State` is another crate's.
mod beside_another_state {
    use fastscheduler::prelude::*;

    pub(super) struct State;

    #[daily(at = "08:00")]
    async fn by_pattern(JobState(database): JobState<super::Database>) {
        let _ = (State, database);
    }

    #[daily(at = "08:00")]
    fn by_path(first: fastscheduler::State<u8>, second: fastscheduler::JobState<String>) {
        let (JobState(_), fastscheduler::State(_)) = (first, second);
    }
}

#[daily(at = "08:00", args([1, 2], "b"))]
fn patterns((_a, _b): (u8, u8), _: String) {}

#[job]
async fn needs_no_values_yet(mail: Mail, headers: HashMap<String, serde_json::Value>) -> Mail {
    let _ = headers;
    mail
}

#[job]
async fn lifetimes_left_out(text: Cow<'_, str>, state: State<Arc<Database>>) -> usize {
    let _ = state;
    text.len()
}

#[every(1, minute)]
fn unit() {}

#[every(1, minute)]
#[expect(clippy::unused_unit, reason = "it is what is accepted here")]
fn explicit_unit() -> () {}

#[every(1, minute)]
fn value() -> u64 {
    7
}

#[every(1, minute)]
async fn structure() -> Vec<Mail> {
    vec![]
}

#[every(1, minute)]
async fn with_anyhow() -> anyhow::Result<()> {
    Ok(())
}

#[every(1, minute)]
fn with_anyhow_value() -> anyhow::Result<Mail> {
    anyhow::bail!("no mail")
}

#[every(1, minute)]
fn with_an_error() -> Result<u8, Failed> {
    Err(Failed)
}

#[every(1, minute)]
async fn with_a_box() -> Result<(), Boxed> {
    Ok(())
}

#[every(1, minute)]
async fn with_a_box_and_value() -> Result<String, Boxed> {
    Err("text".into())
}

#[every(1, minute)]
fn with_display() -> Result<(), Shown> {
    Err(Shown)
}

#[every(1, minute)]
fn with_a_text() -> Result<u8, String> {
    Err("text".to_owned())
}

#[every(1, minute)]
fn opaque() -> impl Serialize {
    "text"
}

#[every(1, minute)]
async fn opaque_later() -> impl Serialize {
    "text"
}

#[every(1, minute)]
const fn constant() -> u8 {
    1
}

#[every(1, minute)]
pub extern "C" fn foreign() {}

#[test]
fn functions_stay_what_they_were() {
    // Functions stay what they were.
    assert_eq!(value(), 7);
    assert_eq!(constant(), 1);
    let future: Pin<Box<dyn Future<Output = anyhow::Result<()>>>> = Box::pin(with_anyhow());
    drop(future);
    patterns((1, 2), String::new());
}

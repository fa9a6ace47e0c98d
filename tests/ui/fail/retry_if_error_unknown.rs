//! A predicate for what is no error.

use fastscheduler::prelude::*;

struct NoError;

fn main() {
    let _ = once(1).run("b", async || Ok(())).retry_if(|_: &NoError| false);
}

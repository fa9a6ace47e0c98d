//! A predicate that does not say which error it looks at.

use fastscheduler::prelude::*;

fn main() {
    let _ = once(1).run("a", async || Ok(())).retry_if(|_| false);
}

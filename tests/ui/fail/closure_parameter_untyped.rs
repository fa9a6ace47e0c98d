//! Nothing says of what type the argument is.

use fastscheduler::prelude::*;

fn main() {
    let _ = once(1).run("greet", async |name| println!("hello {name}"));
}

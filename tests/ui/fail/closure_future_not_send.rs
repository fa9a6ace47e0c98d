//! The future keeps something that cannot go to another thread.

use std::rc::Rc;

use fastscheduler::prelude::*;

fn main() {
    let _ = once(1).run("shares", async || {
        let shared = Rc::new(1);
        std::future::ready(()).await;
        println!("{shared}");
    });
}

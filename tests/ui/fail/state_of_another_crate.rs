//! `State` of another crate, such as axum's, is imported here.

use another::State;
use fastscheduler::prelude::*;

mod another {
    pub struct State<T>(pub T);
}

#[job]
async fn vacuum(State(database): State<String>) {
    let _ = database;
}

fn main() {}

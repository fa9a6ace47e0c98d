//! A crate with jobs that is not among the dependencies.

fastscheduler::include_jobs!(anyhow, my_jobs, serde_json, more_jobs);

fn main() {}

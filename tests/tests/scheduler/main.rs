//! What a scheduler does with its jobs, through the public interface.

mod added;
mod any_closure;
mod audit;
mod bulk;
mod busy_workers;
mod cancelled_meanwhile;
mod closures;
mod dropped_calls;
mod edits_at_claims;
mod environment;
mod errors_for_good;
mod events;
mod find_jobs;
mod from_inside;
mod groups;
mod job_now;
mod lack_of_threads;
mod leases;
mod lengths;
mod life;
mod no_fire_is_lost;
mod now;
mod one_line;
mod one_time;
mod orphans;
mod panics;
mod pause;
mod process_one;
mod program;
mod pruning;
mod queue_failures;
mod queue_memory;
mod refused_records;
mod retention;
mod retry_delays;
mod run_now;
mod set_clock;
mod skip_details;
mod slow_edits;
mod start;
mod status;
mod stop_from_inside;
mod storage_memory;
mod store_failures;
mod system_zone;
mod timeline;
mod update;
mod wait_for;
mod window;

#[fastscheduler::job]
async fn quick() {}

#[fastscheduler::job]
async fn fails() -> anyhow::Result<()> {
    anyhow::bail!("as always")
}

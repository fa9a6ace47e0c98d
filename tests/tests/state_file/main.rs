//! The default store: what is in its files, what becomes of them, and what it says.

mod contract;
mod contract_reopened;
mod cron_rules;
mod damage;
mod dead_letters;
mod failed_sync;
mod form;
mod full_disk;
#[cfg(unix)]
mod hot_copies;
mod journals;
mod lineage;
mod lock;
mod lost_lock;
mod nesting;
mod newer;
mod no_handles;
mod permissions;
mod size_limit;
mod taken_over;
mod taken_over_functions;
mod taken_over_program;
mod torn;
mod unfolded;
mod unreadable;
mod without_subscriber;

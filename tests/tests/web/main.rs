//! The scheduler over HTTP.

mod added;
mod bulk;
mod clients;
mod connections;
mod dead_letters;
mod details;
mod events;
mod events_under_load;
mod exact;
mod failures;
mod fields;
mod health;
mod history;
mod hosts;
mod http2;
mod instances;
mod job_settings;
mod lists;
mod logins;
mod metrics;
mod now;
mod overview;
mod pages;
mod prefix;
mod prefix_parameters;
mod previews;
mod proxies;
mod refusals;
mod runs;
mod security;
mod seed;
mod serving;
mod streams;
mod timeline;
mod unneeded_bodies;
mod updates;

#[fastscheduler::job]
async fn quick() {}

/// With what would be markup, or an event of its own, if it were not data.
#[fastscheduler::job]
async fn fails() -> anyhow::Result<()> {
    anyhow::bail!("<b>boom</b>\n\ndata: no\n")
}

//! A job scheduler: annotate functions, and they run on time.

mod clock;
pub mod schedule;

//! A job scheduler: annotate functions, and they run on time.

pub mod schedule;

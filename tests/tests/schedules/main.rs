//! When a schedule fires.

mod at;
mod properties;
mod vectors;
mod walk;

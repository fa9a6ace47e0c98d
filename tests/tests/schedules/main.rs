//! When a schedule fires.

mod properties;
mod vectors;
mod walk;

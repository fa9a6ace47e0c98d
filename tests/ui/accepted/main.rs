//! What the attributes accept: every spelling, in each file as in a program of
//! its own. That they compile is what is shown.

mod functions;
mod modifiers;
mod no_prelude;
/// Public, so that its public items are.
pub mod places;
mod schedules;
mod surroundings;

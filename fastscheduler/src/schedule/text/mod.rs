//! How schedules are written: times of day, lengths of time, days, dates,
//! zone names and cron expressions, each with the error for what is wrong.
//!
//! The attributes check their texts with these very files (the folder is
//! linked into `fastscheduler-macros`), so a text that compiles is a text that
//! the runtime reads the same way, and both complain in the same words.
//! Nothing here knows of instants, zones' rules or chrono.

mod amount;
mod amount_hint;
mod clock_time;
pub(crate) mod cron;
mod date_time;
mod days;
mod error;
mod nearest;
mod one_line;
mod wait;
mod window_edge;
pub(super) mod zone_abbreviations;
mod zone_hint;
mod zone_name;
pub(super) mod zone_names;
pub(super) mod zone_words;

pub use amount::{Micros, Unit};
pub use clock_time::{ClockTime, minute_of_hour};
pub use cron::parse_cron;
pub use date_time::WrittenDateTime;
pub use days::{DayOfMonth, DaysOfWeek};
pub use error::ScheduleError;
pub use nearest::nearest;
pub use one_line::OneLine;
pub use wait::{Wait, check_factor, check_share};
pub use window_edge::WindowEdge;
pub use zone_name::check_zone_name;

//! Schedules made ready, once for all jobs that have the same.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use chrono_tz::Tz;

use crate::schedule::{ScheduleDefinition, ScheduleError, Timetable};

/// The most calendar schedules that are remembered.
const MOST: usize = 4_096;

/// Calendar schedules that were made ready: to read a cron expression takes
/// longer than all else at the start of its job, and many jobs share one.
#[derive(Default)]
pub(super) struct Timetables(Mutex<HashMap<ScheduleDefinition, Timetable>>);

impl Timetables {
    /// The schedule, as of the instant from which a job has it. The default
    /// zone is the same in each call.
    pub(super) fn compile(
        &self,
        definition: &ScheduleDefinition,
        since: DateTime<Utc>,
        default_zone: Tz,
    ) -> Result<Timetable, ScheduleError> {
        if !definition.spec.is_of_calendar() {
            return Timetable::compile(&definition.clone().placed(since), default_zone);
        }
        if let Some(known) = self.known().get(definition) {
            return Ok(known.clone());
        }
        // Not while it is locked.
        let timetable = Timetable::compile(definition, default_zone)?;
        let mut known = self.known();
        if known.len() >= MOST {
            known.clear();
        }
        known.insert(definition.clone(), timetable.clone());
        Ok(timetable)
    }

    fn known(&self) -> MutexGuard<'_, HashMap<ScheduleDefinition, Timetable>> {
        // What is in it is whole, whoever panicked.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schedule::{cron, daily, every};

    #[test]
    fn a_schedule_fires_as_it_does_by_itself() {
        let timetables = Timetables::default();
        let since: DateTime<Utc> = "2026-03-01T12:00:00Z".parse().unwrap();
        let definitions = [
            daily().at("09:30").definition(),
            daily().at("09:30").tz("Asia/Tokyo").definition(),
            cron("30 9 * * MON").definition(),
            every(90).minutes().definition(),
        ];
        for definition in definitions.into_iter().flat_map(|definition| vec![definition.unwrap(); 2]) {
            let alone = definition.clone().placed(since).compile(chrono_tz::UTC).unwrap();
            let shared = timetables.compile(&definition, since, chrono_tz::UTC).unwrap();
            assert_eq!(shared.next_after(since), alone.next_after(since), "{definition:?}");
        }
        assert_eq!(timetables.known().len(), 3, "an interval counts from an instant of its own");
    }

    #[test]
    fn only_so_many_are_remembered() {
        let timetables = Timetables::default();
        for second in 0..MOST + 10 {
            let time = format!("{:02}:{:02}:{:02}", second / 3_600, second / 60 % 60, second % 60);
            let definition = daily().at(&time).definition().unwrap();
            timetables.compile(&definition, DateTime::UNIX_EPOCH, chrono_tz::UTC).unwrap();
        }
        assert_eq!(timetables.known().len(), 10);
    }
}

//! Which stored job is which declaration of the code.

use super::fractions::has_lost_fraction;
use crate::job::Declared;

/// A rule that knows a declaration again.
type IsSame<'a> = dyn Fn(&Declared, &Declared) -> bool + 'a;

/// For each declaration of a function, the place of the stored one that it is:
/// the one of its name, else one of an identical schedule, else the one at
/// its position. Each stored one is taken once.
///
/// A schedule that was stored without its fraction of a second is identical too,
/// unless another one is exactly so.
pub(super) fn matched(declared: &[Declared], stored: &[&Declared]) -> Vec<Option<usize>> {
    let same_name = |new: &Declared, old: &Declared| {
        new.is_named && old.is_named && new.definition.name == old.definition.name
    };
    let same_schedule = |new: &Declared, old: &Declared| new.definition.schedule == old.definition.schedule;
    let same_position = |new: &Declared, old: &Declared| new.position == old.position;
    let is_stored = |new: &Declared| stored.iter().any(|old| same_schedule(new, old));
    let lost_fraction = |new: &Declared, old: &Declared| {
        has_lost_fraction(&old.definition.schedule, &new.definition.schedule) && !is_stored(new)
    };
    // Without fractions two schedules may look alike, so their order counts first.
    let lost_fraction_in_place =
        |new: &Declared, old: &Declared| same_position(new, old) && lost_fraction(new, old);
    let rules: [&IsSame<'_>; 5] =
        [&same_name, &lost_fraction_in_place, &same_schedule, &lost_fraction, &same_position];
    let mut found = vec![None; declared.len()];
    for is_same in rules {
        for (at, new) in declared.iter().enumerate() {
            if found[at].is_none() {
                let is_free = |place: &usize| !found.contains(&Some(*place));
                found[at] = (0..stored.len()).filter(is_free).find(|place| is_same(new, stored[*place]));
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::job::{FunctionKey, JobDefinition, Name, Policy};
    use crate::schedule::{ScheduleDefinition, at, every};

    fn declared(name: Option<&str>, schedule: ScheduleDefinition, position: u32) -> Declared {
        let definition = JobDefinition {
            name: Name::from(name.unwrap_or("function")),
            group: Name::from("default"),
            function: FunctionKey::new("app", "function"),
            args: Vec::new(),
            kwargs: serde_json::Map::new(),
            schedule,
            policy: Policy::default(),
        };
        Declared { definition: Arc::new(definition), position, is_named: name.is_some(), is_enabled: true }
    }

    /// Declarations as (name, minutes), at their positions.
    type Rows<'a> = &'a [(Option<&'a str>, u32)];

    #[test]
    fn a_declaration_is_known_by_its_name_then_its_schedule_then_its_position() {
        let cases: &[(&str, Rows<'_>, Rows<'_>, &[Option<usize>])] = &[
            ("nothing is stored", &[(None, 1)], &[], &[None]),
            ("the same", &[(None, 1), (None, 2)], &[(None, 1), (None, 2)], &[Some(0), Some(1)]),
            ("swapped", &[(None, 2), (None, 1)], &[(None, 1), (None, 2)], &[Some(1), Some(0)]),
            ("one is new, in front", &[(None, 9), (None, 1)], &[(None, 1)], &[None, Some(0)]),
            (
                "one has another schedule",
                &[(None, 9), (None, 2)],
                &[(None, 1), (None, 2)],
                &[Some(0), Some(1)],
            ),
            (
                "name before schedule",
                &[(Some("a"), 2), (Some("b"), 1)],
                &[(Some("a"), 1), (Some("b"), 2)],
                &[Some(0), Some(1)],
            ),
            ("renamed: by schedule", &[(Some("new"), 1)], &[(Some("old"), 1)], &[Some(0)]),
            (
                "a name that only one side has is none",
                &[(Some("a"), 5)],
                &[(None, 7), (Some("a"), 9)],
                &[Some(1)],
            ),
            ("two alike", &[(None, 1), (None, 1)], &[(None, 1), (None, 1)], &[Some(0), Some(1)]),
            ("one was taken out", &[(None, 2)], &[(None, 1), (None, 2)], &[Some(1)]),
        ];
        for (what, new, old, expected) in cases {
            let make = |rows: Rows<'_>| -> Vec<Declared> {
                (0..)
                    .zip(rows)
                    .map(|(position, (name, minutes))| {
                        declared(*name, every(*minutes).minutes().definition().unwrap(), position)
                    })
                    .collect()
            };
            let (new, old) = (make(new), make(old));
            assert_eq!(matched(&new, &old.iter().collect::<Vec<_>>()), *expected, "{what}");
        }
    }

    /// Dates of declarations, at their positions.
    type Dates<'a> = &'a [&'a str];

    #[test]
    fn a_date_that_was_stored_without_its_fraction_is_known_again() {
        const WHOLE: &str = "2026-11-23T00:01:00Z";
        const LATE: &str = "2026-11-23T00:01:00.900Z";
        const OTHER: &str = "2026-11-24T00:01:00Z";
        let cases: &[(&str, Dates<'_>, Dates<'_>, &[Option<usize>])] = &[
            ("alone", &[LATE], &[WHOLE], &[Some(0)]),
            ("at another position", &[OTHER, LATE], &[WHOLE, OTHER], &[Some(1), Some(0)]),
            ("before one without", &[LATE, WHOLE], &[WHOLE, WHOLE], &[Some(0), Some(1)]),
            ("after one without", &[WHOLE, LATE], &[WHOLE, WHOLE], &[Some(0), Some(1)]),
            ("both as they are, swapped", &[WHOLE, LATE], &[LATE, WHOLE], &[Some(1), Some(0)]),
            ("another date first", &[OTHER, LATE], &[OTHER, WHOLE], &[Some(0), Some(1)]),
        ];
        for (what, new, old, expected) in cases {
            let make = |dates: Dates<'_>| -> Vec<Declared> {
                let dated =
                    |(position, date): (u32, &&str)| declared(None, at(date).definition().unwrap(), position);
                (0..).zip(dates).map(dated).collect()
            };
            let (new, old) = (make(new), make(old));
            assert_eq!(matched(&new, &old.iter().collect::<Vec<_>>()), *expected, "{what}");
        }
    }
}

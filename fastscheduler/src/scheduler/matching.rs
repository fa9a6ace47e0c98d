//! Which stored job is which declaration of the code.

use crate::job::Declared;

/// A rule that knows a declaration again.
type IsSame = dyn Fn(&Declared, &Declared) -> bool;

/// For each declaration of a function, the place of the stored one that it is:
/// the one of its name, else one of an identical schedule, else the one at
/// its position. Each stored one is taken once.
pub(super) fn matched(declared: &[Declared], stored: &[&Declared]) -> Vec<Option<usize>> {
    let same_name = |new: &Declared, old: &Declared| {
        new.is_named && old.is_named && new.definition.name == old.definition.name
    };
    let same_schedule = |new: &Declared, old: &Declared| new.definition.schedule == old.definition.schedule;
    let same_position = |new: &Declared, old: &Declared| new.position == old.position;
    let rules: [&IsSame; 3] = [&same_name, &same_schedule, &same_position];
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
    use crate::schedule::every;

    fn declared(name: Option<&str>, minutes: u32, position: u32) -> Declared {
        let definition = JobDefinition {
            name: Name::from(name.unwrap_or("function")),
            group: Name::from("default"),
            function: FunctionKey::new("app", "function"),
            args: Vec::new(),
            kwargs: serde_json::Map::new(),
            schedule: every(minutes).minutes().definition().unwrap(),
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
                    .map(|(position, (name, minutes))| declared(*name, *minutes, position))
                    .collect()
            };
            let (new, old) = (make(new), make(old));
            assert_eq!(matched(&new, &old.iter().collect::<Vec<_>>()), *expected, "{what}");
        }
    }
}

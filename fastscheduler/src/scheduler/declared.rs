//! Jobs that attributes declare.

use super::new_job::{JobPart, NewJob, Target};
use crate::job::{FunctionKey, JobSettings};
use crate::registry::Declaration;

impl NewJob {
    /// The job that an attribute of `function` declares.
    pub(super) fn declared(function: &FunctionKey, declaration: &Declaration) -> Self {
        let part = JobPart {
            target: Some(Target::Named(function.to_string())),
            settings: (declaration.settings)(JobSettings::default()),
            ..JobPart::default()
        };
        Self { schedule: (declaration.schedule)(), part }
    }

    /// The name that it was given, if any.
    pub(super) fn given_name(&self) -> Option<&str> {
        self.part.settings.name.as_deref()
    }
}

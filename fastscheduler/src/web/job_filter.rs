//! Which jobs are asked for, in parameters that may be repeated.

use utoipa::IntoParams;

use super::error::ApiError;
use super::extract::Repeated;
use crate::job::{Attention, JobStatus};
use crate::storage::JobQuery;

/// Which jobs are asked for.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
pub(super) struct JobFilter {
    /// Jobs of this group; of any of them, if it is repeated.
    #[param(required = false)]
    group: Vec<String>,
    /// Jobs of this status; of any of them, if it is repeated.
    #[param(required = false)]
    status: Vec<JobStatus>,
    /// Jobs that want attention for this: `failing`, `retrying`, `late`, `behind` or `orphaned`; for any of
    /// these, if it is repeated.
    #[param(required = false)]
    attention: Vec<Attention>,
}

impl JobFilter {
    pub(super) fn read(query: &Repeated) -> Result<Self, ApiError> {
        Ok(Self {
            group: query.all("group").map(str::to_owned).collect(),
            status: query.choices("status")?,
            attention: query.choices("attention")?,
        })
    }

    /// The query for these jobs.
    pub(super) fn query(self) -> JobQuery {
        let Self { group: groups, status: statuses, attention } = self;
        JobQuery { groups, statuses, attention, ..JobQuery::default() }
    }
}

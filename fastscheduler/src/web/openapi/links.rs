//! Where an answer leads: what it names can be asked about next.

use utoipa::openapi::link::LinkBuilder;
use utoipa::openapi::{OpenApi, RefOr};

use super::operations;

/// What an answer names.
struct Named {
    /// The operation, and the status of the answer.
    operation: &'static str,
    status: &'static str,
    /// Where in the answer it stands.
    place: &'static str,
    /// The parameter of paths that takes it.
    parameter: &'static str,
}

const NAMED: [Named; 3] = [
    Named { operation: "create_job", status: "201", place: "/job_id", parameter: "job_id" },
    Named { operation: "run_job", status: "200", place: "/run_id", parameter: "run_id" },
    Named { operation: "retry_dead_letter", status: "200", place: "/run_id", parameter: "run_id" },
];

/// Adds them: each answer leads to all operations whose path takes what it names.
pub(super) fn add(document: &mut OpenApi) {
    for Named { operation, status, place, parameter } in NAMED {
        let taken = format!("{{{parameter}}}");
        let takers: Vec<String> = operations(document)
            .filter(|(path, ..)| path.contains(&taken))
            .filter_map(|(_, _, taker)| taker.operation_id.clone())
            .collect();
        let answer = operations(document)
            .find(|(_, _, from)| from.operation_id.as_deref() == Some(operation))
            .and_then(|(_, _, from)| from.responses.responses.get_mut(status));
        let Some(RefOr::T(answer)) = answer else { continue };
        for taker in takers {
            let link = LinkBuilder::new()
                .operation_id(&taker)
                .parameter(parameter, format!("$response.body#{place}"))
                .build();
            answer.links.insert(taker, RefOr::T(link));
        }
    }
}

//! Functions that jobs may run.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::state::WebState;
use crate::registry::{Function, Parameter, ParameterSource};

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(list))
}

/// Functions that jobs may run.
#[derive(Serialize, ToSchema)]
struct FunctionList {
    /// Sorted by module and name.
    functions: Vec<FunctionShape>,
}

/// A function that jobs may run.
#[derive(Serialize, ToSchema)]
#[schema(as = Function)]
struct FunctionShape {
    /// The module under which it is registered.
    module: String,
    /// Its name.
    name: String,
    /// Its documentation.
    documentation: String,
    /// What it takes from a job's arguments, in order.
    parameters: Vec<ParameterShape>,
    /// Whether it takes positional arguments beyond its parameters.
    any_args: bool,
    /// Whether it takes keyword arguments beyond its parameters.
    any_kwargs: bool,
}

/// A parameter that a job's arguments fill, by position or by name.
#[derive(Serialize, ToSchema)]
#[schema(as = Parameter)]
struct ParameterShape {
    /// Its name; empty if it goes by position only.
    name: &'static str,
    /// Whether it must have a value.
    required: bool,
    /// Its type in Rust.
    #[serde(rename = "type")]
    type_name: &'static str,
    /// The JSON Schema of its type; null if the type has none.
    schema: Option<Value>,
}

impl FunctionShape {
    fn new(function: &Function) -> Self {
        let parameters = function.parameters();
        let takes = |source| parameters.iter().any(|parameter| parameter.source() == source);
        let values = parameters.iter().filter(|parameter| parameter.source() == ParameterSource::Value);
        Self {
            module: function.key().module().to_owned(),
            name: function.key().name().to_owned(),
            documentation: function.documentation().to_owned(),
            parameters: values.map(ParameterShape::new).collect(),
            any_args: takes(ParameterSource::Args),
            any_kwargs: takes(ParameterSource::Kwargs),
        }
    }
}

impl ParameterShape {
    fn new(parameter: &Parameter) -> Self {
        Self {
            name: parameter.name(),
            required: !parameter.is_optional(),
            type_name: parameter.type_name(),
            schema: parameter.schema(),
        }
    }
}

/// The functions that jobs may run.
#[utoipa::path(
    get, operation_id = "list_functions", path = "/api/functions", tag = "functions", responses((status = 200, body = FunctionList, example = json!({"functions": [{
        "module": "app::mail", "name": "send", "documentation": "Sends a mail.",
        "parameters": [{"name": "to", "required": true, "type": "String", "schema": {"type": "string"}}],
        "any_args": false, "any_kwargs": false,
    }]}))),
)]
async fn list(State(state): State<WebState>) -> Json<FunctionList> {
    let functions = state.scheduler.functions();
    Json(FunctionList { functions: functions.iter().map(|function| FunctionShape::new(function)).collect() })
}

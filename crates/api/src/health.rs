//! `/livez` and `/readyz`: whether the process runs, and whether it can serve.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::ApiState;
use crate::code::Code;
use crate::error::Problem;
use crate::openapi::ReadyProblems;

/// How the process is.
#[derive(Serialize, ToSchema)]
pub struct Health {
    /// Always `ok`.
    #[schema(example = "ok")]
    status: &'static str,
    /// The version of the binary.
    #[schema(example = "0.1.0")]
    version: &'static str,
}

/// Whether the process runs
#[utoipa::path(get, path = "/livez", tag = "health", responses((status = 200, body = Health)))]
pub async fn live(State(state): State<ApiState>) -> Json<Health> {
    Json(Health {
        status: "ok",
        version: state.version,
    })
}

/// Whether the process can serve: its database answers, with the schema it was built for
#[utoipa::path(
    get,
    path = "/readyz",
    tag = "health",
    responses((status = 200, body = Health), ReadyProblems)
)]
pub async fn ready(State(state): State<ApiState>) -> Result<Json<Health>, Problem> {
    match state.store.check().await {
        Ok(()) => Ok(Json(Health {
            status: "ok",
            version: state.version,
        })),
        Err(error) => {
            tracing::warn!(%error, "not ready to serve");
            Err(Problem::new(Code::NotReady, error.to_string()))
        }
    }
}

use axum::{Json, extract::State};
use domain::upload::Usage;
use http_api::{Authenticated, Problem};
use serde::Serialize;
use utoipa::ToSchema;

use crate::App;

/// The bytes that the caller may use, uses, and has kept for deleted files.
#[derive(Debug, Serialize, ToSchema)]
pub struct GetUploadUsageResponse {
    /// The limit of `used`, in bytes. `kept` has a limit of the same size.
    quota: u64,
    /// Bytes of current files and open uploads.
    used: u64,
    /// Bytes of deleted files that can still be restored.
    kept: u64,
}

/// Get how many bytes the caller uses.
///
/// At most `quota` bytes are stored for current files and open uploads, and at most as many for deleted files. A file that
/// is deleted when there is no room to keep it is deleted permanently.
#[utoipa::path(
    get,
    path = "/uploads/usage",
    operation_id = "getUploadUsage",
    tag = "uploads",
    security(("access_token" = [])),
    responses((status = 200, description = "the usage", body = GetUploadUsageResponse))
)]
pub async fn usage(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
) -> Result<Json<GetUploadUsageResponse>, Problem> {
    let Usage {
        quota, used, kept, ..
    } = app
        .reconciler
        .uploads
        .quotas()
        .usage(caller.user_id)
        .await?;
    Ok(Json(GetUploadUsageResponse { quota, used, kept }))
}

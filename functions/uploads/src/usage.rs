use axum::{Json, extract::State};
use http_api::{Authenticated, Problem, UsageView};

use crate::App;

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
    responses((status = 200, description = "the usage", body = UsageView))
)]
pub async fn usage(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
) -> Result<Json<UsageView>, Problem> {
    let quotas = app.reconciler.uploads.quotas();
    let usage = quotas.usage(caller.user_id).await?;
    Ok(Json(UsageView::from(&usage)))
}

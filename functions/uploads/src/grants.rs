use auth::Caller;
use axum::{
    Json,
    extract::{Path, State},
};
use domain::{
    Upload,
    upload::{Grantee, ReadGrant, Reader},
};
use http::StatusCode;
use http_api::{Authenticated, Cursor, List, Page, Problem, ProblemDocument, ReadGrantView};

use crate::App;

/// Grant a user, or all signed-in users, read access to an upload.
///
/// Grantees can get the upload and its download URL, and nothing else. Idempotent: repeating a grant also returns 204.
#[utoipa::path(
    put,
    path = "/uploads/{id}/grants/{grantee}",
    operation_id = "grantRead",
    tag = "uploads",
    security(("access_token" = [])),
    params(
        ("id" = String, Path, format = "uuid", description = "the upload's id"),
        ("grantee" = String, Path, description = "a user's id, or `everyone`"),
    ),
    responses((status = 204, description = "the grant exists"))
)]
pub async fn grant(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let (upload, grantee) = find(&app, &caller, &path).await?;
    give(&app, &upload, grantee).await
}

/// Stores a grant, unless the upload was deleted since it was read.
pub async fn give(app: &App, upload: &Upload, grantee: Grantee) -> Result<StatusCode, Problem> {
    let grant = ReadGrant {
        grantee,
        granted_at: app.clock.now(),
    };
    let uploads = &app.reconciler.uploads;
    if app.read_grants.grant(uploads, upload, &grant).await? {
        Ok(StatusCode::NO_CONTENT)
    } else {
        Err(Problem::not_found())
    }
}

/// Revoke read access to an upload.
///
/// Download URLs that were issued before stay valid for up to an hour. Idempotent: revoking an unknown grant also returns
/// 204.
#[utoipa::path(
    delete,
    path = "/uploads/{id}/grants/{grantee}",
    operation_id = "revokeRead",
    tag = "uploads",
    security(("access_token" = [])),
    params(
        ("id" = String, Path, format = "uuid", description = "the upload's id"),
        ("grantee" = String, Path, description = "a user's id, or `everyone`"),
    ),
    responses((status = 204, description = "the grant does not exist any more"))
)]
pub async fn revoke(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(path): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let (upload, grantee) = find(&app, &caller, &path).await?;
    app.read_grants.revoke(upload.id, &grantee).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// List the grants to read an upload.
#[utoipa::path(
    get,
    path = "/uploads/{id}/grants",
    operation_id = "listReadGrants",
    tag = "uploads",
    security(("access_token" = [])),
    params(("id" = String, Path, format = "uuid", description = "the upload's id"), Page),
    responses(
        (status = 200, description = "a page of grants", body = List<ReadGrantView>),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`invalid_cursor`, `validation_failed` (`invalid_limit`)"),
    )
)]
pub async fn list(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    Path(id): Path<String>,
    page: Page,
) -> Result<Json<List<ReadGrantView>>, Problem> {
    let upload = find_grantable(&app, &caller, &id).await?;
    let after = page.cursor.map(|Cursor(reader)| Reader::from_bytes(reader));
    let grants = app.read_grants.list(&upload, after, page.limit + 1).await;
    let cursor = |last: &ReadGrant| Cursor(store::reader_of(&last.grantee).to_bytes());
    let view = |grant: &ReadGrant| ReadGrantView::from(grant);
    Ok(Json(List::of(grants?, page, cursor, view)))
}

/// Finds the caller's upload and parses the grantee of a path.
async fn find(
    app: &App,
    caller: &Caller,
    (upload, grantee): &(String, String),
) -> Result<(Upload, Grantee), Problem> {
    let grantee = Grantee::parse(grantee).map_err(|_| Problem::not_found())?;
    let upload = find_grantable(app, caller, upload).await?;
    Ok((upload, grantee))
}

/// Finds the caller's upload, unless it failed or is deleted: then it has no grants.
pub async fn find_grantable(app: &App, caller: &Caller, id: &str) -> Result<Upload, Problem> {
    let upload = app.find(caller, id).await?;
    if upload.accepts_read_grants() {
        Ok(upload)
    } else {
        Err(Problem::not_found())
    }
}

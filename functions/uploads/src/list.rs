use axum::{
    Json,
    extract::{FromRequestParts, State},
};
use domain::{Invalid, Upload, UploadId};
use http::request::Parts;
use http_api::{Authenticated, Cursor, List, Page, Problem, ProblemDocument, UploadView};

use crate::{
    App,
    query::{QueryParams, invalid_param},
    shared::list_shared,
    thumbnails,
    view::ListedUpload,
};

const INVALID_SHARED: Invalid = Invalid {
    code: "invalid_shared",
    detail: "The list is unknown. Send `with-me`, or leave the parameter out.",
};

/// The list that a caller requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadList {
    /// The caller's uploads.
    Own,
    /// The uploads that other users share with the caller.
    SharedWithMe,
}

impl<S: Sync> FromRequestParts<S> for UploadList {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Problem> {
        let query = QueryParams::from_request_parts(parts, state).await?;
        match query.get("shared") {
            None => Ok(Self::Own),
            Some("with-me") => Ok(Self::SharedWithMe),
            Some(_) => Err(invalid_param("shared", INVALID_SHARED)),
        }
    }
}

/// List the caller's uploads, or those that are shared with the caller, newest first.
///
/// Deleted uploads are not listed. With `shared=with-me`, the list has the stored uploads that other users share with the
/// caller's id or verified address, sorted by the time of sharing, but not those that are shared with all users. A page of it
/// may have fewer items than `limit`, also none, although there is a `next`. An upload that is shared with both id and address
/// may be on two pages. The list may be a moment behind a grant or its end; `GET /uploads/{id}` is not.
#[utoipa::path(
    get,
    path = "/uploads",
    operation_id = "listUploads",
    tag = "uploads",
    security(("access_token" = [])),
    params(
        Page,
        ("shared" = Option<String>, Query, pattern = "^with-me$",
            description = "`with-me`: the uploads that other users share with the caller. Absent: the caller's uploads."),
    ),
    responses(
        (status = 200, description = "a page of uploads", body = List<ListedUpload>),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`invalid_cursor`, `validation_failed` (`invalid_limit`, `invalid_shared`)"),
    )
)]
pub async fn list(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    list: UploadList,
    page: Page,
) -> Result<Json<List<ListedUpload>>, Problem> {
    if list == UploadList::SharedWithMe {
        return list_shared(&app, &caller, page).await.map(Json);
    }
    let before = page.cursor.map(|Cursor(id)| UploadId::from_bytes(id));
    let uploads = app
        .reconciler
        .uploads
        .list(caller.user_id, before, page.limit + 1)
        .await?;
    let cursor = |last: &Upload| Cursor(*last.id.as_bytes());
    let List { items, next } = List::of(uploads, page, cursor, Upload::clone);
    Ok(Json(List {
        items: views(&app, &items).await?,
        next,
    }))
}

/// Returns the views of listed uploads, with their thumbnails. Signing sends no request.
async fn views(app: &App, uploads: &[Upload]) -> Result<Vec<ListedUpload>, Problem> {
    let mut views = Vec::with_capacity(uploads.len());
    for upload in uploads {
        views.push(view(app, upload).await?);
    }
    Ok(views)
}

/// Returns the view of a listed upload, with its thumbnail.
pub async fn view(app: &App, upload: &Upload) -> Result<ListedUpload, Problem> {
    let thumbnail = thumbnails::download(app, upload).await?;
    Ok(ListedUpload::new(UploadView::from(upload), thumbnail))
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    async fn list_of(query: &str) -> Option<UploadList> {
        let uri = format!("/uploads?{query}");
        let (mut parts, ()) = Request::get(uri).body(()).unwrap().into_parts();
        UploadList::from_request_parts(&mut parts, &()).await.ok()
    }

    #[tokio::test]
    async fn only_a_known_list_is_accepted() {
        assert_eq!(list_of("limit=2").await, Some(UploadList::Own));
        let shared = Some(UploadList::SharedWithMe);
        assert_eq!(list_of("shared=with-me").await, shared);
        for unknown in ["", "withme", "With-Me", "by-me", "true"] {
            assert_eq!(
                list_of(&format!("shared={unknown}")).await,
                None,
                "{unknown}"
            );
        }
    }
}

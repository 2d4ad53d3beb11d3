use axum::{Json, extract::State};
use domain::{Entitlement, ProductId};
use http_api::{Authenticated, Cursor, List, Page, Problem, ProblemDocument};

use crate::{App, entry::LibraryEntry};

/// List the caller's library.
///
/// The products that the caller has bought or was given, newest product first. Products that are no longer for sale stay. A
/// product appears some seconds after its order is paid.
#[utoipa::path(
    get,
    path = "/library",
    operation_id = "listLibrary",
    tag = "library",
    security(("access_token" = [])),
    params(Page),
    responses(
        (status = 200, description = "the products", body = List<LibraryEntry>),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`validation_failed` (fields: `invalid_limit`), `invalid_cursor`"),
    )
)]
pub async fn list(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    page: Page,
) -> Result<Json<List<LibraryEntry>>, Problem> {
    let mut before = page.cursor.map(|cursor| ProductId::from_bytes(cursor.0));
    let mut rights: Vec<Entitlement> = Vec::new();
    // Rights that have ended are skipped. One more than the page shows whether there is a next one.
    while rights.len() <= page.limit {
        let found = app
            .entitlements
            .of_user(caller.user_id, before, 2 * page.limit);
        let found = found.await?;
        before = found.last().map(|right| right.product);
        let is_last = found.len() < 2 * page.limit;
        rights.extend(found.into_iter().filter(Entitlement::is_active));
        if is_last {
            break;
        }
    }
    let is_more = rights.len() > page.limit;
    rights.truncate(page.limit);
    let last = rights.last().filter(|_| is_more);
    let next = last.map(|right| Cursor(*right.product.as_bytes()).encode());
    let copies = app
        .titles
        .find_all(rights.iter().map(|right| right.product))
        .await?;
    let entry = |right: &Entitlement| LibraryEntry::of(right, copies.get(&right.product)?);
    let items = rights.iter().filter_map(entry).collect();
    Ok(Json(List { items, next }))
}

use axum::{
    Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::header;
use http_api::{
    Authenticated, ExportSection, ExportUserRequest, ExportedRight, ExportedUpload, List, Page,
    Problem, ProblemDocument, ReceivedUpload, SessionView, SharedUpload, UsageView,
};
use serde::Serialize;
use serde_json::Value;
use utoipa::{
    ToSchema,
    openapi::{Array, ArrayBuilder, Ref},
};

use crate::{
    App,
    account::{Account, ExportedUser},
    position::{ExportPage, Position},
};

/// A page of all that is kept about the caller. The lists follow each other in this order; a list continues on the next page.
#[derive(Debug, Default, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExportMeResponse {
    /// The account. Present on the first page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    user: Option<ExportedUser>,
    /// The sessions that have not ended.
    sessions: Vec<SessionView>,
    /// The bytes in use. Present on one page.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false, value_type = Option<UsageView>)]
    usage: Option<Value>,
    /// The uploads of every status, with their thumbnails. `GET /uploads/{id}` returns the download URL of a stored one.
    #[schema(value_type = Vec<ExportedUpload>)]
    uploads: Vec<Value>,
    /// To whom the uploads are shared.
    #[schema(value_type = Vec<SharedUpload>)]
    shared_with_others: Vec<Value>,
    /// What others share with the caller, or with the caller's verified address.
    #[schema(value_type = Vec<ReceivedUpload>)]
    shared_with_me: Vec<Value>,
    #[schema(schema_with = products)]
    products: Vec<Value>,
    #[schema(schema_with = orders)]
    orders: Vec<Value>,
    #[schema(schema_with = sales)]
    sales: Vec<Value>,
    /// The rights to products, also those that have ended.
    #[schema(value_type = Vec<ExportedRight>)]
    library: Vec<Value>,
    /// The cursor of the next page; null on the last page.
    next: Option<String>,
}

/// The schema of a list whose items another function defines.
fn list_of(schema: &str, description: &str) -> Array {
    ArrayBuilder::new()
        .items(Ref::from_schema_name(schema))
        .description(Some(description))
        .build()
}

fn products() -> Array {
    list_of("Product", "What the caller sells.")
}

fn orders() -> Array {
    list_of("Order", "What the caller ordered.")
}

fn sales() -> Array {
    list_of("Order", "What others ordered from the caller.")
}

impl ExportMeResponse {
    fn set(&mut self, section: ExportSection, items: Vec<Value>) {
        match section {
            ExportSection::Usage => self.usage = items.into_iter().next(),
            ExportSection::Uploads => self.uploads = items,
            ExportSection::SharedWithOthers => self.shared_with_others = items,
            ExportSection::SharedWithMe => self.shared_with_me = items,
            ExportSection::Products => self.products = items,
            ExportSection::Orders => self.orders = items,
            ExportSection::Sales => self.sales = items,
            ExportSection::Library => self.library = items,
        }
    }
}

/// Get all that is kept about the caller.
///
/// In pages of at most `limit` items, all lists taken together. A page may have fewer items, also none, although there is a
/// `next`. No secret is in it: no password, token or download URL. What changes between two pages may be missing or be in it in
/// its earlier state. `503` means that a service does not answer; repeat the request.
#[utoipa::path(
    get,
    path = "/users/me/export",
    operation_id = "exportMe",
    tag = "accounts",
    security(("access_token" = [])),
    params(Page),
    responses(
        (status = 200, description = "a page of the export", body = ExportMeResponse,
            headers(("Content-Disposition" = String, description = "a name for the file"))),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`invalid_cursor`, `validation_failed` (`invalid_limit`)"),
    )
)]
pub async fn show(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    page: ExportPage,
) -> Result<Response, Problem> {
    let account = Account::find(&app, &caller).await?;
    let mut export = ExportMeResponse::default();
    if page.position == Position::default() {
        export.user = Some(account.user(&app).await?);
    }
    let mut left = page.limit;
    let mut position = Some(page.position);
    while left > 0
        && let Some(Position { section, after }) = position
    {
        let (count, next) = match section {
            None => {
                let List { items, next } = account.sessions(&app, after.as_deref(), left).await?;
                export.sessions = items;
                (export.sessions.len(), next)
            }
            Some(section) => {
                let question = ExportUserRequest {
                    section,
                    user_id: caller.user_id,
                    address_id: account.address_id(),
                    limit: left,
                    cursor: after,
                };
                let List { items, next } = app.services.ask(&question).await?;
                let count = items.len();
                export.set(section, items);
                (count, next)
            }
        };
        left -= count;
        position = match next {
            // The next page continues the list, also if this one has room: a service reads only so much for a page.
            Some(after) => {
                let after = Some(after);
                position = Some(Position { section, after });
                break;
            }
            None => Position::next_section(section),
        };
    }
    export.next = position.map(|it| it.encode()).transpose()?;
    let filename = "attachment; filename=\"export.json\"";
    Ok(([(header::CONTENT_DISPOSITION, filename)], Json(export)).into_response())
}

//! The question what a service keeps about a user, and the items that no other list of the API has.

use domain::{AddressId, Claim, Entitlement, Source, Upload, UserId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::ReceivedGrant;
use utoipa::ToSchema;

use crate::{Cursor, Page, ReadGrantView, Timestamp, UploadView};

/// A list of the export. Each service answers for its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum ExportSection {
    /// One item: the bytes in use.
    Usage,
    /// The uploads of every status, with their thumbnails.
    Uploads,
    /// To whom the uploads are shared.
    SharedWithOthers,
    /// What others share with the user or the user's verified address.
    SharedWithMe,
    /// What the user sells.
    Products,
    /// What the user ordered.
    Orders,
    /// What others ordered from the user.
    Sales,
    /// The rights to products, also those that have ended.
    Library,
}

/// Asks a service for a page of what it keeps about a user. The answer is a [`crate::List`], or null if the cursor is invalid.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExportUserRequest {
    /// The list.
    pub section: ExportSection,
    /// The user.
    pub user_id: UserId,
    /// The id of the user's address, if it is verified.
    pub address_id: Option<AddressId>,
    /// The maximum number of items.
    pub limit: usize,
    /// The `next` of the previous page.
    pub cursor: Option<String>,
}

impl ExportUserRequest {
    /// The `detail-type` of the question. The API cannot send it: requests have none.
    pub const KIND: &str = "ExportUser";

    /// Returns the question of an event, if it is one.
    ///
    /// # Errors
    /// When the question is of an unknown form.
    pub fn of_event(event: &Value) -> Result<Option<Self>, serde_json::Error> {
        if event["detail-type"] != Self::KIND {
            return Ok(None);
        }
        serde_json::from_value(event["detail"].clone()).map(Some)
    }

    /// Returns the requested page; `None` if the cursor is invalid.
    #[must_use]
    pub fn page(&self) -> Option<Page> {
        let cursor = match &self.cursor {
            Some(text) => Some(Cursor::decode(text)?),
            None => None,
        };
        let limit = self.limit;
        Some(Page { limit, cursor })
    }
}

/// An upload of any status, or a thumbnail of one.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExportedUpload {
    #[serde(flatten)]
    upload: UploadView,
    /// Until when the file cannot be deleted; null if it was never locked.
    locked_until: Option<Timestamp>,
    /// The products that the file belongs to.
    #[schema(format = "uuid")]
    sold_in: Vec<String>,
}

/// A grant to read an upload of the user. It has a `grantee` or an `email`.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SharedUpload {
    /// The upload.
    #[schema(format = "uuid")]
    pub upload_id: String,
    /// The grant.
    #[serde(flatten)]
    pub grant: ReadGrantView,
}

/// A grant to read an upload of another user.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ReceivedUpload {
    /// The upload. It may be deleted since.
    #[schema(format = "uuid")]
    upload_id: String,
    /// The user who shares it.
    #[schema(format = "uuid")]
    owner_id: String,
    granted_at: Timestamp,
}

/// The right to a product.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ExportedRight {
    #[schema(format = "uuid")]
    product_id: String,
    /// The title of the product; null if the library does not know it yet.
    title: Option<String>,
    /// Since when the user has the right; null if it has ended.
    granted_at: Option<Timestamp>,
    /// When it last changed.
    updated_at: Timestamp,
    /// Where the right comes from.
    sources: Vec<RightSource>,
}

/// Where a right comes from: an order, or a gift of an administrator.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct RightSource {
    /// The order; null for a gift.
    #[schema(format = "uuid")]
    order_id: Option<String>,
    /// Whether it gives the right. A refunded order does not.
    active: bool,
}

impl From<&Upload> for ExportedUpload {
    fn from(upload: &Upload) -> Self {
        Self {
            upload: UploadView::from(upload),
            locked_until: upload.locked_until.map(Timestamp),
            sold_in: upload.sold_in.iter().map(ToString::to_string).collect(),
        }
    }
}

impl From<&ReceivedGrant> for ReceivedUpload {
    fn from(received: &ReceivedGrant) -> Self {
        Self {
            upload_id: received.upload.to_string(),
            owner_id: received.grant.owner.to_string(),
            granted_at: Timestamp(received.granted_at),
        }
    }
}

impl ExportedRight {
    /// Creates the view of a right to a product of this title.
    #[must_use]
    pub fn new(right: &Entitlement, title: Option<String>) -> Self {
        let source = |(source, claim): (&Source, &Claim)| RightSource {
            order_id: match source {
                Source::Order(id) => Some(id.to_string()),
                Source::Gift => None,
            },
            active: claim.gives,
        };
        Self {
            product_id: right.product.to_string(),
            title,
            granted_at: right.granted_at.map(Timestamp),
            updated_at: Timestamp(right.updated_at),
            sources: right.sources.iter().map(source).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::*;

    #[test]
    fn only_events_of_its_kind_are_questions() {
        let request = ExportUserRequest {
            section: ExportSection::SharedWithMe,
            user_id: UserId::new(datetime!(2026-01-01 00:00:00 UTC)),
            address_id: None,
            limit: 7,
            cursor: None,
        };
        let event = json!({"detail-type": ExportUserRequest::KIND, "detail": request});
        let read = ExportUserRequest::of_event(&event).unwrap().unwrap();
        assert_eq!(
            (read.section, read.user_id),
            (request.section, request.user_id)
        );
        let page = read.page().unwrap();
        assert_eq!((page.limit, page.cursor), (7, None));
        for other in [
            json!({"detail-type": "PinFiles", "detail": request}),
            json!({"Records": []}),
        ] {
            assert!(ExportUserRequest::of_event(&other).unwrap().is_none());
        }
        let unknown =
            json!({"detail-type": ExportUserRequest::KIND, "detail": {"section": "hashes"}});
        assert!(ExportUserRequest::of_event(&unknown).is_err());
    }

    #[test]
    fn a_damaged_cursor_is_no_page() {
        let mut request = ExportUserRequest {
            section: ExportSection::Products,
            user_id: UserId::new(datetime!(2026-01-01 00:00:00 UTC)),
            address_id: None,
            limit: 1,
            cursor: Some(Cursor([7; 16]).encode()),
        };
        assert_eq!(request.page().unwrap().cursor, Some(Cursor([7; 16])));
        request.cursor = Some("x".to_owned());
        assert!(request.page().is_none());
    }
}

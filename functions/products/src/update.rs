use axum::{
    extract::{Path, State},
    response::Response,
};
use domain::{
    Invalid, Money, Patch, Product, ProductStatus,
    product::{Description, FileList, ProductDetails, Title},
};
use http_api::{Fields, FromFields, IfMatch, JsonBody, Problem, ProblemDocument};
use utoipa::ToSchema;

use crate::{
    App,
    change::Change,
    problems::refusal_problem,
    request::{Price, read_description, read_files, read_price, read_title},
    seller::Seller,
    view::{ProductResponse, product_response},
};

const REMOVED: Invalid = Invalid {
    code: "required",
    detail: "A product must have this field. Send a value, or leave it out.",
};

/// A JSON Merge Patch (RFC 7396) of a product: absent fields stay unchanged.
#[derive(ToSchema)]
pub struct UpdateProductRequest {
    /// The title, in one line. It cannot be removed.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 200, nullable = false)]
    title: Option<Title>,
    /// The description; null removes it.
    #[schema(value_type = Option<String>, max_length = 5000)]
    description: Patch<Description>,
    /// What later buyers pay. Orders keep their price.
    #[schema(value_type = Option<Price>, nullable = false)]
    price: Option<Money>,
    /// The files. Files can be added to a published product, and not removed from it.
    #[schema(value_type = Option<Vec<String>>, min_items = 1, max_items = 100, nullable = false)]
    files: Option<FileList>,
}

impl FromFields for UpdateProductRequest {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let title = match fields.patched("title", read_title) {
            Some(Patch::Remove) => fields.refuse("title", REMOVED),
            Some(Patch::Set(title)) => Some(Some(title)),
            Some(Patch::Keep) => Some(None),
            None => None,
        };
        let description = fields.patched("description", read_description);
        let price = if fields.has("price") {
            fields.required_object("price", read_price).map(Some)
        } else {
            Some(None)
        };
        let files = if fields.has("files") {
            read_files(fields).map(Some)
        } else {
            Some(None)
        };
        Some(Self {
            title: title?,
            description: description?,
            price: price?,
            files: files?,
        })
    }
}

impl UpdateProductRequest {
    fn apply(&self, product: &Product) -> ProductDetails {
        let details = product.details.clone();
        ProductDetails {
            title: self.title.clone().unwrap_or(details.title),
            description: match &self.description {
                Patch::Keep => details.description,
                Patch::Remove => Description::default(),
                Patch::Set(description) => description.clone(),
            },
            price: self.price.unwrap_or(details.price),
            files: self.files.clone().unwrap_or(details.files),
        }
    }
}

/// Update a product.
///
/// With `If-Match`, the change applies only to that version. Files that are added to a published product must be stored.
#[utoipa::path(
    patch,
    path = "/products/{id}",
    operation_id = "updateProduct",
    tag = "products",
    security(("access_token" = [])),
    params(
        ("id" = String, Path, format = "uuid", description = "the product's id"),
        ("If-Match" = Option<String>, Header, description = "the `ETag` of the version to change"),
    ),
    request_body = UpdateProductRequest,
    responses(
        (status = 200, description = "the updated product", body = ProductResponse,
            headers(("ETag" = String, description = "the new version"))),
        (status = 403, body = ProblemDocument, content_type = "application/problem+json",
            description = "`forbidden`: the caller has neither the role `seller` nor `admin`"),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json",
            description = "`not_found`"),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "`product_archived`, `file_published`, `files_not_stored` (`detail` has the ids), \
                `request_in_progress`"),
        (status = 412, body = ProblemDocument, content_type = "application/problem+json",
            description = "`precondition_failed`"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`validation_failed` (fields: `empty`, `too_long`, `control_character`, `unknown_currency`, \
                `amount_too_large`, `amount_too_small`, `amount_not_chargeable`, `invalid_id`, `duplicate_file`, \
                `required`, `wrong_type`, `unknown_field`)"),
    )
)]
pub async fn update(
    State(app): State<App>,
    Seller(caller): Seller,
    Path(id): Path<String>,
    if_match: IfMatch,
    JsonBody(request): JsonBody<UpdateProductRequest>,
) -> Result<Response, Problem> {
    let change = Change::Update(&request);
    let product = app.change(&caller, &id, &if_match, change).await?;
    Ok(product_response(&product))
}

/// The product with the changes; `None` if it has them already.
pub async fn next(
    app: &App,
    product: &Product,
    request: &UpdateProductRequest,
) -> Result<Option<Product>, Problem> {
    let details = request.apply(product);
    if details == product.details {
        return Ok(None);
    }
    let now = app.clock.now();
    // Uploads is asked only about a change that is possible.
    product
        .update(details.clone(), &[], now)
        .map_err(refusal_problem)?;
    let stored = match product.status {
        ProductStatus::Published => {
            let added = product.unpublished_files(&details);
            app.uploads.pin(product.id, product.seller, &added).await?
        }
        ProductStatus::Draft | ProductStatus::Archived => Vec::new(),
    };
    let next = product.update(details, &stored, now);
    next.map(Some).map_err(refusal_problem)
}

use axum::{
    Json,
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{
    Money, Product, ProductId,
    product::{Description, FileList, ProductDetails, Title},
};
use http::{StatusCode, header};
use http_api::{
    Fields, FromFields, IdempotencyKey, IdempotentRequest, JsonBody, Problem, ProblemDocument,
};
use store::{NewRecord, ProductCreation};
use utoipa::ToSchema;

use crate::{
    App,
    request::{Price, read_description, read_files, read_price, read_title},
    seller::Seller,
    view::ProductResponse,
};

/// The product to create.
#[derive(ToSchema)]
pub struct CreateProductRequest {
    /// The title, in one line.
    #[schema(value_type = String, min_length = 1, max_length = 200, example = "Tea for beginners")]
    title: Title,
    /// The description, in any number of lines.
    #[schema(value_type = Option<String>, max_length = 5000)]
    description: Option<Description>,
    /// What buyers pay.
    #[schema(value_type = Price)]
    price: Money,
    /// The ids of 1 to 100 different uploads of the caller, in the order in which buyers see them.
    #[schema(value_type = Vec<String>, min_items = 1, max_items = 100)]
    files: FileList,
}

impl FromFields for CreateProductRequest {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let title = fields.required("title", read_title);
        let description = fields.optional("description", read_description);
        let price = fields.required_object("price", read_price);
        let files = read_files(fields);
        Some(Self {
            title: title?,
            description: description?,
            price: price?,
            files: files?,
        })
    }
}

/// Create a product.
///
/// It is a draft, which only its seller sees. `POST /products/{id}/publish` offers it for sale.
#[utoipa::path(
    post,
    path = "/products",
    operation_id = "createProduct",
    tag = "products",
    security(("access_token" = [])),
    params(("Idempotency-Key" = Option<String>, Header, pattern = "^[!-~]{1,255}$",
        description = "1 to 255 visible ASCII characters")),
    request_body = CreateProductRequest,
    responses(
        (status = 201, description = "the product is created", body = ProductResponse,
            headers(("Location" = String, description = "the path of the product"))),
        (status = 403, body = ProblemDocument, content_type = "application/problem+json",
            description = "`forbidden`: the caller has neither the role `seller` nor `admin`"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`validation_failed` (fields: `empty`, `too_long`, `control_character`, `unknown_currency`, \
                `amount_too_large`, `amount_too_small`, `amount_not_chargeable`, `invalid_id`, `duplicate_file`, \
                `required`, `wrong_type`, `unknown_field`), `invalid_idempotency_key`, `idempotency_key_reused`"),
    )
)]
pub async fn create(
    State(app): State<App>,
    Seller(caller): Seller,
    IdempotencyKey(key): IdempotencyKey,
    JsonBody(request): JsonBody<CreateProductRequest>,
) -> Result<Response, Problem> {
    let idempotent = idempotent(&caller, key, &request);
    let now = app.clock.now();
    if let Some(idempotent) = &idempotent
        && let Some(body) = idempotent.find_body(&app.idempotency, now).await?
    {
        return respond(&body);
    }
    let details = ProductDetails {
        title: request.title,
        description: request.description.unwrap_or_default(),
        price: request.price,
        files: request.files,
    };
    let product = Product::draft(ProductId::new(now), caller.user_id, details, now);
    let body = serde_json::to_string(&ProductResponse::from(&product));
    let body = body.map_err(|error| Problem::internal(&error))?;
    let record = idempotent.as_ref().map(|request| request.record(&body));
    let record = record.as_ref().map(|record| NewRecord {
        idempotency: &app.idempotency,
        record,
    });
    match (app.products.create(&product, record).await?, idempotent) {
        (ProductCreation::Created, _) => respond(&body),
        (ProductCreation::Repeated, Some(idempotent)) => {
            let first = idempotent.find_body(&app.idempotency, now).await?;
            respond(&first.ok_or_else(IdempotencyKey::in_progress)?)
        }
        (ProductCreation::Repeated, None) => Err(Problem::unavailable()),
        (ProductCreation::SellerErased, _) => Err(Problem::session_ended()),
    }
}

/// The request with its key and its fields.
fn idempotent(
    caller: &auth::Caller,
    key: Option<String>,
    request: &CreateProductRequest,
) -> Option<IdempotentRequest> {
    let amount = request.price.amount.to_string();
    let files = request.files.ids().iter().map(ToString::to_string);
    let files: Vec<String> = files.collect();
    let mut fields = vec![
        Some(request.title.as_str()),
        request.description.as_ref().map(Description::as_str),
        Some(amount.as_str()),
        Some(request.price.currency.code()),
    ];
    fields.extend(files.iter().map(|id| Some(id.as_str())));
    IdempotentRequest::new(caller.user_id, "POST /products", key, &fields)
}

/// Creates the response. The body of a repeated request was stored; it also contains the product's id for the `Location`.
fn respond(body: &str) -> Result<Response, Problem> {
    let parsed: serde_json::Value =
        serde_json::from_str(body).map_err(|error| Problem::internal(&error))?;
    let id = parsed["product"]["id"].as_str().unwrap_or_default();
    let location = [(header::LOCATION, format!("/products/{id}"))];
    Ok((StatusCode::CREATED, location, Json(parsed)).into_response())
}

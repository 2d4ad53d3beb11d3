use axum::{
    Json,
    response::{IntoResponse as _, Response},
};
use domain::{Money, Product, UploadId, product::ProductFile};
use http::header;
use http_api::{Timestamp, etag};
use serde::Serialize;
use utoipa::ToSchema;

/// A product.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Product)]
#[serde(rename_all = "camelCase")]
pub struct ProductView {
    #[schema(format = "uuid")]
    id: String,
    /// The user who sells it.
    #[schema(format = "uuid")]
    seller_id: String,
    title: String,
    /// The description, in lines. It may be empty.
    description: String,
    price: MoneyView,
    /// The files that buyers get.
    files: Vec<ProductFileView>,
    /// `draft`: only its seller sees it. `published`: it is for sale. `archived`: it is no longer for sale.
    #[schema(pattern = "^(draft|published|archived)$")]
    status: &'static str,
    created_at: Timestamp,
    updated_at: Timestamp,
    /// When it was published. Absent for a product that never was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    published_at: Option<Timestamp>,
}

/// An amount of money.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Money)]
pub struct MoneyView {
    /// Minor units of the currency: 499 is 4.99 EUR, and 499 JPY.
    amount: u64,
    /// The code of the currency in ISO 4217.
    #[schema(pattern = "^[A-Z]{3}$")]
    currency: &'static str,
}

/// A file of a product. `filename` and `size` are absent until it is published.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProductFile)]
#[serde(rename_all = "camelCase")]
struct ProductFileView {
    #[schema(format = "uuid")]
    upload_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    filename: Option<String>,
    /// Bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    size: Option<u64>,
}

impl From<&Money> for MoneyView {
    fn from(money: &Money) -> Self {
        Self {
            amount: money.amount,
            currency: money.currency.code(),
        }
    }
}

impl From<&Product> for ProductView {
    fn from(product: &Product) -> Self {
        let file = |id: &UploadId| {
            let published = product.published_files.iter();
            ProductFileView::new(*id, published.clone().find(|file| file.upload == *id))
        };
        Self {
            id: product.id.to_string(),
            seller_id: product.seller.to_string(),
            title: product.details.title.as_str().to_owned(),
            description: product.details.description.as_str().to_owned(),
            price: (&product.details.price).into(),
            files: product.details.files.ids().iter().map(file).collect(),
            status: product.status.as_str(),
            created_at: Timestamp(product.created_at),
            updated_at: Timestamp(product.updated_at),
            published_at: product.published_at.map(Timestamp),
        }
    }
}

impl ProductFileView {
    fn new(id: UploadId, published: Option<&ProductFile>) -> Self {
        Self {
            upload_id: id.to_string(),
            filename: published.map(|file| file.filename.as_str().to_owned()),
            size: published.map(|file| file.size),
        }
    }
}

/// A response with a product.
#[derive(Debug, Serialize, ToSchema)]
pub struct ProductResponse {
    product: ProductView,
}

impl From<&Product> for ProductResponse {
    fn from(product: &Product) -> Self {
        Self {
            product: product.into(),
        }
    }
}

/// Answers the seller with a product and its `ETag`.
pub fn product_response(product: &Product) -> Response {
    let body = Json(ProductResponse::from(product));
    ([(header::ETAG, etag(product.version))], body).into_response()
}

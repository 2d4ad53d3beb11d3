use domain::{
    AddressId, Currency, Entitlement, Money, Product, Upload, UploadId, UserId,
    product::ProductFile, upload::Filename,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UserData {
    /// The user.
    #[schema(value_type = String, format = "uuid")]
    pub user_id: UserId,
    /// The id of the address of a deleted user, by which uploads finds what others share with the address. Webhooks do not have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(ignore)]
    pub address_id: Option<AddressId>,
}

impl UserData {
    /// A user.
    #[must_use]
    pub const fn of(user_id: UserId) -> Self {
        Self {
            user_id,
            address_id: None,
        }
    }
}

/// A file of a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct UploadData {
    /// The upload.
    #[schema(value_type = String, format = "uuid")]
    pub upload_id: UploadId,
    /// The user who owns the file.
    #[schema(value_type = String, format = "uuid")]
    pub owner_id: UserId,
    /// The name of the file.
    pub filename: String,
    /// Its media type.
    pub content_type: String,
    /// Its size in bytes.
    pub size: u64,
}

/// An amount of money.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MoneyData {
    /// Minor units of the currency, such as 499 for 4.99 EUR and for 499 JPY.
    pub amount: u64,
    /// The code of the currency in ISO 4217, such as EUR.
    pub currency: String,
}

/// A file of a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct FileData {
    /// The upload.
    #[schema(value_type = String, format = "uuid")]
    pub upload_id: UploadId,
    /// The name of the file.
    pub filename: String,
    /// Its size in bytes.
    pub size: u64,
}

/// A product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProductData {
    /// The product.
    #[schema(value_type = String, format = "uuid")]
    pub product_id: domain::ProductId,
    /// The user who sells it.
    #[schema(value_type = String, format = "uuid")]
    pub seller_id: UserId,
    /// `draft`, `published` or `archived`. A draft that is archived was never for sale.
    pub status: String,
    /// The title.
    pub title: String,
    /// The price.
    pub price: MoneyData,
    /// The files that its buyers get.
    pub files: Vec<FileData>,
    /// Whether the product is removed, because the account of its seller is deleted. It has no files any more.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub removed: bool,
}

/// An order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct OrderData {
    /// The order.
    #[schema(value_type = String, format = "uuid")]
    pub order_id: domain::OrderId,
    /// The user who buys.
    #[schema(value_type = String, format = "uuid")]
    pub buyer_id: UserId,
    /// The user who sells.
    #[schema(value_type = String, format = "uuid")]
    pub seller_id: UserId,
    /// The product.
    #[schema(value_type = String, format = "uuid")]
    pub product_id: domain::ProductId,
    /// The title of the product when it was ordered.
    pub title: String,
    /// The price when it was ordered.
    pub price: MoneyData,
    /// The part of the price that was paid back, in minor units.
    pub refunded_amount: u64,
    /// `pending`, `paid`, `failed`, `expired`, `cancelled`, `refunded` or `disputed`.
    pub status: String,
    /// Whether the order gives its buyer the right to the product.
    pub entitled: bool,
}

/// The right of a user to a product.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct EntitlementData {
    /// The user.
    #[schema(value_type = String, format = "uuid")]
    pub user_id: UserId,
    /// The product.
    #[schema(value_type = String, format = "uuid")]
    pub product_id: domain::ProductId,
    /// Whether the user has the right.
    pub active: bool,
}

impl From<&Money> for MoneyData {
    fn from(money: &Money) -> Self {
        Self {
            amount: money.amount,
            currency: money.currency.code().to_owned(),
        }
    }
}

impl MoneyData {
    /// The amount; `None` when the currency is not known to this version.
    #[must_use]
    pub fn money(&self) -> Option<Money> {
        Some(Money {
            amount: self.amount,
            currency: Currency::parse(&self.currency).ok()?,
        })
    }
}

impl From<&ProductFile> for FileData {
    fn from(file: &ProductFile) -> Self {
        Self {
            upload_id: file.upload,
            filename: file.filename.as_str().to_owned(),
            size: file.size,
        }
    }
}

impl From<FileData> for ProductFile {
    fn from(file: FileData) -> Self {
        Self {
            upload: file.upload_id,
            filename: Filename::stored(file.filename),
            size: file.size,
        }
    }
}

impl From<&Upload> for UploadData {
    fn from(upload: &Upload) -> Self {
        Self {
            upload_id: upload.id,
            owner_id: upload.owner,
            filename: upload.filename.as_str().to_owned(),
            content_type: upload.content_type.as_str().to_owned(),
            size: upload.size.bytes(),
        }
    }
}

impl From<&Product> for ProductData {
    fn from(product: &Product) -> Self {
        Self {
            product_id: product.id,
            seller_id: product.seller,
            status: product.status.as_str().to_owned(),
            title: product.details.title.as_str().to_owned(),
            price: (&product.details.price).into(),
            files: product.published_files.iter().map(Into::into).collect(),
            removed: false,
        }
    }
}

impl From<&Entitlement> for EntitlementData {
    fn from(right: &Entitlement) -> Self {
        Self {
            user_id: right.user,
            product_id: right.product,
            active: right.is_active(),
        }
    }
}

impl From<&domain::Order> for OrderData {
    fn from(order: &domain::Order) -> Self {
        Self {
            order_id: order.id,
            buyer_id: order.buyer,
            seller_id: order.seller,
            product_id: order.product,
            title: order.title.as_str().to_owned(),
            price: (&order.price).into(),
            refunded_amount: order.facts.refunded(),
            status: order.status().as_str().to_owned(),
            entitled: order.is_entitled(),
        }
    }
}

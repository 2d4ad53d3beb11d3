//! The fields of products in requests.

use domain::{
    Currency, Invalid, Money, UploadId,
    product::{Description, FileList, MAX_FILES, Title},
};
use http_api::{Fields, number, text};
use serde_json::Value;
use utoipa::ToSchema;

/// A price in a request.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the fields of `price`")]
pub struct Price {
    /// Minor units of the currency: 499 is 4.99 EUR, and 499 JPY. 0 is free.
    #[schema(maximum = 99_999_999, example = 499)]
    amount: u64,
    /// The code of the currency in ISO 4217.
    #[schema(pattern = "^[A-Z]{3}$", example = "EUR")]
    currency: String,
}

/// Parses the required fields of a price.
pub fn read_price(fields: &mut Fields) -> Option<Money> {
    let amount = fields.required("amount", number(Ok));
    let currency = fields.required("currency", text(Currency::parse));
    match Money::price(amount?, currency?) {
        Ok(price) => Some(price),
        Err(invalid) => fields.refuse("amount", invalid),
    }
}

/// Parses the required list of files.
pub fn read_files(fields: &mut Fields) -> Option<FileList> {
    let ids = fields.values("files", MAX_FILES, upload_id)?;
    match FileList::parse(ids) {
        Ok(files) => Some(files),
        Err(invalid) => fields.refuse("files", invalid),
    }
}

fn upload_id(value: &Value) -> Result<UploadId, Invalid> {
    text(UploadId::parse)(value)
}

/// Parses a title.
pub fn read_title(value: &Value) -> Result<Title, Invalid> {
    text(Title::parse)(value)
}

/// Parses a description.
pub fn read_description(value: &Value) -> Result<Description, Invalid> {
    text(Description::parse)(value)
}

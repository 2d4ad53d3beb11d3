use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    Currency, ListingId, Money, Product, ProductId, ProductStatus, UploadId, UserId,
    product::{Description, FileList, ProductDetails, ProductFile, Title},
    upload::Filename,
};

use crate::{
    StoreError,
    row::{Row, at, item, n, s},
    write::Item,
};

/// The partition key of the index `shop`. All published products have the same: a shop has few changes, and its pages are
/// cached.
pub(super) const SHOP: &str = "shop";

/// The item of a product. Published products are also in the index `shop`, by the time of publication.
pub(super) fn write(product: &Product) -> Item {
    let details = &product.details;
    let mut item = item([
        ("id", s(product.id.to_string())),
        ("seller", s(product.seller.to_string())),
        ("title", s(details.title.as_str())),
        ("description", s(details.description.as_str())),
        ("amount", n(details.price.amount)),
        ("currency", s(details.price.currency.code())),
        ("files", ids(details.files.ids())),
        ("status", s(product.status.as_str())),
        ("version", n(product.version)),
        ("created_at", at(product.created_at)),
        ("updated_at", at(product.updated_at)),
        ("published_files", write_files(&product.published_files)),
    ]);
    if let Some(published_at) = product.published_at {
        item.insert("published_at".to_owned(), at(published_at));
        if product.is_public() {
            let listed = ListingId::of_product(published_at, product.id);
            item.insert("shop".to_owned(), s(SHOP));
            item.insert("listed".to_owned(), s(listed.to_string()));
        }
    }
    item
}

fn ids(ids: &[UploadId]) -> AttributeValue {
    AttributeValue::L(ids.iter().map(|id| s(id.to_string())).collect())
}

/// Files as a list of maps.
pub(crate) fn write_files(files: &[ProductFile]) -> AttributeValue {
    let map = |file: &ProductFile| {
        AttributeValue::M(item([
            ("upload", s(file.upload.to_string())),
            ("filename", s(file.filename.as_str())),
            ("size", n(file.size)),
        ]))
    };
    AttributeValue::L(files.iter().map(map).collect())
}

pub(crate) fn read(mut row: Row) -> Result<Product, StoreError> {
    let currency = row.parsed("currency", Currency::parse)?;
    let published_at = row.optional_time("published_at")?;
    let uploads = row.list("files")?.into_iter().map(|value| match value {
        AttributeValue::S(id) => UploadId::parse(&id).map_err(|_| StoreError::Corrupt("files")),
        _ => Err(StoreError::Corrupt("files")),
    });
    Ok(Product {
        id: row.parsed("id", ProductId::parse)?,
        seller: row.parsed("seller", UserId::parse)?,
        details: ProductDetails {
            title: Title::stored(row.text("title")?),
            description: Description::stored(row.text("description")?),
            price: Money {
                amount: row.number("amount")?,
                currency,
            },
            files: FileList::stored(uploads.collect::<Result<_, _>>()?),
        },
        status: ProductStatus::parse(&row.text("status")?).ok_or(StoreError::Corrupt("status"))?,
        published_files: read_files(&mut row, "published_files")?,
        version: row.number("version")?,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        published_at,
    })
}

/// Reads [`write_files`].
pub(crate) fn read_files(
    row: &mut Row,
    name: &'static str,
) -> Result<Vec<ProductFile>, StoreError> {
    let file = |value| match value {
        AttributeValue::M(map) => {
            let mut row = Row(map);
            Ok(ProductFile {
                upload: row.parsed("upload", UploadId::parse)?,
                filename: Filename::stored(row.text("filename")?),
                size: row.number("size")?,
            })
        }
        _ => Err(StoreError::Corrupt(name)),
    };
    row.list(name)?.into_iter().map(file).collect()
}

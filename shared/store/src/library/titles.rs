use aws_sdk_dynamodb::Client;
use domain::{ProductId, UserId, product::ProductFile};
use settings::{Env, EnvError};

use crate::{
    StoreError,
    products::item::{read_files, write_files},
    row::{Row, item, n, s},
    table::Table,
};

/// What the library knows of products: product id -> title and files, copied from events.
#[derive(Debug, Clone)]
pub struct ProductTitles(pub(super) Table);

/// A product as an event told of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductCopy {
    /// The product.
    pub id: ProductId,
    /// The user who sells it; `None` after the deletion of the seller.
    pub seller: Option<UserId>,
    /// The title.
    pub title: String,
    /// The word of its status.
    pub status: String,
    /// The files that its buyers get.
    pub files: Vec<ProductFile>,
    /// The version of the product.
    pub version: u64,
}

impl ProductTitles {
    /// The table that `PRODUCT_TITLES_TABLE` names.
    ///
    /// # Errors
    /// When the variable is not set.
    pub fn from_env(env: &Env, client: &Client) -> Result<Self, EnvError> {
        Table::from_env(env, client, "PRODUCT_TITLES_TABLE").map(Self)
    }

    /// The copy of a product.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn find(&self, id: ProductId) -> Result<Option<ProductCopy>, StoreError> {
        let found = self.0.find([("id", id.to_string())]).await?;
        found.map(read).transpose()
    }

    /// Stores a copy, unless there is one of the same or a later version.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn put(&self, copy: &ProductCopy) -> Result<(), StoreError> {
        let mut copied = item([
            ("id", s(copy.id.to_string())),
            ("title", s(&copy.title)),
            ("status", s(&copy.status)),
            ("files", write_files(&copy.files)),
            ("version", n(copy.version)),
        ]);
        if let Some(seller) = copy.seller {
            copied.insert("seller".to_owned(), s(seller.to_string()));
        }
        let put = self.0.put(copied);
        let put = put
            .only_if("attribute_not_exists(id) OR #version < :version")
            .bind([(":version", n(copy.version))]);
        put.send().await.map(|_| ())
    }
}

pub(super) fn read(mut row: Row) -> Result<ProductCopy, StoreError> {
    Ok(ProductCopy {
        id: row.parsed("id", ProductId::parse)?,
        seller: match row.optional_text("seller") {
            Some(seller) => {
                let seller = UserId::parse(&seller);
                Some(seller.map_err(|_| StoreError::Corrupt("seller"))?)
            }
            None => None,
        },
        title: row.text("title")?,
        status: row.text("status")?,
        files: read_files(&mut row, "files")?,
        version: row.number("version")?,
    })
}

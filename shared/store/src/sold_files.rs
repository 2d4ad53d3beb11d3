use aws_sdk_dynamodb::{Client, types::AttributeValue};
use domain::{ProductId, ProductStatus, UploadId, UserId, upload::Transition};
use settings::{Env, EnvError};
use time::OffsetDateTime;

use crate::{
    StoreError, UploadRecords,
    row::{Row, item, milliseconds, n, s},
    table::Table,
    transaction::{Outcome, Transaction},
    write::Item,
};

/// What uploads knows of sales: which files belong to which products, and who has a right to them. Copied from events.
///
/// The partition of a file has its products, and the partition of a product has its state and its buyers.
#[derive(Debug, Clone)]
pub struct SoldFiles(Table);

/// A product that a file belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SoldIn {
    /// The product.
    pub product: ProductId,
    /// The owner of the file, who sells it.
    pub owner: UserId,
}

/// The state of a product as an event told of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SoldProduct {
    /// Whether it is for sale.
    pub status: ProductStatus,
    /// When it got this state.
    pub since: OffsetDateTime,
}

/// The parts of pinning a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Upload,
    Pin,
}

/// The sort key of the state of a product.
const STATE: &str = "state";

fn file(upload: UploadId) -> String {
    format!("upload#{upload}")
}

fn product(id: ProductId) -> String {
    format!("product#{id}")
}

fn user(id: UserId) -> String {
    format!("user#{id}")
}

impl SoldFiles {
    /// The table that `SOLD_FILES_TABLE` names.
    ///
    /// # Errors
    /// When the variable is not set.
    pub fn from_env(env: &Env, client: &Client) -> Result<Self, EnvError> {
        Table::from_env(env, client, "SOLD_FILES_TABLE").map(Self)
    }

    /// Records that a file belongs to a product: in the upload's record, so that it is not deleted, and here, so that buyers
    /// find it. Returns whether the record still was the one that the transition began with.
    ///
    /// # Errors
    /// When the tables do not answer.
    pub async fn pin(
        &self,
        records: &UploadRecords,
        transition: &Transition,
        in_product: ProductId,
    ) -> Result<bool, StoreError> {
        let upload = &transition.to;
        let pin = self.0.put(item([
            ("subject", s(file(upload.id))),
            ("holder", s(product(in_product))),
            ("owner", s(upload.owner.to_string())),
        ]));
        let change = Transaction::of((Part::Upload, records.change(transition)), (Part::Pin, pin))?;
        Ok(change.commit().await? == Outcome::Committed)
    }

    /// Removes what [`SoldFiles::pin`] recorded.
    ///
    /// # Errors
    /// When the tables do not answer.
    pub async fn unpin(
        &self,
        records: &UploadRecords,
        transition: &Transition,
        of_product: ProductId,
    ) -> Result<bool, StoreError> {
        let pin = self.0.delete([
            ("subject", file(transition.to.id)),
            ("holder", product(of_product)),
        ]);
        let change = Transaction::of((Part::Upload, records.change(transition)), (Part::Pin, pin))?;
        Ok(change.commit().await? == Outcome::Committed)
    }

    /// The products that a file belongs to. Eventually consistent.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn products_of(&self, upload: UploadId) -> Result<Vec<SoldIn>, StoreError> {
        let values = [(":subject", s(file(upload)))];
        let page = self.0.query("subject = :subject", values).send().await?;
        let read = |item| {
            let mut row = Row(item);
            Ok(SoldIn {
                product: row.parsed("holder", |text| {
                    ProductId::parse(text.strip_prefix("product#").unwrap_or_default())
                })?,
                owner: row.parsed("owner", UserId::parse)?,
            })
        };
        let items = page.items.unwrap_or_default().into_iter();
        items.map(read).collect()
    }

    /// Those of `products`, at most 100, that a user has a right to. Strongly consistent: a right that was revoked is not found.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn held_by(
        &self,
        holder: UserId,
        products: &[SoldIn],
    ) -> Result<Vec<ProductId>, StoreError> {
        let key = |sold: &SoldIn| self.right_key(holder, sold.product);
        let keys = products.iter().map(key).collect();
        let rows = self.0.find_batch(keys, None, true).await?;
        let mut held = Vec::new();
        for mut row in rows {
            if row.flag("active")? {
                held.push(row.parsed("subject", |text| {
                    ProductId::parse(text.strip_prefix("product#").unwrap_or_default())
                })?);
            }
        }
        Ok(held)
    }

    #[expect(clippy::unused_self, reason = "a key of this table")]
    fn right_key(&self, holder: UserId, of: ProductId) -> Item {
        item([("subject", s(product(of))), ("holder", s(user(holder)))])
    }

    /// Stores whether a user has a right to a product, unless a later version is known.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn put_right(
        &self,
        holder: UserId,
        of: ProductId,
        active: bool,
        version: u64,
    ) -> Result<(), StoreError> {
        let mut item = self.right_key(holder, of);
        item.insert("active".to_owned(), AttributeValue::Bool(active));
        item.insert("version".to_owned(), n(version));
        self.put_newer(item, version).await
    }

    /// Stores the state of a product, unless a later version is known.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn put_product(
        &self,
        id: ProductId,
        state: SoldProduct,
        version: u64,
    ) -> Result<(), StoreError> {
        let item = item([
            ("subject", s(product(id))),
            ("holder", s(STATE)),
            ("status", s(state.status.as_str())),
            ("since", milliseconds(state.since)),
            ("version", n(version)),
        ]);
        self.put_newer(item, version).await
    }

    async fn put_newer(&self, item: Item, version: u64) -> Result<(), StoreError> {
        let put = self.0.put(item);
        let put = put
            .only_if("attribute_not_exists(subject) OR #version < :version")
            .bind([(":version", n(version))]);
        put.send().await.map(|_| ())
    }

    /// The state of a product, if an event told of it.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn product(&self, id: ProductId) -> Result<Option<SoldProduct>, StoreError> {
        let key = [("subject", product(id)), ("holder", STATE.to_owned())];
        let Some(mut row) = self.0.find(key).await? else {
            return Ok(None);
        };
        let status = row.text("status")?;
        let since = row.optional_milliseconds("since");
        Ok(Some(SoldProduct {
            status: ProductStatus::parse(&status).ok_or(StoreError::Corrupt("status"))?,
            since: since.ok_or(StoreError::Corrupt("since"))?,
        }))
    }

    /// Whether any user has a right to a product. Strongly consistent.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn has_buyers(&self, id: ProductId) -> Result<bool, StoreError> {
        let values = [
            (":subject", s(product(id))),
            (":users", s("user#")),
            (":active", AttributeValue::Bool(true)),
        ];
        let condition = "subject = :subject AND begins_with(holder, :users)";
        let query = self
            .0
            .query_filtered(condition, "active = :active", values)
            .consistent_read(true);
        let mut after = None;
        loop {
            let page = query.clone().set_exclusive_start_key(after).send().await?;
            if page.count > 0 {
                return Ok(true);
            }
            after = page.last_evaluated_key;
            if after.is_none() {
                return Ok(false);
            }
        }
    }
}

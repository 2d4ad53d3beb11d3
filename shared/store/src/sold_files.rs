use aws_sdk_dynamodb::{Client, types::AttributeValue};
use domain::{ProductId, ProductStatus, Upload, UploadId, UserId, upload::Transition};
use settings::{Env, EnvError};
use time::OffsetDateTime;

use crate::{
    StoreError, UploadRecords, erased,
    row::{self, Row, item, milliseconds, n, s},
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

/// The parts of storing a right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum RightPart {
    Erased,
    Right,
    Mention,
}

/// The sort key of the mark that a user is deleted. It sorts after the products of the user.
const ERASED: &str = "~erased";

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

    /// Stores whether a user has a right to a product, unless a later version is known, or the user is deleted. A new right is also
    /// mentioned in the partition of the user's digest, where [`Self::erase_user`] finds it.
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
        let key = erased::mark_key(holder);
        for _ in 0..2 {
            let mention = [("subject", key.clone()), ("holder", product(of))];
            let mention = mention.map(|(name, value)| (name, s(value)));
            let right = self.0.put(item.clone());
            let right = right.only_if("attribute_not_exists(subject)");
            let mark = [("subject", key.clone()), ("holder", ERASED.to_owned())];
            let mark = self.0.check(mark, "attribute_not_exists(subject)");
            let new =
                Transaction::of_checked((RightPart::Erased, mark), (RightPart::Right, right))?;
            let new = new.and(RightPart::Mention, self.0.put(row::item(mention)))?;
            match new.commit().await? {
                Outcome::Committed => return Ok(()),
                Outcome::Refused(failed) if failed.first() == RightPart::Erased => return Ok(()),
                Outcome::Refused(_) => {}
            }
            let put = self.0.put(item.clone());
            let put = put
                .only_if("#version < :version")
                .bind([(":version", n(version))]);
            // If not: a later version is known, or the user was erased meanwhile, which the second try tells.
            if put.send().await?.is_done() {
                return Ok(());
            }
        }
        Ok(())
    }

    /// Deletes the rights of a deleted user, and stores none from now on.
    ///
    /// # Errors
    /// When the table does not answer. A repeated call continues.
    pub async fn erase_user(&self, holder: UserId, now: OffsetDateTime) -> Result<(), StoreError> {
        let key = erased::mark_key(holder);
        let mark = [("subject", key.clone()), ("holder", ERASED.to_owned())];
        // First the mark: what is stored afterwards finds it.
        self.0.put(erased::mark(mark, now)).send().await?;
        let mut after = None;
        loop {
            let values = [(":user", s(&key)), (":end", s(ERASED))];
            let query = self.0.query("subject = :user AND holder < :end", values);
            let query = query.consistent_read(true).set_exclusive_start_key(after);
            let page = query.send().await?;
            for item in page.items.unwrap_or_default() {
                let of = Row(item).text("holder")?;
                let right = [("subject", of.clone()), ("holder", user(holder))];
                self.0.delete(right).send().await?;
                let mention = [("subject", key.clone()), ("holder", of)];
                self.0.delete(mention).send().await?;
            }
            after = page.last_evaluated_key;
            if after.is_none() {
                return Ok(());
            }
        }
    }

    /// Removes what [`SoldFiles::pin`] recorded of a file here. Its record is erased next.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn erase_file(&self, upload: &Upload) -> Result<(), StoreError> {
        for of in &upload.sold_in {
            let pin = [("subject", file(upload.id)), ("holder", product(*of))];
            self.0.delete(pin).send().await?;
        }
        Ok(())
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

use aws_sdk_dynamodb::{Client, types::AttributeValue};
use domain::{ListingId, Product, ProductId, UserId};
use settings::{Env, EnvError};
use time::OffsetDateTime;

use crate::{
    NewRecord, StoreError, erased,
    row::{Row, n, s},
    table::Table,
    transaction::{Outcome, Transaction},
    write::Written,
};

pub(crate) mod item;

use self::item::read;

/// The products: product id -> what its seller wrote. The index `shop` has the published ones by the time of publication,
/// and the index `seller` those of a seller.
#[derive(Debug, Clone)]
pub struct Products(Table);

/// How a change of a product ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProductChange {
    /// The product is changed.
    Changed,
    /// Another request changed or removed it first.
    Conflict,
}

/// The parts of creating a product.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Answer,
    Erased,
    Product,
}

/// How the creation of a product ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProductCreation {
    /// The product is created.
    Created,
    /// A request with the same idempotency key came first.
    Repeated,
    /// The account of the seller is deleted.
    SellerErased,
}

impl Products {
    /// The table that `PRODUCTS_TABLE` names.
    ///
    /// # Errors
    /// When the variable is not set.
    pub fn from_env(env: &Env, client: &Client) -> Result<Self, EnvError> {
        Table::from_env(env, client, "PRODUCTS_TABLE").map(Self)
    }

    /// The product of an id. Strongly consistent: sellers see their own changes.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn find(&self, id: ProductId) -> Result<Option<Product>, StoreError> {
        let found = self.0.find([("id", id.to_string())]).await?;
        found.map(read).transpose()
    }

    /// Creates a product. A `record` stores the response, for a repeated request.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn create(
        &self,
        product: &Product,
        record: Option<NewRecord<'_>>,
    ) -> Result<ProductCreation, StoreError> {
        let put = self.0.put(item::write(product));
        let put = put.only_if("attribute_not_exists(id)");
        let mark = [("id", erased::mark_key(product.seller))];
        let mark = self.0.check(mark, "attribute_not_exists(id)");
        let answer = record.map(|record| record.put(product.created_at));
        let creation = Transaction::of_checked((Part::Erased, mark), (Part::Product, put))?;
        let creation = creation.and_maybe(Part::Answer, answer)?;
        Ok(match creation.commit().await? {
            Outcome::Committed => ProductCreation::Created,
            Outcome::Refused(failed) if failed.first() == Part::Answer => ProductCreation::Repeated,
            Outcome::Refused(_) => ProductCreation::SellerErased,
        })
    }

    /// Records that a seller is deleted: from now on, nothing is created for the seller.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn mark_erased(&self, seller: UserId, now: OffsetDateTime) -> Result<(), StoreError> {
        let mark = erased::mark([("id", erased::mark_key(seller))], now);
        self.0.put(mark).send().await.map(|_| ())
    }

    /// Changes a product that still has the version before that of `next`.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn change(&self, next: &Product) -> Result<ProductChange, StoreError> {
        let put = self.0.put(item::write(next));
        let put = put
            .only_if("#version = :before")
            .bind([(":before", n(next.version - 1))]);
        if put.send().await?.is_done() {
            return Ok(ProductChange::Changed);
        }
        // An earlier try whose reply got lost may have written it.
        let is_written = self.find(next.id).await?.as_ref() == Some(next);
        Ok(if is_written {
            ProductChange::Changed
        } else {
            ProductChange::Conflict
        })
    }

    /// Removes a product.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn remove(&self, id: ProductId) -> Result<(), StoreError> {
        let delete = self.0.delete([("id", id.to_string())]);
        match delete.send().await? {
            Written::Done(_) | Written::ConditionFailed(_) => Ok(()),
        }
    }

    /// At most `limit` published products, newest first, of those published before `before`. Eventually consistent.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn published(
        &self,
        before: Option<ListingId>,
        limit: usize,
    ) -> Result<Vec<Product>, StoreError> {
        let (condition, before) = match before {
            Some(before) => (
                "shop = :shop AND listed < :before",
                Some((":before", s(before.to_string()))),
            ),
            None => ("shop = :shop", None),
        };
        let values = [(":shop", s(item::SHOP))].into_iter().chain(before);
        self.page("shop", condition, values, limit).await
    }

    /// At most `limit` products of a seller, newest first, of those created before `before`. Eventually consistent.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn of_seller(
        &self,
        seller: UserId,
        before: Option<ProductId>,
        limit: usize,
    ) -> Result<Vec<Product>, StoreError> {
        let (condition, before) = match before {
            Some(before) => (
                "seller = :seller AND id < :before",
                Some((":before", s(before.to_string()))),
            ),
            None => ("seller = :seller", None),
        };
        let values = [(":seller", s(seller.to_string()))]
            .into_iter()
            .chain(before);
        self.page("seller", condition, values, limit).await
    }

    /// Queries an index until the page is full: an answer of `DynamoDB` has at most 1 MB.
    async fn page(
        &self,
        index: &str,
        condition: &str,
        values: impl IntoIterator<Item = (&'static str, AttributeValue)>,
        limit: usize,
    ) -> Result<Vec<Product>, StoreError> {
        let query = self
            .0
            .query(condition, values)
            .index_name(index)
            .scan_index_forward(false);
        let (mut found, mut after) = (Vec::new(), None);
        loop {
            let left = i32::try_from(limit - found.len()).unwrap_or(i32::MAX);
            let page = query.clone().set_exclusive_start_key(after).limit(left);
            let page = page.send().await?;
            for item in page.items.unwrap_or_default() {
                found.push(read(Row(item))?);
            }
            after = page.last_evaluated_key;
            if after.is_none() || found.len() >= limit {
                return Ok(found);
            }
        }
    }
}

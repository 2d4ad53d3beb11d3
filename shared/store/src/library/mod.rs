use std::collections::HashMap;

use aws_sdk_dynamodb::Client;
use domain::{Entitlement, ProductId, UserId};
use settings::{Env, EnvError};

use crate::{
    StoreError,
    row::{Row, item, n, s},
    table::Table,
    transaction::{Outcome, Transaction},
    write::Written,
};

mod erase;
pub(crate) mod item;
mod titles;

pub use self::titles::{ProductCopy, ProductTitles};

/// The rights to products: user and product -> what each source of the right last said.
#[derive(Debug, Clone)]
pub struct Entitlements(Table);

/// The parts of storing a new right.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Part {
    Erased,
    Right,
}

/// Attempts to change a right that other events change at the same time.
const TRIES: u32 = 10;

impl Entitlements {
    /// The table that `ENTITLEMENTS_TABLE` names.
    ///
    /// # Errors
    /// When the variable is not set.
    pub fn from_env(env: &Env, client: &Client) -> Result<Self, EnvError> {
        Table::from_env(env, client, "ENTITLEMENTS_TABLE").map(Self)
    }

    /// The right of a user to a product, also one that has ended. Strongly consistent.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn find(
        &self,
        user: UserId,
        product: ProductId,
    ) -> Result<Option<Entitlement>, StoreError> {
        let key = [("user", user.to_string()), ("product", product.to_string())];
        self.0.find(key).await?.map(item::read).transpose()
    }

    /// Changes a right: `change` decides by the right as it is, and again when another event changed it first. `None` changes
    /// nothing. Says whether the user can have rights: a deleted one gets none.
    ///
    /// # Errors
    /// When the table does not answer, or other events change the right at every try.
    pub async fn change(
        &self,
        none: &Entitlement,
        change: impl Fn(&Entitlement) -> Option<Entitlement>,
    ) -> Result<bool, StoreError> {
        for _ in 0..TRIES {
            let found = self.find(none.user, none.product).await?;
            let right = found.as_ref().unwrap_or(none);
            let Some(next) = change(right) else {
                return Ok(true);
            };
            let put = self.0.put(item::write(&next));
            if found.is_none() {
                let put = put.only_if("attribute_not_exists(product)");
                let mark = self.not_erased(none.user);
                let new = Transaction::of_checked((Part::Erased, mark), (Part::Right, put))?;
                match new.commit().await? {
                    Outcome::Committed => return Ok(true),
                    Outcome::Refused(failed) if failed.first() == Part::Erased => return Ok(false),
                    Outcome::Refused(_) => continue,
                }
            }
            let put = put
                .only_if("#version = :before")
                .bind([(":before", n(right.version))]);
            if let Written::Done(_) = put.send().await? {
                return Ok(true);
            }
        }
        Err(StoreError::Conflict)
    }

    /// At most `limit` rights of a user, by product, newest product first, of those before `before`; rights that have ended are
    /// among them.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn of_user(
        &self,
        user: UserId,
        before: Option<ProductId>,
        limit: usize,
    ) -> Result<Vec<Entitlement>, StoreError> {
        let (condition, before) = match before {
            Some(before) => (
                "#user = :user AND product < :before",
                Some((":before", s(before.to_string()))),
            ),
            None => ("#user = :user", None),
        };
        let values = [(":user", s(user.to_string()))].into_iter().chain(before);
        let page = self
            .0
            .query(condition, values)
            .scan_index_forward(false)
            .consistent_read(true)
            .limit(i32::try_from(limit).unwrap_or(i32::MAX))
            .send()
            .await?;
        let items = page.items.unwrap_or_default().into_iter();
        items.map(|item| item::read(Row(item))).collect()
    }

    /// Removes a right.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn remove(&self, user: UserId, product: ProductId) -> Result<(), StoreError> {
        let delete = self
            .0
            .delete([("user", user.to_string()), ("product", product.to_string())]);
        delete.send().await.map(|_| ())
    }
}

impl ProductTitles {
    /// The copies of up to 100 products. Products that no event told of are missing.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn find_all(
        &self,
        ids: impl IntoIterator<Item = ProductId>,
    ) -> Result<HashMap<ProductId, ProductCopy>, StoreError> {
        let keys = ids.into_iter().map(|id| item([("id", s(id.to_string()))]));
        let rows = self.0.find_batch(keys.collect(), None, false).await?;
        let copies = rows.into_iter().map(titles::read);
        copies
            .map(|copy| copy.map(|copy| (copy.id, copy)))
            .collect()
    }
}

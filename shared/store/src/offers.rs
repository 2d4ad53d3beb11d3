use aws_sdk_dynamodb::{Client, types::AttributeValue};
use domain::{Currency, Money, ProductId, UserId, order::Offer, product::Title};
use settings::{Env, EnvError};

use crate::{
    StoreError,
    row::{item, n, s},
    table::Table,
    write::Item,
};

/// The copy of products that the service of orders keeps: what is for sale, and at which price.
#[derive(Debug, Clone)]
pub struct Offers(Table);

/// What is known of a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfferCopy {
    /// What it offers.
    pub offer: Offer,
    /// Whether it is for sale.
    pub is_for_sale: bool,
    /// The version of the product.
    pub version: u64,
}

impl Offers {
    /// The table that `OFFERS_TABLE` names.
    ///
    /// # Errors
    /// When the variable is not set.
    pub fn from_env(env: &Env, client: &Client) -> Result<Self, EnvError> {
        Table::from_env(env, client, "OFFERS_TABLE").map(Self)
    }

    /// The copy of a product, unless it was removed.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn find(&self, product: ProductId) -> Result<Option<OfferCopy>, StoreError> {
        let Some(mut row) = self.0.find([("id", product.to_string())]).await? else {
            return Ok(None);
        };
        if row.optional_flag("removed") {
            return Ok(None);
        }
        let currency = row.parsed("currency", Currency::parse)?;
        Ok(Some(OfferCopy {
            offer: Offer {
                product,
                seller: row.parsed("seller", UserId::parse)?,
                title: Title::stored(row.text("title")?),
                price: Money {
                    amount: row.number("amount")?,
                    currency,
                },
            },
            is_for_sale: row.flag("for_sale")?,
            version: row.number("version")?,
        }))
    }

    /// Forgets a product that was removed, but for its version: an earlier event that arrives late does not bring it back.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn remove(&self, product: ProductId, version: u64) -> Result<(), StoreError> {
        let removed = item([
            ("id", s(product.to_string())),
            ("removed", AttributeValue::Bool(true)),
            ("version", n(version)),
        ]);
        self.put_newer(removed, version).await
    }

    /// Keeps a copy, unless a later version is known.
    ///
    /// # Errors
    /// When the table does not answer.
    pub async fn put(&self, copy: &OfferCopy) -> Result<(), StoreError> {
        let offer = &copy.offer;
        let copied = item([
            ("id", s(offer.product.to_string())),
            ("seller", s(offer.seller.to_string())),
            ("title", s(offer.title.as_str())),
            ("amount", n(offer.price.amount)),
            ("currency", s(offer.price.currency.code())),
            ("for_sale", AttributeValue::Bool(copy.is_for_sale)),
            ("version", n(copy.version)),
        ]);
        self.put_newer(copied, copy.version).await
    }

    async fn put_newer(&self, item: Item, version: u64) -> Result<(), StoreError> {
        let put = self.0.put(item);
        let put = put
            .only_if("attribute_not_exists(id) OR #version < :version")
            .bind([(":version", n(version))]);
        put.send().await.map(|_| ())
    }
}

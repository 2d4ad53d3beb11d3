//! A shop that looks real: what sellers offer, and who ordered it.

use std::collections::HashSet;

use domain::{
    Currency, Invalid, Money, Order, OrderId, Product, ProductId, User,
    order::{Fact, Offer, Settlement},
    product::{Description, FileList, ProductDetails, ProductFile, Title},
};
use fake::rand::{RngExt as _, rngs::StdRng};
use time::{Duration, OffsetDateTime};

use super::{
    files::{file, owner_of},
    people::{is_seller, person},
    random::{Purpose, choose, generator, uuid_v7},
};

const KINDS: [&str; 8] = [
    "Album", "Chart", "Course", "Handbook", "Pattern", "Recipe", "Template", "Workbook",
];
const TOPICS: [&str; 8] = [
    "bread baking",
    "garden planning",
    "guitar lessons",
    "household budgets",
    "knitting",
    "landscape photos",
    "watercolours",
    "weekend trips",
];
/// Prices in minor units. 0 is free.
const PRICES: [u64; 6] = [0, 290, 500, 990, 1_500, 4_900];
const CURRENCIES: [&str; 3] = ["EUR", "USD", "CHF"];

/// What a run makes up: `people` accounts, `files` files, and times until `until`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Period {
    pub(super) seed: u64,
    pub(super) people: usize,
    pub(super) files: usize,
    pub(super) until: OffsetDateTime,
}

/// Makes up the products: each file of a seller is one.
///
/// # Errors
/// When a rule for products refuses what was made up, which would be a defect.
pub(super) fn products(period: Period) -> Result<Vec<Product>, Invalid> {
    let owners =
        (0..period.files).map(|number| (number, owner_of(period.seed, number, period.people)));
    let of_sellers = owners.filter(|(_, owner)| is_seller(*owner));
    of_sellers
        .map(|(number, owner)| {
            let owner = person(period.seed, owner, period.until)?;
            product(period, number, &owner)
        })
        .collect()
}

/// Makes up the product with the file of this number. One of ten is a draft.
fn product(period: Period, number: usize, seller: &User) -> Result<Product, Invalid> {
    let file = file(period.seed, number, period.people, seller, period.until)?;
    let mut random = generator(period.seed, Purpose::Product, number);
    let created_at = between(&mut random, file.stored_at, period.until);
    let id = ProductId::from_bytes(uuid_v7(&mut random, created_at));
    let kind = choose(&mut random, &KINDS).unwrap_or(KINDS[0]);
    let topic = choose(&mut random, &TOPICS).unwrap_or(TOPICS[0]);
    let currency = choose(&mut random, &CURRENCIES).unwrap_or(CURRENCIES[0]);
    let amount = choose(&mut random, &PRICES).unwrap_or_default();
    let details = ProductDetails {
        title: Title::parse(&format!("{kind}: {topic}, part {number}"))?,
        description: Description::parse(&format!("A {} about {topic}.", kind.to_lowercase()))?,
        price: Money::price(amount, Currency::parse(currency)?)?,
        files: FileList::parse(vec![file.announcement.id])?,
    };
    let draft = Product::draft(id, seller.id, details, created_at);
    if random.random_bool(0.1) {
        return Ok(draft);
    }
    let facts = ProductFile {
        upload: file.announcement.id,
        filename: file.announcement.filename,
        size: file.announcement.size.bytes(),
    };
    let published_at = between(&mut random, created_at, period.until);
    let published = draft.publish(&[facts], published_at);
    Ok(published.ok().flatten().unwrap_or(draft))
}

/// Makes up `count` orders of the published products. A buyer orders a product once, and none of their own.
///
/// # Errors
/// When a rule for accounts refuses what was made up, which would be a defect.
pub(super) fn orders(
    period: Period,
    products: &[Product],
    count: usize,
) -> Result<Vec<Order>, Invalid> {
    let public: Vec<_> = products.iter().filter(|it| it.is_public()).collect();
    let mut known = HashSet::new();
    let mut orders = Vec::new();
    for number in 0..count {
        let mut random = generator(period.seed, Purpose::Order, number);
        let Some(product) = choose(&mut random, &public) else {
            break;
        };
        let buyer = random.random_range(0..period.people);
        let buyer = person(period.seed, buyer, period.until)?;
        if buyer.id != product.seller && known.insert((buyer.id, product.id)) {
            orders.push(order(&mut random, &buyer, product, period.until));
        }
    }
    Ok(orders)
}

/// Makes up an order. Most are paid; some were cancelled or paid back.
fn order(random: &mut StdRng, buyer: &User, product: &Product, until: OffsetDateTime) -> Order {
    let published_at = product.published_at.unwrap_or(product.created_at);
    let placed_at = between(random, published_at.max(buyer.created_at), until);
    let id = OrderId::from_bytes(uuid_v7(random, placed_at));
    let order = Order::place(id, buyer.id, offer(product), placed_at);
    if order.price.is_free() {
        return order;
    }
    let settled_at = between(random, placed_at, until.min(placed_at + Duration::hours(1)));
    let is_cancelled = random.random_bool(0.1);
    let is_refunded = random.random_bool(0.1);
    let settlement = if is_cancelled {
        Settlement::Cancelled
    } else {
        Settlement::Paid
    };
    let settled = order.learn(Fact::Settled(settlement), settled_at);
    let settled = settled.unwrap_or(order);
    if is_cancelled || !is_refunded {
        return settled;
    }
    let refunded_at = between(random, settled_at, until);
    let refunded = settled.learn(Fact::Refunded(settled.price.amount), refunded_at);
    refunded.unwrap_or(settled)
}

fn offer(product: &Product) -> Offer {
    Offer {
        product: product.id,
        seller: product.seller,
        title: product.details.title.clone(),
        price: product.details.price,
    }
}

/// Chooses a time, in whole milliseconds.
fn between(random: &mut StdRng, from: OffsetDateTime, to: OffsetDateTime) -> OffsetDateTime {
    let length = i64::try_from((to - from).whole_milliseconds()).unwrap_or(1);
    from + Duration::milliseconds(random.random_range(0..length.max(1)))
}

#[cfg(test)]
mod tests {
    use domain::{Role, product::ProductStatus};
    use time::macros::datetime;

    use super::*;

    const PERIOD: Period = Period {
        seed: 5,
        people: 40,
        files: 300,
        until: datetime!(2026-01-01 00:00:00 UTC),
    };

    #[test]
    fn sellers_offer_their_files() {
        let products = products(PERIOD).unwrap();
        assert_eq!(products, super::products(PERIOD).unwrap());
        let people = (0..PERIOD.people).map(|it| person(PERIOD.seed, it, PERIOD.until).unwrap());
        let people: Vec<_> = people.collect();
        let mut published = 0;
        for product in &products {
            let seller = people.iter().find(|it| it.id == product.seller).unwrap();
            assert!(seller.roles.contains(&Role::Seller));
            assert!(seller.created_at <= product.created_at && product.updated_at <= PERIOD.until);
            if product.status == ProductStatus::Published {
                let ids: Vec<_> = product.published_files.iter().map(|it| it.upload).collect();
                assert_eq!(ids, product.details.files.ids());
                published += 1;
            }
        }
        assert!(products.len() > 30, "{}", products.len());
        assert!(published * 4 > products.len() * 3, "{published}");
    }

    #[test]
    fn buyers_order_what_is_for_sale() {
        let products = products(PERIOD).unwrap();
        let orders = orders(PERIOD, &products, 500).unwrap();
        assert_eq!(orders, super::orders(PERIOD, &products, 500).unwrap());
        let pairs: HashSet<_> = orders.iter().map(|it| (it.buyer, it.product)).collect();
        assert_eq!(pairs.len(), orders.len());
        let mut words = HashSet::new();
        for order in &orders {
            let product = products.iter().find(|it| it.id == order.product).unwrap();
            assert!(product.is_public() && product.seller != order.buyer);
            assert!(product.published_at.unwrap() <= order.created_at);
            assert!(order.created_at <= order.updated_at && order.updated_at <= PERIOD.until);
            words.insert(order.status().as_str());
        }
        assert!(orders.len() > 200, "{}", orders.len());
        // None is pending: the reconciler would ask the provider about it.
        assert_eq!(words, HashSet::from(["cancelled", "paid", "refunded"]));
    }
}

//! Writes the products and the orders. The events of the stack do the rest, as they do for people: they fill the copies of other
//! services, and give the buyers their rights.

use domain::{
    Clock, Order, Product,
    upload::{Event, Outcome},
};
use store::Placement;

use super::{
    Error,
    accounts::People,
    resources::Resources,
    shop::{self, Period},
    work,
};

const CONCURRENCY: usize = 8;
/// How often the record of a file is tried while other requests change it.
const TRIES: usize = 8;

/// What happened to products or orders.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Written {
    pub(super) created: usize,
    /// Were there from an earlier run.
    pub(super) unchanged: usize,
    /// Belong to a person, a file or a product that does not exist.
    pub(super) skipped: usize,
}

enum Sale {
    Created,
    Unchanged,
    Skipped,
}

impl Written {
    fn add(&mut self, sale: &Sale) {
        match sale {
            Sale::Created => self.created += 1,
            Sale::Unchanged => self.unchanged += 1,
            Sale::Skipped => self.skipped += 1,
        }
    }
}

/// The products and the orders.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sales {
    pub(super) products: Written,
    pub(super) orders: Written,
}

/// Creates the products and the orders that do not exist.
pub(super) async fn write(
    resources: &Resources,
    people: &People,
    (files, orders): (usize, usize),
    clock: &Clock,
) -> Result<Sales, Error> {
    let period = Period {
        seed: people.seed,
        people: people.count,
        files,
        until: people.until,
    };
    let products = shop::products(period)?;
    let ordered = shop::orders(period, &products, orders)?;
    let mut written = Sales::default();
    let bar = work::progress_bar("products", products.len());
    let tasks = products.into_iter().map(|product| {
        let (resources, clock) = (resources.clone(), clock.clone());
        (1, async move { offer(&resources, &product, &clock).await })
    });
    let add = |sale| written.products.add(&sale);
    work::run(tasks, CONCURRENCY, &bar, add).await?;
    let bar = work::progress_bar("orders", ordered.len());
    let tasks = ordered.into_iter().map(|order| {
        let (resources, clock) = (resources.clone(), clock.clone());
        (1, async move { place(&resources, &order, &clock).await })
    });
    let add = |sale| written.orders.add(&sale);
    work::run(tasks, CONCURRENCY, &bar, add).await?;
    Ok(written)
}

/// Creates a product. The files of a published one are marked as sold first, as when a person publishes it.
async fn offer(resources: &Resources, product: &Product, clock: &Clock) -> Result<Sale, Error> {
    if resources.products.find(product.id).await?.is_some() {
        return Ok(Sale::Unchanged);
    }
    if !pin(resources, product, clock).await? {
        return Ok(Sale::Skipped);
    }
    resources.products.create(product, None).await?;
    Ok(Sale::Created)
}

/// Marks the files of a published product as sold. Returns whether all are stored.
async fn pin(resources: &Resources, product: &Product, clock: &Clock) -> Result<bool, Error> {
    for file in &product.published_files {
        let mut is_pinned = false;
        for _ in 0..TRIES {
            let found = resources.uploads.find(product.seller, file.upload).await?;
            let Some(upload) = found.filter(|upload| upload.state.file().is_some()) else {
                return Ok(false);
            };
            is_pinned = match upload.on(&Event::Sold(product.id), clock.now()) {
                Ok(Outcome::Unchanged) => true,
                Ok(Outcome::Changed(change)) => {
                    let records = resources.uploads.records();
                    resources.sold.pin(records, &change, product.id).await?
                }
                Err(_) => return Ok(false),
            };
            if is_pinned {
                break;
            }
        }
        if !is_pinned {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Places an order of a product that exists, unless its buyer has ordered it.
async fn place(resources: &Resources, order: &Order, clock: &Clock) -> Result<Sale, Error> {
    if let Some(newest) = resources.orders.newest(order.buyer, order.product).await? {
        let is_own = newest.order.id == order.id;
        return Ok(if is_own {
            Sale::Unchanged
        } else {
            Sale::Skipped
        });
    }
    let has_buyer = resources.users.find(order.buyer).await?.is_some();
    if !has_buyer || resources.products.find(order.product).await?.is_none() {
        return Ok(Sale::Skipped);
    }
    // The addresses are at reserved domains: no receipt is sent.
    let now = clock.now();
    resources.mail_limits.receipt_sent(order.id, now).await?;
    Ok(match resources.orders.place(order, None, None).await? {
        Placement::Placed => Sale::Created,
        Placement::OrderedMeanwhile | Placement::Repeated | Placement::BuyerErased => Sale::Skipped,
    })
}

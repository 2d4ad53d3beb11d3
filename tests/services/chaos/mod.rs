//! Events arrive shuffled and repeated, some are lost and sent again from the tables, and functions are killed in between. The
//! tables then have what they have after a calm run.

mod plan;
mod post;
mod tables;

use std::{env, time::Duration};

use plan::Shop;
use post::Post;

use crate::{
    operator::assert_exit,
    support::{TestApp, faults::FaultySystem},
};

/// Orders of a run. With each come about two events and their repetitions: 4,500 orders are 10,000 events.
const ORDERS: usize = 60;

/// How long the events of a run may take.
const LIMIT: Duration = Duration::from_mins(30);

/// The access tokens outlive a long run.
const PARAMETERS: [&str; 1] = ["AccessTokenSeconds=3600"];

/// The number of orders. `CLOAKROOM_ORDERS` sets it.
fn orders() -> usize {
    env::var("CLOAKROOM_ORDERS").map_or(ORDERS, |orders| orders.parse().unwrap())
}

/// The seed of all random choices. `CLOAKROOM_SEED` sets it.
fn seed() -> u64 {
    let seed = env::var("CLOAKROOM_SEED").map_or(20_261_129, |seed| seed.parse().unwrap());
    eprintln!("CLOAKROOM_SEED={seed}");
    seed
}

#[tokio::test]
async fn shuffled_repeated_lost_and_interrupted_events_end_as_in_a_calm_run() {
    let (seed, orders) = (seed(), orders());
    let app = TestApp::start_with(&PARAMETERS);
    let mut shop = Shop::open(&app, seed, orders).await;
    app.settled_within(LIMIT).await;
    shop.trade(orders).await;
    app.settled_within(LIMIT).await;
    shop.close().await;
    app.settled_within(LIMIT).await;
    app.webhooks_accepted().await;
    app.settled_within(LIMIT).await;
    let calm = tables::read(&app, &shop.names).await;

    let system = FaultySystem::start(10, &PARAMETERS).await;
    let post = Post::intercept(&system, seed);
    let mut shop = Shop::open(&system.app, seed, orders).await;
    post.deliver(true).await;
    replay(&system, &post).await;
    shop.trade(orders).await;
    post.deliver(true).await;
    // What is deleted leaves no item to send an event of, so these events are not lost.
    shop.close().await;
    post.deliver(false).await;
    replay(&system, &post).await;
    system.app.webhooks_accepted().await;
    post.deliver(false).await;
    let found = tables::read(&system.app, &shop.names).await;
    eprintln!("{}", post.summary());
    assert!(post.lost() > 0 && post.killed() > 0, "{}", post.summary());
    tables::assert_same(&calm, &found);
}

/// Moves dead letters back, and sends the events of all items again.
async fn replay(system: &FaultySystem, post: &Post<'_>) {
    super::outage::redrive(&system.app);
    post.deliver(false).await;
    assert_exit(&system.app.run_events(&["replay"]), 0);
    // Its events reach the bus without a detour; what follows from them does not.
    post.deliver(false).await;
}

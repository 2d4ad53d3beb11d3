//! What the page's distribution asks the API for, when many people read the shop.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::{Value, json};

use super::{path, published};
use crate::support::{Response, TestApp};

/// As `MaxTTL` of the cache policy, in seconds.
const MAX_TTL: u64 = 60;

/// A response that the cache keeps.
struct Kept {
    body: Value,
    tag: String,
    fresh_until: u64,
}

/// A cache that follows RFC 9111 as the distribution does: it keeps a response as long as the API says, and then asks with
/// its `ETag`. Its clock is that of the visitors.
struct Cdn<'a> {
    app: &'a TestApp,
    kept: BTreeMap<String, Kept>,
    /// The responses of the API.
    answers: Vec<Response>,
}

impl<'a> Cdn<'a> {
    fn of(app: &'a TestApp) -> Self {
        Self {
            app,
            kept: BTreeMap::new(),
            answers: Vec::new(),
        }
    }

    /// A visitor reads a path at a time in seconds.
    async fn read(&mut self, path: &str, now: u64) -> Value {
        if let Some(kept) = self.kept.get(path).filter(|kept| now < kept.fresh_until) {
            return kept.body.clone();
        }
        let request = self.app.request(Method::GET, path);
        let request = match self.kept.get(path) {
            Some(kept) => request.header("if-none-match", &kept.tag),
            None => request,
        };
        let answer = Response::to(request).await;
        let tag = answer.header("etag").unwrap().to_owned();
        let max_age = answer.header("cache-control").unwrap();
        let max_age = max_age.strip_prefix("public, max-age=").unwrap();
        let body = match (answer.status, self.kept.remove(path)) {
            (304, Some(kept)) => kept.body,
            (status, _) => {
                assert_eq!(status, 200);
                answer.json()
            }
        };
        let fresh_until = now + max_age.parse::<u64>().unwrap().min(MAX_TTL);
        let kept = Kept {
            body: body.clone(),
            tag,
            fresh_until,
        };
        self.kept.insert(path.to_owned(), kept);
        self.answers.push(answer);
        body
    }

    /// The statuses of the API's responses, and the read units of the table that they consumed.
    async fn asked(&self) -> (Vec<u16>, f64) {
        let mut units = 0.0;
        for answer in &self.answers {
            let line = self.app.line_of(answer).await;
            units += line["ReadUnits"].as_f64().unwrap();
        }
        let statuses = self.answers.iter().map(|answer| answer.status);
        (statuses.collect(), units)
    }
}

#[tokio::test]
async fn a_thousand_visitors_cost_one_read_a_minute() {
    let app = TestApp::start_with(&["LogLevel=info"]);
    let seller = app.seller("ada@example.com").await;
    let product = published(&seller, "Tea").await;
    let mut cdn = Cdn::of(&app);
    // 1,000 visitors in a minute.
    for visitor in 0..1_000 {
        let list = cdn.read("/products", visitor * 60 / 1_000).await;
        assert_eq!(list["items"][0]["title"], "Tea");
    }
    assert_eq!(cdn.asked().await, (vec![200], 0.5));
    // 1,000 more in the nine minutes after it: each minute begins with a revalidation, which has no body.
    for visitor in 0..1_000 {
        cdn.read("/products", 60 + visitor * 540 / 1_000).await;
    }
    let (statuses, units) = cdn.asked().await;
    assert_eq!((statuses[0], &statuses[1..]), (200, &[304; 9][..]));
    assert_eq!(units.to_string(), "5");
    let bodies = cdn.answers[1..].iter().map(|answer| answer.body.len());
    assert_eq!(bodies.sum::<usize>(), 0);
    // A change is seen after a minute.
    let change = json!({"title": "Coffee"});
    seller.patch(&path(&product, ""), &change).await.expect(200);
    let titles = [
        cdn.read("/products", 599).await,
        cdn.read("/products", 600).await,
    ];
    let titles = titles.map(|list| list["items"][0]["title"].clone());
    assert_eq!(titles, ["Tea", "Coffee"]);
}

#[tokio::test]
async fn a_page_of_a_product_costs_one_read_a_minute() {
    let app = TestApp::start_with(&["LogLevel=info"]);
    let seller = app.seller("ada@example.com").await;
    let product = path(&published(&seller, "Tea").await, "");
    let mut cdn = Cdn::of(&app);
    for visitor in 0..1_000 {
        let shown = cdn.read(&product, visitor * 120 / 1_000).await;
        assert_eq!(shown["product"]["title"], "Tea");
    }
    assert_eq!(cdn.asked().await, (vec![200, 304], 2.0));
}

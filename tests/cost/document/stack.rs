//! What a stack costs without requests, its storage, and the list of prices.

use std::fmt::Write as _;

use crate::cost::{
    model::{DEFAULT_COST, Model},
    table::Table,
};

/// The dollars of a month of 30 days without requests.
pub fn idle(model: &Model, table: &Table) -> f64 {
    let of = |case: &str, times: f64| {
        let row = table.rows.iter().find(|row| row.case == case).unwrap();
        model.dollars(row, DEFAULT_COST).total() * times / 1e6
    };
    of("nothing is due", 30.0 * 24.0 * 4.0) + of("one owner of 24 uploads", 30.0)
}

pub fn idle_stack(model: &Model, table: &Table) -> String {
    let metrics = metrics::Metric::ALL.len();
    let metrics_dollars = f64::from(u32::try_from(metrics).unwrap()) * model.prices.month("metric");
    let alarm = model.prices.month("alarm");
    let alarms = include_str!("../../../template.yaml")
        .matches("Type: AWS::CloudWatch::Alarm\n    Condition: HasAlarms\n")
        .count();
    let alarms_dollars = f64::from(u32::try_from(alarms).unwrap()) * alarm;
    format!(
        "## A stack without requests

The reconciler runs every 15 minutes and the repair once a day. Without the free tiers, this costs {idle:.4} dollars a month.
Nothing else costs anything until it is used: tables on demand, functions, the API, buckets, the CloudFront distribution, and
the parameters with the private keys, which are Standard parameters. Optional parts cost, a month:

| parameter | dollars a month |
|---|---|
| `AlarmEmail` | {alarms_dollars:.2} or more: {alarms} alarms of {alarm:.2} for each of their metrics; the first 10 of an account cost nothing |
| `Canary` | 1.30 for its two alarms |
| `MonthlyBudgetDollars` | 0: a budget without actions |
| `Dashboard` | 0 for the first three of an account, then 3.00 each |
| `Tracing` | 5.00 for each million recorded traces |
| `HostedZoneId` | the hosted zone itself: 0.50 |

With requests, the {metrics} metrics of the functions cost at most {metrics_dollars:.2} dollars a month. The first 10 of an account
cost nothing, and each is billed for the hours in which it has values.
",
        idle = idle(model, table),
    )
}

pub fn storage(model: &Model) -> String {
    let mut text = "## Storage\n\n| dollars for a GB-month | of |\n|---|---|\n".to_owned();
    for price in model
        .prices
        .months
        .values()
        .filter(|price| price.unit == "GB")
    {
        let _ = writeln!(text, "| {} | {} |", price.dollars, price.of);
    }
    text.push_str("\nA user with a session and 20 uploads has about 11 KB in the tables: 0.003 dollars a month for 1,000 users.\n");
    text
}

pub fn price_list(model: &Model) -> String {
    let prices = &model.prices;
    let mut text = format!(
        "## Prices

{}, {}. Compare them with the page of AWS before you rely on them, and change `tests/cost/prices.json`.

| dollars | for | of | page |
|---|---|---|---|
",
        prices.region, prices.date
    );
    for price in prices.requests.values() {
        let _ = writeln!(
            text,
            "| {:.4} | {} | {} | {} |",
            price.dollars, price.unit, price.of, price.page
        );
    }
    for price in prices.months.values() {
        let _ = writeln!(
            text,
            "| {} | {}-month | {} | {} |",
            price.dollars, price.unit, price.of, price.page
        );
    }
    text
}

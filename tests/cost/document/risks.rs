//! Password hashes, and an attack that causes them.

use std::fmt::Write as _;

use crate::cost::{
    model::{DEFAULT_COST, Model},
    table::{Row, Table},
};

const SECONDS_PER_DAY: f64 = 86_400.0;
/// Sign-ins per second in the example of an attack.
const ATTACK: f64 = 500.0;
/// The defaults of `HashingRateLimit` and of `RequestsPerAddress`.
const THROTTLED: f64 = 10.0;
const PER_ADDRESS: f64 = 100.0;

pub fn hashes(model: &Model, table: &Table) -> String {
    let mut text = "## Password hashes

The hash is most of what a sign-in costs. Dollars for a million:

| request | without the hash | `BcryptCost` 10 | `BcryptCost` 12 |
|---|---|---|---|
"
    .to_owned();
    for (operation, case) in [
        ("POST /signin", "right password"),
        ("POST /signup", "open"),
        ("PUT /users/me/password", "right password"),
    ] {
        let row = table.row(operation, case);
        let mut without = row.clone();
        without.hashes = 0;
        let total = |row: &Row, cost: &str| model.dollars(row, cost).total();
        let _ = writeln!(
            text,
            "| `{operation}` | {:.2} | {:.2} | {:.2} |",
            total(&without, DEFAULT_COST),
            total(row, "10"),
            total(row, "12")
        );
    }
    let hash = &model.prices.hash_ms;
    let _ = write!(
        text,
        "\nA hash takes {} ms of CPU time at cost 10 and {} ms at cost 12 (`bench/run hash`). Each step of `BcryptCost` doubles it.
Another run on the same machine took 53 ms and 213 ms: compare your own with the metric `HashMilliseconds`.
",
        hash["10"], hash["12"]
    );
    text
}

pub fn attack(model: &Model, table: &Table) -> String {
    let dollars = |case: &str| {
        let row = table.row("POST /signin", case);
        model.dollars(row, DEFAULT_COST)
    };
    let (hashed, limited) = (
        dollars("unknown address"),
        dollars("over the limit of the address"),
    );
    let day = |per_second: f64, dollars: f64| per_second * SECONDS_PER_DAY / 1e6 * dollars;
    let served = PER_ADDRESS / 60.0;
    let one_address = day(served, hashed.total()) + day(THROTTLED - served, limited.total());
    let mut separate = table
        .row("POST /signin", "over the limit of the address")
        .clone();
    "UsersFunction".clone_into(&mut separate.function);
    let separate = model.dollars(&separate, DEFAULT_COST);
    format!(
        "## An attack on the sign-in

{ATTACK} sign-ins per second for a day, each with a password hash, cost:

| limits | dollars a day |
|---|---|
| none: neither throttle nor address limit | {none:.2} |
| `HashingRateLimit` {THROTTLED}, from many addresses | {throttled:.2} |
| `HashingRateLimit` {THROTTLED}, from one address with `RequestsPerAddress` {PER_ADDRESS} | {one_address:.2} |

API Gateway answers the requests above `HashingRateLimit` without invoking a function. If it bills them like others, they add
{refused:.2} dollars a day. Eight routes have this limit, each with its own {THROTTLED} requests per second: an attack on all of them
costs up to eight times as much. `HashingTimeAlarm` notices it (`AlarmEmail`).

Address limits are counted inside the functions that hash, with 1,769 MB. A million refused requests cost {limited:.2} dollars, of
which {lambda:.2} are for Lambda. With 256 MB, Lambda would cost {cheaper:.2} dollars. A function of its own for the limits would save
{saving:.2} dollars for a million refused requests, and add its invocation, {more:.2} dollars, to a million accepted ones.
",
        none = day(ATTACK, hashed.total()),
        throttled = day(THROTTLED, hashed.total()),
        refused = day(ATTACK - THROTTLED, model.prices.of("api_request")),
        limited = limited.total(),
        lambda = limited.lambda,
        cheaper = separate.lambda,
        saving = limited.lambda - separate.lambda,
        more = separate.lambda,
    )
}

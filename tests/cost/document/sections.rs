//! The sections of docs/COST.md.

use std::fmt::Write as _;

use super::stack::idle;
use crate::cost::{
    model::{DEFAULT_COST, Dollars, Model},
    multipart::PARTS,
    table::{Row, Table},
};

/// What one upload of at most 100 MiB may cost beside S3's own price, in dollars for a million.
pub const UPLOAD_GOAL: f64 = 12.25;

/// Several requests and events that belong together.
pub struct Path {
    pub name: &'static str,
    pub reads: f64,
    pub writes: f64,
    pub dollars: Dollars,
}

pub fn introduction(model: &Model) -> String {
    let prices = &model.prices;
    format!(
        "# What Cloakroom costs

Generated from `tests/cost/table.json` and `tests/cost/prices.json` by `tests/cost`. The prices are AWS's list prices in
{region} on {date}, in US dollars, without free tiers, taxes and data transfer to the internet.
[SCALE.md](SCALE.md) has what limits each route, and what a million users need.

- **Measured**: the table. The test runs each case with the real functions against the local engines, and reads the consumed
  capacity, the requests and the hashes from the function's log line. `ci/check_cost.py` computes the same units from the items
  that were read and written, by DynamoDB's rules, and the dollars.
- **Measured**: the CPU time of starts, of hashes, and of warm requests to keys, session, signin, uploads and users, with the
  release build on an x86-64 machine without TLS (`bench/run start hash warm`). The warm requests and events of the other
  functions are estimated from these. A processor of Lambda may be faster or slower.
- **Assumed**: {tables} ms for each request to DynamoDB, {s3} ms to S3 and {ses} ms to SES, one after the other.
- **Derived**: durations and dollars. Lambda gives a function its memory / 1,769 MB of a vCPU and bills whole milliseconds.
- **Logs**: at most {line} bytes for a line of a function, which the test checks, and {access} bytes in the access log.
",
        region = prices.region,
        date = prices.date,
        tables = prices.waits_ms["dynamodb"],
        s3 = prices.waits_ms["s3"],
        ses = prices.waits_ms["ses"],
        line = prices.log_bytes.line,
        access = prices.log_bytes.access,
    )
}

pub fn goals(model: &Model, table: &Table) -> String {
    let mut text =
        "## Goals\n\n`tests/cost/goals.rs` checks them.\n\n| goal | reached |\n|---|---|\n"
            .to_owned();
    let units = |operation: &str, case: &str| {
        let row = table.row(operation, case);
        format!("{} and {}", row.reads, row.writes)
    };
    let sign_in = units("POST /signin", "right password");
    let refresh = units("POST /session/refresh", "newest token");
    let list = table.row("GET /users", "20 users").reads;
    let idle = idle(model, table);
    let uploads = paths(model, table);
    let upload = uploads[0].dollars;
    let _ = write!(
        text,
        "| sign-in: at most 2 read units and 2 write units | {sign_in} |
| refresh: at most 2 read units and 1 write unit | {refresh} |
| list of 20 users of 500 bytes: at most 3 read units more than the 1.5 of its rows | {list} |
| a stack without requests: 0 dollars a month | {idle:.4} |
| upload of at most 100 MiB: at most 7 dollars per million beside S3's requests | no: {upload:.2} |

The goal for uploads is out of reach. An upload is two requests and an event. API Gateway, the three invocations, the event and
the logs cost {fixed:.2} dollars, which leaves {left:.2} dollars or {left_units:.1} write units. Creating an upload and recording its file
consume 5 write units each: a transaction of the record and the owner's counters (2 + 2), and the entry in the index of the
uploads that are due (1). Without the transactions, a crash between the two writes would make the counters
differ from the records, and the quota would not be exact. Without the count of open uploads alone, recording the file would
consume 2 units, and an upload would still cost {uncounted:.2} dollars. The test asserts at most {UPLOAD_GOAL:.2} dollars.
",
        upload = upload.beside_s3(),
        uncounted = upload.beside_s3() - 3.0 * model.prices.of("write_unit"),
        fixed = upload.beside_s3() - upload.tables,
        left = 7.0 - (upload.beside_s3() - upload.tables),
        left_units = (7.0 - (upload.beside_s3() - upload.tables)) / model.prices.of("write_unit"),
    );
    text
}

pub fn operations(model: &Model, table: &Table) -> String {
    let mut text = "## Routes and events

Reads and writes are DynamoDB request units. Each item is smaller than 1 KB; users in lists have 500 bytes. A request that an
address limit counts includes 1 write unit for it. S3: requests of the function that cost as much as a PUT + as a GET. The
milliseconds are those of a warm function with the template's memory. Dollars for a million, with `BcryptCost` 12.

| operation | case | reads | writes | S3 | hashes | ms | API | Lambda | tables | logs | S3, events, mail | total |
|---|---|---|---|---|---|---|---|---|---|---|---|---|
"
    .to_owned();
    for row in &table.rows {
        text.push_str(&operation(model, row));
    }
    text
}

fn operation(model: &Model, row: &Row) -> String {
    let dollars = model.dollars(row, DEFAULT_COST);
    let memory = f64::from(model.memory[&row.function]);
    format!(
        "| `{}` | {} | {} | {} | {} + {} | {} | {} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} |\n",
        row.operation,
        row.case,
        row.reads,
        row.writes,
        row.s3_puts,
        row.s3_gets,
        row.hashes,
        model.milliseconds(row, memory, DEFAULT_COST),
        dollars.api,
        dollars.lambda,
        dollars.tables,
        dollars.logs,
        dollars.s3 + dollars.others,
        dollars.total(),
    )
}

/// Returns the paths of several requests. The first is an upload of one PUT whose event arrives before it is completed.
pub fn paths(model: &Model, table: &Table) -> Vec<Path> {
    const EVENT: &str = "Object Created";
    const COMPLETE: &str = "POST /uploads/{id}/complete";
    let create = ("POST /uploads", "one PUT");
    let path = |name, steps: &[(&str, &str)], client_puts: f64| {
        let rows = steps
            .iter()
            .map(|(operation, case)| table.row(operation, case));
        let rows: Vec<_> = rows.collect();
        let dollars = rows.iter().map(|row| model.dollars(row, DEFAULT_COST));
        let mut dollars = dollars.fold(Dollars::default(), Dollars::plus);
        dollars.s3 += client_puts * model.prices.of("s3_put");
        Path {
            name,
            reads: rows.iter().map(|row| row.reads).sum(),
            writes: rows.iter().map(|row| row.writes).sum(),
            dollars,
        }
    };
    let parts = f64::from(u32::try_from(PARTS).unwrap());
    vec![
        path(
            "upload of one PUT (at most 100 MiB), event first",
            &[
                create,
                (EVENT, "before the upload is completed"),
                (COMPLETE, "one PUT, after the event"),
            ],
            1.0,
        ),
        path(
            "upload of one PUT (at most 100 MiB), completed first",
            &[
                create,
                (COMPLETE, "one PUT, before the event"),
                (EVENT, "after the upload is completed"),
            ],
            1.0,
        ),
        path(
            "upload of 13 parts (100 MiB and 1 byte)",
            &[
                ("POST /uploads", "13 parts"),
                ("POST /uploads/{id}/parts", "13 parts"),
                (COMPLETE, "13 parts"),
                (EVENT, "of 13 parts, completed"),
            ],
            parts,
        ),
        path(
            "upload by a form of the upload widget",
            &[("GET /s3/params", "any"), (EVENT, "of a form")],
            1.0,
        ),
        path(
            "sign-up with a mailed link to verify the address",
            &[
                ("POST /signup", "open, with mail"),
                ("aws:dynamodb", "verify an address"),
                ("POST /verify-email", "verify an address"),
            ],
            0.0,
        ),
        path(
            "sign-up with `SignupMode=verified`",
            &[
                ("POST /signup", "verified"),
                ("aws:dynamodb", "finish a sign-up"),
                ("POST /verify-email", "finish a sign-up"),
            ],
            0.0,
        ),
        path(
            "reset of a password",
            &[
                ("POST /password/forgot", "any"),
                ("aws:dynamodb", "reset a password"),
                ("POST /password/reset", "valid link"),
            ],
            0.0,
        ),
    ]
}

pub fn whole_paths(model: &Model, table: &Table) -> String {
    let mut text = "## Whole uploads and mails

All requests and events of one action, including the client's requests to S3. Dollars for a million.

| action | reads | writes | beside S3 | S3 | total |
|---|---|---|---|---|---|
"
    .to_owned();
    for path in paths(model, table) {
        let dollars = path.dollars;
        let _ = writeln!(
            text,
            "| {} | {} | {} | {:.2} | {:.2} | {:.2} |",
            path.name,
            path.reads,
            path.writes,
            dollars.beside_s3(),
            dollars.s3,
            dollars.total()
        );
    }
    text
}

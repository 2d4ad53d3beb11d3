//! What each route and each event consumes, compared with tests/cost/table.json, and docs/COST.md, which is generated from it.

mod accounts;
mod admin;
mod companion;
mod document;
mod goals;
mod mail;
mod meter;
mod model;
mod multipart;
mod prices;
mod sharing;
mod shop;
mod table;
mod uploads;
mod without_events;

pub use accounts::put_user;
use std::{collections::BTreeMap, fs, path::Path};

use table::{Row, Table, UPDATED_TABLE, operations_of_template};

/// The directory in which the systems of these tests record what their functions use, for `ci/check_cost.py`.
const USAGE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/usage");

/// Runs all cases, and compares what the functions consumed with the table.
#[tokio::test]
async fn the_table_is_what_the_functions_consume() {
    let _ = fs::remove_dir_all(USAGE);
    let mut measured = accounts::measure().await;
    measured.extend(accounts::measure_limit().await);
    measured.extend(admin::measure().await);
    measured.extend(mail::measure().await);
    measured.extend(mail::measure_verified().await);
    measured.extend(uploads::measure().await);
    measured.extend(sharing::measure().await);
    measured.extend(multipart::measure().await);
    measured.extend(companion::measure().await);
    measured.extend(without_events::measure().await);
    measured.extend(shop::measure().await);
    let cases: Vec<_> = measured.iter().map(|case| &case.row).cloned().collect();
    Table::write(Path::new(UPDATED_TABLE), &cases);
    let lines = measured.iter().map(|case| format!("{}\n", case.record()));
    fs::write(format!("{USAGE}/cases.json"), lines.collect::<String>()).unwrap();
    let found = by_case(&cases);
    let expected = Table::read();
    let expected = by_case(&expected.rows);
    let different: Vec<_> = found
        .iter()
        .filter(|(case, row)| expected.get(*case) != Some(row))
        .map(|(case, row)| format!("{case:?}: {row:?} instead of {:?}", expected.get(case)))
        .collect();
    let missing: Vec<_> = expected
        .keys()
        .filter(|case| !found.contains_key(*case))
        .collect();
    assert!(
        different.is_empty() && missing.is_empty(),
        "{different:#?}\nnot measured: {missing:#?}\nIf the change is intended, copy {UPDATED_TABLE} to \
         tests/cost/table.json"
    );
}

fn by_case(rows: &[Row]) -> BTreeMap<(&str, &str), &Row> {
    let cases: BTreeMap<_, _> = rows
        .iter()
        .map(|row| ((row.operation.as_str(), row.case.as_str()), row))
        .collect();
    assert_eq!(cases.len(), rows.len(), "a case is listed twice");
    cases
}

/// A new route or event has no cost until it has a row, and a row without one costs nothing.
#[test]
fn the_table_has_every_route_and_event_and_no_others() {
    let table = Table::read();
    let listed: BTreeMap<_, _> = table
        .rows
        .iter()
        .map(|row| (row.operation.clone(), row.function.clone()))
        .collect();
    assert_eq!(listed, operations_of_template());
}

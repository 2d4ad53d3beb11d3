//! The goals of docs/COST.md.

use super::{
    accounts::USER_BYTES,
    document::{UPLOAD_GOAL, paths},
    model::Model,
    table::Table,
};

const READ_UNIT: usize = 4096;

/// Asserts what a case reads and writes at most.
#[track_caller]
fn assert_at_most(operation: &str, case: &str, reads: f64, writes: f64) {
    let table = Table::read();
    let row = table.row(operation, case);
    assert!(row.reads <= reads && row.writes <= writes, "{row:?}");
}

#[test]
fn a_sign_in_consumes_at_most_2_read_units_and_2_write_units() {
    for case in [
        "right password",
        "wrong password",
        "unknown address",
        "locked account",
    ] {
        assert_at_most("POST /signin", case, 2.0, 2.0);
    }
}

#[test]
fn a_refresh_consumes_at_most_2_read_units_and_1_write_unit() {
    for case in ["newest token", "repeated after a lost response"] {
        assert_at_most("POST /session/refresh", case, 2.0, 1.0);
    }
}

#[test]
fn a_list_of_users_consumes_at_most_3_read_units_more_than_its_rows() {
    for operation in ["GET /users", "GET /admin/users"] {
        for rows in [20, 100] {
            let units = (rows * USER_BYTES).div_ceil(READ_UNIT);
            // The index is eventually consistent.
            let needed = f64::from(u32::try_from(units).unwrap()) / 2.0;
            assert_at_most(operation, &format!("{rows} users"), needed + 3.0, 0.0);
        }
    }
}

/// A stack without requests runs the reconciler every 15 minutes and the repair once a day.
#[test]
fn an_idle_stack_costs_less_than_a_cent_a_month() {
    let dollars = super::document::idle(&Model::read(), &Table::read());
    assert!(dollars < 0.01, "{dollars}");
}

/// The goal of 7 dollars is not met: docs/COST.md says what each of the invocations costs at least.
#[test]
fn an_upload_costs_at_most_its_limit_beside_s3() {
    let (model, table) = (Model::read(), Table::read());
    let uploads = paths(&model, &table);
    let single = uploads.iter().filter(|path| path.name.contains("one PUT"));
    for path in single {
        let dollars = path.dollars.beside_s3();
        assert!(dollars <= UPLOAD_GOAL, "{}: {dollars}", path.name);
    }
}

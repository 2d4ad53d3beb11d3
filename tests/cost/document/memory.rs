//! The memory sizes of docs/COST.md.

use std::fmt::Write as _;

use crate::cost::{
    model::{DEFAULT_COST, FULL_MB, Model},
    table::Table,
};

const SIZES: [u32; 5] = [128, 256, 512, 1024, 1769];
/// The memory of functions that do not hash.
const WAITING_MB: u32 = 256;
/// The most frequent case of each function.
const TYPICAL: [(&str, &str); 12] = [
    ("POST /signin", "right password"),
    ("POST /signup", "open"),
    ("PUT /users/me/password", "right password"),
    ("POST /password/reset", "valid link"),
    ("PUT /uploads/{id}/lock", "for a day"),
    ("POST /session/refresh", "newest token"),
    ("GET /users/me", "any"),
    ("GET /admin/users", "20 users"),
    ("GET /.well-known/jwks.json", "any"),
    ("POST /uploads", "one PUT"),
    ("Object Created", "before the upload is completed"),
    ("aws:dynamodb", "verify an address"),
];

pub fn section(model: &Model, table: &Table) -> String {
    let mut text = "## Memory sizes

Milliseconds of a warm request and dollars of Lambda for a million, derived for each memory size. The size in template.yaml is
in bold.

| function | case | 128 MB | 256 MB | 512 MB | 1,024 MB | 1,769 MB |
|---|---|---|---|---|---|---|
"
    .to_owned();
    for (operation, case) in TYPICAL {
        let row = table.row(operation, case);
        let cells = SIZES.map(|size| {
            let memory = f64::from(size);
            let ms = model.milliseconds(row, memory, DEFAULT_COST);
            let cell = format!("{ms}: {:.2}", model.lambda(row, memory, DEFAULT_COST));
            if model.memory[&row.function] == size {
                format!("**{cell}**")
            } else {
                cell
            }
        });
        let function = row.function.trim_end_matches("Function");
        let _ = writeln!(
            text,
            "| {function} | `{operation}` | {} |",
            cells.join(" | ")
        );
    }
    text.push_str(&reasons(model, table));
    text.push_str(&starts(model));
    text.push_str(&checked(model));
    text
}

fn reasons(model: &Model, table: &Table) -> String {
    let waiting = TYPICAL.map(|(operation, case)| table.row(operation, case));
    let waiting = waiting
        .iter()
        .filter(|row| model.memory[&row.function] == WAITING_MB && row.is_request());
    let (mut less, mut more) = (0.0_f64, 0.0_f64);
    for row in waiting {
        let dollars = |memory| model.lambda(row, memory, DEFAULT_COST);
        let chosen = dollars(f64::from(WAITING_MB));
        less = less.max(chosen - dollars(f64::from(WAITING_MB / 2)));
        more = more.max(dollars(f64::from(WAITING_MB * 2)) - chosen);
    }
    format!(
        "
Functions that hash get 1,769 MB, one whole vCPU. A hash costs the same with each smaller size and takes longer, and it uses
one thread, so that more memory would cost more and save no time. The others mostly wait for other services and get
{WAITING_MB} MB. With half of it, a million requests to them would cost at most {less:.2} dollars less, and their CPU time and
their starts would take twice as long. With twice as much, they would cost up to {more:.2} dollars more.
"
    )
}

fn starts(model: &Model) -> String {
    let mut text = "
A start adds CPU time, measured until the function asks for its first request. Lambda adds its own time to start a machine
and to load the package. Milliseconds:

| function | measured CPU time | with its part of a vCPU |
|---|---|---|
"
    .to_owned();
    for (function, cpu) in &model.prices.start_cpu_ms {
        let part = (f64::from(model.memory[function]) / FULL_MB).min(1.0);
        let name = function.trim_end_matches("Function");
        let _ = writeln!(text, "| {name} | {cpu} | {:.0} |", cpu / part);
    }
    text
}

fn checked(model: &Model) -> String {
    let mut text = "
`bench/run limits` checks the derivation in a control group with the same part of a CPU. Median milliseconds of a sign-in on
one machine, measured and derived from its CPU time:

| `BcryptCost` | 128 MB | 256 MB | 512 MB | 1,024 MB | 1,769 MB |
|---|---|---|---|---|---|
"
    .to_owned();
    for (cost, check) in &model.prices.limited_sign_ins {
        let cells = SIZES.map(|size| {
            let part = f64::from(size) / FULL_MB;
            let measured = check.measured_ms[&size.to_string()];
            format!("{measured:.0}, {:.0}", check.cpu_ms / part)
        });
        let _ = writeln!(text, "| {cost} | {} |", cells.join(" | "));
    }
    text
}

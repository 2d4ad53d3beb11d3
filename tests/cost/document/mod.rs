//! docs/COST.md, generated from the table and the prices.

mod memory;
mod risks;
mod sections;
mod stack;

use std::fs;

pub use self::{
    sections::{UPLOAD_GOAL, paths},
    stack::idle,
};

use super::{model::Model, table::Table};

const DOCUMENT: &str = include_str!("../../../docs/COST.md");
/// The document as this run generated it.
const UPDATED: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/COST.md");

#[test]
fn the_document_is_current() {
    let document = generate(&Model::read(), &Table::read());
    fs::write(UPDATED, &document).unwrap();
    assert!(
        document == DOCUMENT,
        "docs/COST.md is out of date: copy {UPDATED} to it"
    );
}

fn generate(model: &Model, table: &Table) -> String {
    let parts = [
        sections::introduction(model),
        sections::goals(model, table),
        sections::operations(model, table),
        sections::whole_paths(model, table),
        risks::hashes(model, table),
        risks::attack(model, table),
        memory::section(model, table),
        stack::idle_stack(model, table),
        stack::storage(model),
        stack::price_list(model),
    ];
    let document = parts.join("\n");
    let mut texts = document.lines().filter(|line| !line.starts_with('|'));
    let long = texts.find(|line| line.len() > 128);
    assert_eq!(long, None, "a line is too long");
    document
}

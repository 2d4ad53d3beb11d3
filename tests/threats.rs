//! docs/THREATS.md names tests: each is there.

use std::{
    fs,
    path::{Path, PathBuf},
};

const THREATS: &str = include_str!("../docs/THREATS.md");

/// The names in code spans in the last column of the tables.
fn named() -> Vec<&'static str> {
    let rows = THREATS.lines().filter(|line| line.starts_with("| "));
    let proofs = rows.filter_map(|row| row.trim_end_matches(" |").rsplit(" | ").next());
    proofs
        .flat_map(|proof| proof.split('`').skip(1).step_by(2))
        .filter(|name| !name.contains('/'))
        .collect()
}

/// Everything that is written in Rust under a directory.
fn sources(directory: &Path, found: &mut String) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("target") && !path.ends_with("node_modules") {
                sources(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push_str(&fs::read_to_string(path).unwrap());
        }
    }
}

#[test]
fn every_threat_has_its_test() {
    let names = named();
    assert!(names.len() > 40, "{names:?}");
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let mut code = String::new();
    for directory in ["tests", "functions", "local", "shared"] {
        sources(&root.join(directory), &mut code);
    }
    let missing: Vec<_> = names
        .into_iter()
        .filter(|name| !code.contains(&format!("fn {name}()")))
        .collect();
    assert_eq!(missing, [""; 0]);
}

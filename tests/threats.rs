//! docs/THREATS.md names tests: each is there, and one that claims to hold for every thing takes its list from a source.

use std::{
    collections::BTreeSet,
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

/// The Rust files under a directory.
fn sources(directory: &Path, found: &mut Vec<String>) {
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if !path.ends_with("target") && !path.ends_with("node_modules") {
                sources(&path, found);
            }
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(fs::read_to_string(path).unwrap());
        }
    }
}

fn all_sources() -> Vec<String> {
    let root = PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
    let mut found = Vec::new();
    for directory in ["tests", "functions", "local", "shared", "cli"] {
        sources(&root.join(directory), &mut found);
    }
    found
}

#[test]
fn every_threat_has_its_test() {
    let names = named();
    assert!(names.len() > 40, "{names:?}");
    let sources = all_sources();
    let is_there = |name: &str| {
        let declaration = format!("fn {name}()");
        sources.iter().any(|source| source.contains(&declaration))
    };
    let missing: Vec<_> = names.into_iter().filter(|name| !is_there(name)).collect();
    assert_eq!(missing, [""; 0]);
}

/// What gives a test the whole of a list, so that a new element is tried without a change of the test.
const LISTS: [(&str, &str); 6] = [
    ("operations()", "the operations of the API document"),
    ("operations_with(", "those with one kind of credential"),
    ("operations_with_body()", "those with a body"),
    ("::ALL", "the values of an enum"),
    ("listening_ports(", "the ports of the running system"),
    (
        "claims.as_object()",
        "the claims of a token that the system issued",
    ),
];

/// The text of a function, up to the brace that ends it.
fn function<'a>(source: &'a str, name: &str) -> Option<&'a str> {
    let start = source
        .match_indices(&format!("fn {name}"))
        .find(|(at, found)| {
            let after = source[at + found.len()..].chars().next();
            matches!(after, Some('(' | '<'))
        });
    let (start, _) = start?;
    let line = source[..start].rfind('\n').map_or(0, |at| at + 1);
    let indent = source[line..].len() - source[line..].trim_start().len();
    let end = format!("\n{}}}\n", &source[line..line + indent]);
    let rest = &source[start..];
    Some(&rest[..rest.find(&end).unwrap_or(rest.len())])
}

/// The names that a text calls as functions.
fn called(text: &str) -> BTreeSet<&str> {
    let before = text.match_indices('(').map(|(at, _)| &text[..at]);
    before
        .map(|text| {
            let start = text.rfind(|c: char| !c.is_alphanumeric() && c != '_');
            &text[start.map_or(0, |at| at + 1)..]
        })
        .filter(|name| !name.is_empty())
        .collect()
}

/// Whether a test takes a list from a source: itself, or in a function of its file that it calls.
fn takes_a_list(name: &str, source: &str) -> bool {
    let mut wanted = vec![name];
    let mut seen = BTreeSet::new();
    while let Some(name) = wanted.pop() {
        if !seen.insert(name) {
            continue;
        }
        let Some(text) = function(source, name) else {
            continue;
        };
        if LISTS.iter().any(|(list, _)| text.contains(list)) {
            return true;
        }
        wanted.extend(called(text));
    }
    false
}

fn claims_every(name: &str) -> bool {
    name.split('_').any(|word| word == "every")
}

#[test]
fn a_test_of_a_threat_that_claims_every_takes_its_list_from_a_source() {
    let all = all_sources();
    let mut handwritten = Vec::new();
    for name in named().into_iter().filter(|name| claims_every(name)) {
        let source = all.iter().find(|source| function(source, name).is_some());
        // Where there is none, `every_threat_has_its_test` says so.
        if !source.is_none_or(|source| takes_a_list(name, source)) {
            handwritten.push(name);
        }
    }
    assert_eq!(
        handwritten, [""; 0],
        "take their lists from one of {LISTS:?}, or name them after what they try"
    );
}

#[test]
fn a_list_that_is_written_by_hand_is_noticed() {
    let source = "async fn every_route_is_tried() {\n    for path in paths() {\n        get(path).await;\n    }\n}\n\n\
        fn paths() -> [&'static str; 2] {\n    [\"/a\", \"/b\"]\n}\n\n\
        async fn all() {\n    for operation in operations() {}\n}\n";
    assert!(!takes_a_list("every_route_is_tried", source));
    let derived = source.replace("[\"/a\", \"/b\"]", "operations().map(path)");
    assert!(takes_a_list("every_route_is_tried", &derived));
}

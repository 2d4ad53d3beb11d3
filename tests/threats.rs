//! The tests that docs/THREATS.md cites: each exists, and a test named *every* derives its list.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

const THREATS: &str = include_str!("../docs/THREATS.md");

/// Returns the test names that docs/THREATS.md cites: the code spans in the last column of its tables.
fn cited_tests() -> Vec<&'static str> {
    let rows = THREATS.lines().filter(|line| line.starts_with("| "));
    let proofs = rows.filter_map(|row| row.trim_end_matches(" |").rsplit(" | ").next());
    proofs
        .flat_map(|proof| proof.split('`').skip(1).step_by(2))
        .filter(|name| !name.contains('/'))
        .collect()
}

/// Reads the Rust files in a directory and its subdirectories.
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
fn every_cited_test_exists() {
    let names = cited_tests();
    assert!(names.len() > 40, "{names:?}");
    let sources = all_sources();
    let exists = |name: &str| {
        let declaration = format!("fn {name}()");
        sources.iter().any(|source| source.contains(&declaration))
    };
    let missing: Vec<_> = names.into_iter().filter(|name| !exists(name)).collect();
    assert_eq!(missing, [""; 0]);
}

/// Code that derives a complete list, so that a new element is tested without a change of the test.
const LISTS: [(&str, &str); 6] = [
    ("operations()", "the operations of the API document"),
    (
        "operations_with(",
        "the operations with one kind of credential",
    ),
    ("operations_with_body()", "the operations with a body"),
    ("::ALL", "the values of an enum"),
    ("listening_ports(", "the ports of the running system"),
    (
        "claims.as_object()",
        "the claims of a token that the system issued",
    ),
];

/// Returns the source of a function, up to its closing brace.
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

/// Returns the names of the functions that a text calls.
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

/// Tells whether a test derives a list: itself, or in a function of its file that it calls.
fn derives_a_list(name: &str, source: &str) -> bool {
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

/// Tells whether a test claims to cover every element of a list.
fn is_named_every(name: &str) -> bool {
    name.split('_').any(|word| word == "every")
}

#[test]
fn a_cited_test_named_every_derives_its_list() {
    let all = all_sources();
    let mut handwritten = Vec::new();
    for name in cited_tests()
        .into_iter()
        .filter(|name| is_named_every(name))
    {
        let source = all.iter().find(|source| function(source, name).is_some());
        // `every_cited_test_exists` reports a test that does not exist.
        if !source.is_none_or(|source| derives_a_list(name, source)) {
            handwritten.push(name);
        }
    }
    assert_eq!(
        handwritten, [""; 0],
        "these tests must derive their lists from one of {LISTS:?}, or have another name"
    );
}

#[test]
fn a_handwritten_list_is_detected() {
    let source = "async fn every_route_is_tried() {\n    for path in paths() {\n        get(path).await;\n    }\n}\n\n\
        fn paths() -> [&'static str; 2] {\n    [\"/a\", \"/b\"]\n}\n\n\
        async fn all() {\n    for operation in operations() {}\n}\n";
    assert!(!derives_a_list("every_route_is_tried", source));
    let derived = source.replace("[\"/a\", \"/b\"]", "operations().map(path)");
    assert!(derives_a_list("every_route_is_tried", &derived));
}

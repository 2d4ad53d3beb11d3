//! The files that the documents cite exist.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// The directories at the root whose files the documents cite.
const DIRECTORIES: [&str; 13] = [
    ".ci",
    "bench",
    "ci",
    "cli",
    "docs",
    "events",
    "functions",
    "local",
    "shared",
    "template.yaml",
    "tests",
    "web",
    "justfile",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn documents() -> Vec<PathBuf> {
    let mut found = Vec::new();
    for directory in ["", "docs", "docs/adr", "docs/quickstarts"] {
        let entries = fs::read_dir(root().join(directory)).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        found.extend(paths.filter(|path| path.extension().is_some_and(|it| it == "md")));
    }
    found
}

/// Returns the code spans of a text that are paths of this repository. `<name>` stands for any name, so such spans are
/// skipped.
fn cited_paths(text: &str) -> impl Iterator<Item = &str> {
    let prose = text.split("```").step_by(2);
    let spans = prose.flat_map(|part| part.split('`').skip(1).step_by(2));
    spans.filter(|span| {
        let is_path = span
            .split_once('/')
            .is_some_and(|(first, rest)| DIRECTORIES.contains(&first) && !rest.is_empty());
        is_path && !span.contains([' ', '<', '{', '*', '…'])
    })
}

#[test]
fn cited_files_exist() {
    let mut count = 0;
    let mut missing = Vec::new();
    for document in documents() {
        let text = fs::read_to_string(&document).unwrap();
        for path in cited_paths(&text) {
            count += 1;
            if !root().join(path).exists() {
                missing.push(format!("{}: {path}", document.display()));
            }
        }
    }
    assert!(count > 100, "only {count} paths found");
    assert!(missing.is_empty(), "{missing:#?}");
}

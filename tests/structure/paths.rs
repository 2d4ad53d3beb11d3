//! Finds the routes that a test requests, by the string literals in its source.

use super::calls_function;

/// Tells whether a test contains the path of a route and calls its method.
pub fn requests(test: &str, route: &str) -> bool {
    let (method, path) = route.split_once(' ').unwrap();
    let is_called =
        test.contains(&format!("Method::{method}")) || calls_function(test, &method.to_lowercase());
    is_called && (test.split('"').any(|literal| names(literal, path)) || names_apart(test, path))
}

/// Tells whether a test has the beginning of a path in one literal and its last segment in another.
fn names_apart(test: &str, path: &str) -> bool {
    let Some((begin, rest)) = path.split_once('{') else {
        return false;
    };
    let last = rest.rsplit('/').next().unwrap_or_default();
    let mut literals = test.split('"');
    !last.ends_with('}')
        && literals.clone().any(|literal| literal == last)
        && literals.any(|literal| literal.starts_with(&format!("{begin}{{")))
}

/// Tells whether a literal is a path, with or without a query: the whole path, or its end after a variable.
fn names(literal: &str, path: &str) -> bool {
    let literal = literal.split('?').next().unwrap_or_default();
    let segments: Vec<_> = literal.split('/').collect();
    let wanted: Vec<_> = path.split('/').collect();
    if segments.len() < 2 {
        return false;
    }
    if fits(&segments, &wanted) {
        return true;
    }
    let (first, rest) = (segments[0], &segments[1..]);
    if !(first.is_empty() || first.starts_with('{')) || wanted.len() <= rest.len() {
        return false;
    }
    let (before, end) = wanted.split_at(wanted.len() - rest.len());
    // For helpers that take the path of a resource and the rest of the path.
    let begins_in_place =
        first.starts_with('{') || before.last().is_some_and(|last| last.starts_with('{'));
    let is_named = rest
        .iter()
        .zip(end)
        .any(|(segment, wanted)| segment == wanted);
    begins_in_place && is_named && fits(rest, end)
}

/// Tells whether the segments of a literal match those of a path. A parameter matches any segment that is not empty.
fn fits(segments: &[&str], path: &[&str]) -> bool {
    segments.len() == path.len()
        && segments
            .iter()
            .zip(path)
            .all(|(segment, of)| segment == of || of.starts_with('{') && !segment.is_empty())
}

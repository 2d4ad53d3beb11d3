//! What the document says about request bodies: their members are closed, and each has examples.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs, io,
    path::Path,
};

use serde_json::Value;
use utoipa::openapi::{
    OpenApi as Document, RefOr,
    example::ExampleBuilder,
    path::Operation,
    schema::{AdditionalProperties, Schema},
};

use super::operations;

/// Schemas of parts of request bodies that take members without names: widgets send what they remember of a part.
const OPEN: [&str; 1] = ["CompanionNamedPart"];

/// Answers to a sample whose body is not an example of a good one.
const BAD_BODY: [&str; 4] = [
    "malformed_json",
    "not_json",
    "validation_failed",
    "body_too_large",
];

/// Closes the schemas of request bodies: a body has no other members than those with names.
pub fn refuse_unknown_fields(document: &mut Document) {
    let names = request_schemas(document);
    let schemas = document
        .components
        .iter_mut()
        .flat_map(|components| &mut components.schemas);
    for (name, schema) in schemas {
        if let (true, RefOr::T(Schema::Object(object))) = (names.contains(name), schema) {
            object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
        }
    }
}

/// Removes `null` from optional request bodies: a body that is absent is not `null`.
pub fn refuse_null(document: &mut Document) {
    for operation in document.paths.paths.values_mut().flat_map(operations) {
        let Some(RefOr::T(body)) = &mut operation.request_body else {
            continue;
        };
        for content in body.content.values_mut() {
            let RefOr::T(content) = content else {
                continue;
            };
            if let Some(RefOr::T(Schema::OneOf(one_of))) = &content.schema
                && let [reference @ RefOr::Ref(_), _null] = one_of.items.as_slice()
            {
                content.schema = Some(reference.clone());
            }
        }
    }
}

/// The names of the schemas of request bodies, and of the parts of these.
fn request_schemas(document: &Document) -> BTreeSet<String> {
    let document = serde_json::to_value(document).unwrap_or_default();
    let mut wanted = Vec::new();
    for methods in members(&document["paths"]) {
        for operation in members(methods) {
            wanted.extend(references(&operation["requestBody"]));
        }
    }
    let mut found = BTreeSet::new();
    while let Some(name) = wanted.pop() {
        if !OPEN.contains(&name.as_str()) && found.insert(name.clone()) {
            wanted.extend(references(&document["components"]["schemas"][name]));
        }
    }
    found
}

/// The names of the schemas that a part of a document refers to.
fn references(part: &Value) -> Vec<String> {
    let own = part["$ref"].as_str();
    let own = own.and_then(|reference| reference.rsplit('/').next());
    let mut found: Vec<_> = own.map(str::to_owned).into_iter().collect();
    found.extend(members(part).flat_map(references));
    found.extend(part.as_array().into_iter().flatten().flat_map(references));
    found
}

fn members(object: &Value) -> impl Iterator<Item = &Value> {
    object.as_object().into_iter().flat_map(|all| all.values())
}

/// Takes the examples of request bodies from the sample events in `directory`.
///
/// # Errors
/// When a sample cannot be read.
pub fn add_examples(document: &mut Document, directory: &Path) -> io::Result<()> {
    let mut examples = read_examples(directory)?;
    for (path, item) in &mut document.paths.paths {
        let methods = item_methods(item);
        for (method, operation) in methods.into_iter().zip(operations(item)) {
            let of_route = examples.remove(&format!("{method} {path}"));
            add_to(operation, of_route.unwrap_or_default());
        }
    }
    Ok(())
}

/// The methods of a path, in the order of [`operations`].
fn item_methods(item: &utoipa::openapi::PathItem) -> Vec<&'static str> {
    [
        ("GET", item.get.is_some()),
        ("POST", item.post.is_some()),
        ("PUT", item.put.is_some()),
        ("PATCH", item.patch.is_some()),
        ("DELETE", item.delete.is_some()),
    ]
    .into_iter()
    .filter_map(|(method, is_there)| is_there.then_some(method))
    .collect()
}

fn add_to(operation: &mut Operation, examples: BTreeMap<String, Value>) {
    let Some(RefOr::T(body)) = &mut operation.request_body else {
        return;
    };
    let Some(RefOr::T(content)) = body.content.get_mut("application/json") else {
        return;
    };
    for (name, body) in examples {
        let example = ExampleBuilder::new().value(Some(body)).build();
        content.examples.insert(name, RefOr::T(example));
    }
}

/// The bodies of samples by route and name: those that are answered with a success at some time, or, where there are none,
/// those that are not refused for their body.
fn read_examples(directory: &Path) -> io::Result<BTreeMap<String, BTreeMap<String, Value>>> {
    let mut successes: BTreeMap<_, BTreeMap<_, _>> = BTreeMap::new();
    let mut others = successes.clone();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let event: Value = serde_json::from_str(&fs::read_to_string(&path)?)?;
        let body = event["body"].as_str();
        let body = body.and_then(|body| serde_json::from_str(body).ok());
        let name = path.file_stem().and_then(|name| name.to_str());
        if let (Some(route), Some(body), Some(name)) = (event["routeKey"].as_str(), body, name) {
            let found = match outcome(&event) {
                Outcome::Success => &mut successes,
                Outcome::OtherProblem => &mut others,
                Outcome::BadBody => continue,
            };
            let of_route: &mut BTreeMap<_, _> = found.entry(route.to_owned()).or_default();
            of_route.insert(name.to_owned(), body);
        }
    }
    for (route, bodies) in others {
        successes.entry(route).or_insert(bodies);
    }
    Ok(successes)
}

enum Outcome {
    Success,
    BadBody,
    OtherProblem,
}

/// The best answer that a sample expects.
fn outcome(event: &Value) -> Outcome {
    let answers = event["expected"]["answers"].as_array();
    let codes: Vec<_> = answers
        .into_iter()
        .flatten()
        .map(|answer| answer["code"].as_str())
        .collect();
    if codes.contains(&None) {
        Outcome::Success
    } else if codes.iter().flatten().any(|code| BAD_BODY.contains(code)) {
        Outcome::BadBody
    } else {
        Outcome::OtherProblem
    }
}

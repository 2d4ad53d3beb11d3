//! The operations of the API, read from the API document, for tests that cover every operation.

use std::{collections::BTreeSet, fmt, sync::LazyLock};

use reqwest::{Method, RequestBuilder};
use serde_json::Value;

use super::TestApp;

static DOCUMENT: LazyLock<Value> =
    LazyLock::new(|| serde_json::from_str(include_str!("../../docs/openapi.json")).unwrap());

/// A method of a path, as the API document describes it.
#[derive(Debug, Clone)]
pub struct Operation {
    pub method: Method,
    /// The path, with parameters in braces.
    pub path: String,
    description: &'static Value,
}

/// The credential that an operation requires.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// An access token.
    AccessToken,
    /// An access token if a query parameter is `true`.
    AccessTokenIfAsked,
    /// An upload grant in the path.
    UploadGrant,
    /// None, or a secret in the body.
    None,
}

/// The requests of an operation that count towards a rate limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RateLimit {
    None,
    All,
    /// The requests for which the function calls S3.
    Some,
}

/// Returns every operation of the API.
pub fn operations() -> Vec<Operation> {
    let paths = DOCUMENT["paths"].as_object().unwrap();
    let all: Vec<_> = paths
        .iter()
        .flat_map(|(path, methods)| {
            let methods = methods.as_object().unwrap().iter();
            methods.map(|(method, description)| Operation {
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                description,
            })
        })
        .collect();
    assert!(all.len() > 50, "{all:?}");
    all
}

/// Returns every operation that requires this credential.
pub fn operations_with(credential: Credential) -> Vec<Operation> {
    let mut found = operations();
    found.retain(|operation| operation.credential() == credential);
    assert!(!found.is_empty(), "{credential:?}");
    found
}

/// Returns every operation with a JSON body.
pub fn operations_with_body() -> Vec<Operation> {
    let mut found = operations();
    found.retain(Operation::has_body);
    found
}

impl Operation {
    pub fn credential(&self) -> Credential {
        let security = self.description["security"].as_array().unwrap();
        if security.is_empty() {
            return if self.parameters("path").contains("grant") {
                Credential::UploadGrant
            } else {
                Credential::None
            };
        }
        let is_optional =
            |scheme: &Value| scheme.as_object().is_some_and(serde_json::Map::is_empty);
        if security.iter().any(is_optional) {
            Credential::AccessTokenIfAsked
        } else {
            Credential::AccessToken
        }
    }

    /// Returns the names of the required parameters in a place: `path` or `query`.
    pub fn parameters(&self, place: &str) -> BTreeSet<&'static str> {
        let all = self.description["parameters"].as_array();
        all.into_iter()
            .flatten()
            .filter(|parameter| parameter["in"] == place && parameter["required"] == true)
            .map(|parameter| parameter["name"].as_str().unwrap())
            .collect()
    }

    /// Returns the name and the type of each query parameter. The type is `None` for a reference.
    pub fn query(&self) -> Vec<(&'static str, Option<&'static str>)> {
        let all = self.description["parameters"].as_array();
        all.into_iter()
            .flatten()
            .filter(|parameter| parameter["in"] == "query")
            .map(|parameter| {
                let name = parameter["name"].as_str().unwrap();
                (name, parameter["schema"]["type"].as_str())
            })
            .collect()
    }

    /// Replaces each parameter of the path with `value(segment before it, its name)`.
    pub fn path_with(&self, value: impl Fn(&str, &str) -> String) -> String {
        let mut before = "";
        let mut path = String::new();
        for segment in self.path.split('/').skip(1) {
            let name = segment
                .strip_prefix('{')
                .and_then(|rest| rest.strip_suffix('}'));
            path.push('/');
            match name {
                Some(name) => path.push_str(&value(before, name)),
                None => path.push_str(segment),
            }
            before = segment;
        }
        path
    }

    /// Builds a request with a valid body and without an access token, for resources that do not exist. Boolean query
    /// parameters are `true`, so that the operation requires a token if it can.
    pub fn request(&self, app: &TestApp, grant: &str) -> RequestBuilder {
        let placeholder = |_: &str, name: &str| match name {
            "grant" => grant.to_owned(),
            "part" => "1".to_owned(),
            _ => "x".to_owned(),
        };
        let required = self.parameters("query");
        let query: Vec<_> = self
            .query()
            .into_iter()
            .filter_map(|(name, kind)| match kind {
                Some("boolean") => Some(format!("{name}=true")),
                _ => required.contains(name).then(|| format!("{name}=x")),
            })
            .collect();
        let path = format!("{}?{}", self.path_with(placeholder), query.join("&"));
        let request = app.request(self.method.clone(), &path);
        match self.examples().first() {
            Some(body) => request.json(body),
            None => request,
        }
    }

    fn has_body(&self) -> bool {
        self.description.get("requestBody").is_some()
    }

    fn content(&self) -> &'static Value {
        &self.description["requestBody"]["content"]["application/json"]
    }

    /// Returns the examples of a valid body.
    ///
    /// # Panics
    /// If the operation has a body but no example.
    pub fn examples(&self) -> Vec<&'static Value> {
        let examples = self.content()["examples"].as_object();
        let examples: Vec<_> = examples
            .into_iter()
            .flat_map(|all| all.values())
            .map(|example| &example["value"])
            .collect();
        assert!(
            !self.has_body() || !examples.is_empty(),
            "{self} has no example: add a sample event to events/ (docs/ADDING_A_ROUTE.md, step 4)"
        );
        examples
    }

    /// Returns the name and the allowed JSON types of each member of the body.
    pub fn fields(&self) -> Vec<(&'static str, BTreeSet<&'static str>)> {
        let schema = resolved(&self.content()["schema"]);
        let fields = schema["properties"].as_object().unwrap().iter();
        fields
            .map(|(name, schema)| (name.as_str(), types(schema)))
            .collect()
    }

    /// Returns the size limit of the body in bytes.
    pub fn max_body(&self) -> usize {
        let text = self.response_description(413).unwrap();
        let (_, size) = text.split_once("over ").unwrap();
        match size {
            "64 KiB" => 64 * 1024,
            "1 MiB" => 1024 * 1024,
            other => panic!("{self}: {other}"),
        }
    }

    pub fn rate_limit(&self) -> RateLimit {
        match self.response_description(429) {
            None => RateLimit::None,
            Some("`rate_limited`") => RateLimit::All,
            Some(_) => RateLimit::Some,
        }
    }

    /// Returns the description of the response with a status, if the operation has one.
    fn response_description(&self, status: u16) -> Option<&'static str> {
        self.description["responses"][status.to_string()]["description"].as_str()
    }

    /// Tells whether the operation is for administrators.
    pub fn is_administration(&self) -> bool {
        let is_tagged = self.description["tags"][0] == "admin";
        assert_eq!(is_tagged, self.path.starts_with("/admin/"), "{self}");
        is_tagged
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// Returns a schema, or the one that it refers to.
fn resolved(schema: &'static Value) -> &'static Value {
    match schema["$ref"].as_str() {
        Some(reference) => DOCUMENT.pointer(&reference[1..]).unwrap(),
        None => schema,
    }
}

/// Returns the JSON types that a schema allows.
fn types(schema: &'static Value) -> BTreeSet<&'static str> {
    let schema = resolved(schema);
    let one_of = schema["oneOf"].as_array().into_iter().flatten();
    let mut found: BTreeSet<_> = one_of.flat_map(types).collect();
    found.extend(schema["type"].as_str());
    let several = schema["type"].as_array().into_iter().flatten();
    found.extend(several.map(|one| one.as_str().unwrap()));
    found
}

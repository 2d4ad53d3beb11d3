//! `cloakroom openapi`: prints the API document of all functions.

mod lists;
mod parameters;
mod requests;
mod texts;

use std::{
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::Args;

use utoipa::{
    Modify, OpenApi,
    openapi::{
        ContentBuilder, HeaderBuilder, OpenApi as Document, PathItem, Ref, RefOr, Required,
        Response, ResponseBuilder,
        path::{Operation, ParameterBuilder, ParameterIn},
        schema::{ObjectBuilder, Type},
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

/// The generated document that is checked in. A test compares it with the code.
pub const CHECKED_IN: &str = include_str!("../../../docs/openapi.json");

/// The document that the functions' documents are merged into.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Cloakroom",
        description = "Accounts and file uploads for any app.\n\n\
            Errors are `application/problem+json` (RFC 9457) with a stable `code`. Errors that API Gateway itself sends \
            (429, 413, 500, 503) are JSON with only a `message`. An unknown path is 404 `not_found`, an unsupported method \
            405 `method_not_allowed` with an `Allow` header, and an internal error 500 `internal_error`. A 401 \
            has a `WWW-Authenticate` header (RFC 6750), which API Gateway renames to `x-amzn-remapped-www-authenticate`."
    ),
    servers(
        (url = "http://127.0.0.1:3000", description = "The local system: `cargo run`"),
        (
            url = "https://{api}",
            description = "A deployed stack",
            variables(("api" = (default = "api.example.com", description = "the host of the stack's output `ApiUrl`"))),
        ),
    ),
    tags(
        (name = "accounts", description = "Sign-up, sign-in, sessions, and the account of the caller"),
        (name = "users", description = "Profiles of users"),
        (name = "uploads", description = "Files of the caller, which clients send straight to S3"),
        (name = "orders", description = "Orders of products, and their payments"),
        (name = "companion", description = "The protocol of Uppy's companion server"),
        (name = "admin", description = "Accounts, for administrators"),
        (name = "keys", description = "What verifiers of access tokens need"),
    ),
    components(schemas(http_api::ProblemDocument)),
    modifiers(&AccessToken)
)]
struct ApiDoc;

struct AccessToken;

impl Modify for AccessToken {
    fn modify(&self, document: &mut Document) {
        let bearer = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .build();
        let components = document.components.get_or_insert_default();
        components.add_security_scheme("access_token", SecurityScheme::Http(bearer));
    }
}

/// The options of `cloakroom openapi`.
#[derive(Debug, Args)]
pub struct OpenapiArgs {
    /// The directory of the sample events, whose bodies become the document's examples
    #[arg(long, default_value = "events")]
    events: PathBuf,
}

/// Generates the document that is checked in at docs/openapi.json, with examples from the sample events.
fn document(events: &Path) -> io::Result<String> {
    let functions = vec![
        signup::ApiDoc::openapi(),
        signin::ApiDoc::openapi(),
        session::ApiDoc::openapi(),
        users::ApiDoc::openapi(),
        account::ApiDoc::openapi(),
        export::ApiDoc::openapi(),
        admin::ApiDoc::openapi(),
        recovery::ApiDoc::openapi(),
        uploads::ApiDoc::openapi(),
        library::ApiDoc::openapi(),
        orders::ApiDoc::openapi(),
        products::ApiDoc::openapi(),
        upload_locks::ApiDoc::openapi(),
        webhooks::ApiDoc::openapi(),
        keys::ApiDoc::openapi(),
    ];
    let mut document = ApiDoc::openapi();
    for function in functions {
        document.merge(function);
    }
    requests::refuse_unknown_fields(&mut document);
    add_granted_routes(&mut document);
    add_common_problems(&mut document);
    add_rate_limits(&mut document);
    lists::refer_to_items(&mut document);
    texts::require_one_line(&mut document);
    parameters::refuse_null(&mut document);
    requests::refuse_null(&mut document);
    mark_public_operations(&mut document);
    requests::add_examples(&mut document, events)?;
    Ok(document.to_pretty_json()? + "\n")
}

/// Adds the problems that every operation, every operation with a body or every authenticated operation can return.
fn add_common_problems(document: &mut Document) {
    for (path, item) in &mut document.paths.paths {
        for operation in operations(item).filter(|_| path.contains('{')) {
            let responses = &mut operation.responses.responses;
            let absent = || {
                RefOr::T(problem(
                    "`not_found`: it does not exist or belongs to another user",
                ))
            };
            responses.entry("404".to_owned()).or_insert_with(absent);
        }
    }
    let all = document.paths.paths.iter_mut();
    for (path, operation) in all.flat_map(|(path, item)| operations(item).map(move |it| (path, it)))
    {
        let problems = [
            (
                "400",
                operation.request_body.is_some(),
                "`malformed_json`, `duplicate_field`",
            ),
            (
                "401",
                // An upload grant in the path is checked like an access token.
                operation.security.is_some() || path.contains("{grant}"),
                "`unauthorized`, `invalid_token`",
            ),
            (
                "413",
                // Operations that take larger bodies have a 413 of their own.
                operation.request_body.is_some()
                    && !operation.responses.responses.contains_key("413"),
                "`body_too_large`: over 64 KiB",
            ),
            ("415", operation.request_body.is_some(), "`not_json`"),
            (
                "503",
                true,
                "`unavailable`: try again after `Retry-After` seconds",
            ),
        ];
        for (status, _, codes) in problems.into_iter().filter(|(_, applies, _)| *applies) {
            let listed = operation.responses.responses.entry(status.to_owned());
            match listed.or_insert_with(|| RefOr::T(problem(""))) {
                RefOr::T(listed) if listed.description.is_empty() => {
                    codes.clone_into(&mut listed.description);
                }
                RefOr::T(listed) => listed.description = format!("{}; {codes}", listed.description),
                RefOr::Ref(_) => {}
            }
        }
    }
}

/// Documents the rate-limit headers of rate-limited operations. A 503 has none: its cause may be that the count is
/// unavailable.
fn add_rate_limits(document: &mut Document) {
    for operation in document.paths.paths.values_mut().flat_map(operations) {
        if !operation.responses.responses.contains_key("429") {
            continue;
        }
        for (status, response) in &mut operation.responses.responses {
            let RefOr::T(response) = response else {
                continue;
            };
            let header = |description: &str| {
                let header = HeaderBuilder::new().description(Some(description));
                header
                    .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
                    .build()
            };
            let headers = &mut response.headers;
            if status == "429" {
                let text = "seconds to wait before the next request";
                headers.insert("Retry-After".to_owned(), header(text).into());
            }
            if status != "503" {
                let text = "the policy name, the requests allowed per address (`q`) and the window in seconds (`w`)";
                headers.insert("RateLimit-Policy".to_owned(), header(text).into());
                let text = "the policy name, the remaining requests (`r`) and the seconds until the window resets (`t`)";
                headers.insert("RateLimit".to_owned(), header(text).into());
            }
        }
    }
}

/// Adds each Companion route twice more: with an upload grant in the path instead of an access token, and with the
/// `/s3` path segment that Uppy 6 appends.
fn add_granted_routes(document: &mut Document) {
    let companion = document.paths.paths.iter().filter_map(|(path, item)| {
        let rest = path.strip_prefix("/s3/").filter(|rest| *rest != "grants")?;
        Some([
            (format!("/s3/g/{{grant}}/{rest}"), "Granted", item.clone()),
            (
                format!("/s3/g/{{grant}}/s3/{rest}"),
                "ByGrant",
                item.clone(),
            ),
        ])
    });
    let granted: Vec<_> = companion.flatten().collect();
    for (path, suffix, mut item) in granted {
        for operation in operations(&mut item) {
            let grant = ParameterBuilder::new()
                .name("grant")
                .parameter_in(ParameterIn::Path)
                .required(Required::True)
                .description(Some("the last path segment of a `companionEndpoint`"))
                .schema(Some(ObjectBuilder::new().schema_type(Type::String)))
                .build();
            operation
                .parameters
                .get_or_insert_default()
                .push(RefOr::T(grant));
            operation.security = None;
            if let Some(id) = &mut operation.operation_id {
                id.push_str(suffix);
            }
        }
        document.paths.paths.insert(path, item);
    }
}

/// Says of each operation without an access token that it needs none: the document has no default for all.
fn mark_public_operations(document: &mut Document) {
    for operation in document.paths.paths.values_mut().flat_map(operations) {
        operation.security.get_or_insert_default();
    }
}

fn operations(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [
        &mut path.get,
        &mut path.post,
        &mut path.put,
        &mut path.patch,
        &mut path.delete,
    ]
    .into_iter()
    .filter_map(Option::as_mut)
}

fn problem(description: &str) -> Response {
    let schema = Ref::from_schema_name("Problem");
    let content = ContentBuilder::new().schema(Some(schema)).build();
    ResponseBuilder::new()
        .description(description)
        .content("application/problem+json", content)
        .build()
}

/// Prints the document.
pub fn run(args: &OpenapiArgs) -> ExitCode {
    let document = match document(&args.events) {
        Ok(document) => document,
        Err(error) => {
            eprintln!("{}: {error}", args.events.display());
            return ExitCode::FAILURE;
        }
    };
    match io::stdout().lock().write_all(document.as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    const EVENTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../events");

    fn current() -> Value {
        serde_json::from_str(&document(Path::new(EVENTS)).unwrap()).unwrap()
    }

    #[test]
    fn the_document_has_the_routes_of_the_template_and_no_others() {
        let template = include_str!("../../../template.yaml");
        let template = sam_template::Template::parse(template, &[].into()).unwrap();
        let routes = template
            .routes()
            .unwrap()
            .into_iter()
            .filter(|route| !route.is_default);
        let deployed: BTreeSet<_> = routes.map(|route| (route.path, route.method)).collect();

        let document = current();
        let paths = document["paths"].as_object().unwrap().iter();
        let documented: BTreeSet<_> = paths
            .flat_map(|(path, methods)| {
                let methods = methods.as_object().unwrap().keys();
                methods.map(|method| (path.clone(), method.to_uppercase()))
            })
            .collect();
        assert_eq!(documented, deployed);
    }

    #[test]
    fn every_body_refuses_unknown_fields_and_has_an_example() {
        let document = current();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let Some(body) = operation.get("requestBody") else {
                    continue;
                };
                let content = &body["content"]["application/json"];
                let reference = content["schema"]["$ref"].as_str().unwrap();
                let name = reference.rsplit('/').next().unwrap();
                let schema = &document["components"]["schemas"][name];
                assert_eq!(schema["additionalProperties"], false, "{name}");
                let examples = content["examples"].as_object();
                assert!(
                    examples.is_some_and(|examples| !examples.is_empty()),
                    "{method} {path}: no file in events/ has a body for it (docs/ADDING_A_ROUTE.md, step 4)"
                );
            }
        }
    }

    #[test]
    fn the_document_in_the_repository_is_up_to_date() {
        let same = document(Path::new(EVENTS)).unwrap() == CHECKED_IN;
        assert!(
            same,
            "docs/openapi.json is stale: run `mkdir -p target && cargo run -- openapi > target/openapi.json && mv target/openapi.json docs/`"
        );
    }
}

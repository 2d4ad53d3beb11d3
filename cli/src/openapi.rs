//! `cloakroom openapi`: prints the API document of all functions.

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use utoipa::{
    Modify, OpenApi,
    openapi::{
        ContentBuilder, HeaderBuilder, OpenApi as Document, PathItem, Ref, RefOr, Required,
        Response, ResponseBuilder,
        path::{Operation, ParameterBuilder, ParameterIn},
        schema::{AdditionalProperties, ObjectBuilder, Schema, Type},
        security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
    },
};

/// The document that the functions' documents are merged into.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Cloakroom",
        description = "Accounts and file uploads for any app.\n\n\
            Errors are `application/problem+json` (RFC 9457) with a stable `code`. Errors that API Gateway itself sends \
            (429, 413, 500, 503) are JSON with only a `message`. An unknown path is 404 `not_found`, an unsupported method \
            405 `method_not_allowed` with an `Allow` header, and an internal error 500 `internal_error`."
    ),
    components(schemas(http_api::ProblemDocument)),
    modifiers(&AccessToken)
)]
struct ApiDoc;

/// The schemas of the request bodies.
const BODIES: [&str; 21] = [
    "ChangePasswordRequest",
    "CompanionCompleteRequest",
    "CompanionCreateRequest",
    "CompleteUploadRequest",
    "CompletedPart",
    "CreateUploadRequest",
    "DeleteAccountRequest",
    "ForgotPasswordRequest",
    "LockUploadRequest",
    "RefreshSessionRequest",
    "ResetPasswordRequest",
    "RestoreUploadRequest",
    "SetRolesRequest",
    "SignInRequest",
    "SignOutRequest",
    "SignPartsRequest",
    "SignUpProfile",
    "SignUpRequest",
    "UpdateUserProfile",
    "UpdateUserRequest",
    "VerifyEmailRequest",
];

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

/// Generates the document that is checked in at docs/openapi.json.
fn document() -> Result<String, serde_json::Error> {
    let functions = [
        signup::ApiDoc::openapi(),
        signin::ApiDoc::openapi(),
        session::ApiDoc::openapi(),
        users::ApiDoc::openapi(),
        account::ApiDoc::openapi(),
        admin::ApiDoc::openapi(),
        recovery::ApiDoc::openapi(),
        uploads::ApiDoc::openapi(),
        upload_locks::ApiDoc::openapi(),
        keys::ApiDoc::openapi(),
    ];
    let mut document = ApiDoc::openapi();
    for function in functions {
        document.merge(function);
    }
    refuse_unknown_fields(&mut document);
    add_common_problems(&mut document);
    add_rate_limits(&mut document);
    add_granted_routes(&mut document);
    document.to_pretty_json().map(|json| json + "\n")
}

/// Marks every request body as closed: the API rejects unknown fields.
fn refuse_unknown_fields(document: &mut Document) {
    let schemas = document
        .components
        .iter_mut()
        .flat_map(|components| &mut components.schemas);
    for (name, schema) in schemas {
        if let (true, RefOr::T(Schema::Object(object))) = (BODIES.contains(&name.as_str()), schema)
        {
            object.additional_properties = Some(Box::new(AdditionalProperties::FreeForm(false)));
        }
    }
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
    for operation in document.paths.paths.values_mut().flat_map(operations) {
        let problems = [
            (
                "400",
                operation.request_body.is_some(),
                "`malformed_json`, `duplicate_field`",
            ),
            (
                "401",
                operation.security.is_some(),
                "`unauthorized`, `invalid_token`",
            ),
            (
                "413",
                operation.request_body.is_some(),
                "`body_too_large`: over 64 KiB (lists of parts: 1 MiB)",
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
pub fn run() -> ExitCode {
    let written = document().map_err(io::Error::from).and_then(|document| {
        let mut stdout = io::stdout().lock();
        stdout.write_all(document.as_bytes())
    });
    match written {
        Ok(()) => ExitCode::SUCCESS,
        Err(_) => ExitCode::FAILURE,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::Value;

    use super::*;

    #[test]
    fn the_document_has_the_routes_of_the_template_and_no_others() {
        let template = include_str!("../../template.yaml");
        let template = sam_template::Template::parse(template, &[].into()).unwrap();
        let routes = template
            .routes()
            .unwrap()
            .into_iter()
            .filter(|route| !route.is_default);
        let deployed: BTreeSet<_> = routes.map(|route| (route.path, route.method)).collect();

        let document: Value = serde_json::from_str(&document().unwrap()).unwrap();
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
    fn every_body_refuses_unknown_fields() {
        let document: Value = serde_json::from_str(&document().unwrap()).unwrap();
        for name in BODIES {
            let schema = &document["components"]["schemas"][name];
            assert_eq!(schema["additionalProperties"], false, "{name}");
        }
        let methods = document["paths"]
            .as_object()
            .unwrap()
            .values()
            .flat_map(|path| path.as_object().unwrap());
        for (_, operation) in methods {
            let Some(body) = operation.get("requestBody") else {
                continue;
            };
            let schema = body["content"]["application/json"]["schema"]["$ref"]
                .as_str()
                .unwrap();
            assert!(
                BODIES.contains(&schema.rsplit('/').next().unwrap()),
                "{schema}"
            );
        }
    }

    #[test]
    fn the_document_in_the_repository_is_up_to_date() {
        let checked_in = include_str!("../../docs/openapi.json");
        let same = document().unwrap() == checked_in;
        assert!(
            same,
            "docs/openapi.json is stale: run `cargo run -- openapi > docs/openapi.json`"
        );
    }
}

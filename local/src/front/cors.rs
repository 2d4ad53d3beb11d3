//! CORS of an HTTP API: the gateway responds to preflights, and its headers replace the function's.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html>

use axum::body::Body;
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS,
        ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS,
        ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_METHOD, ORIGIN,
    },
    request::Parts,
};
use sam_template::Cors;

use crate::origins::Origins;

/// Builds the response to a preflight. `None` when the request is not one.
pub(crate) fn preflight(cors: &Cors, origins: &Origins, parts: &Parts) -> Option<Response<Body>> {
    let is_preflight = parts.method == Method::OPTIONS
        && parts.headers.contains_key(ORIGIN)
        && parts.headers.contains_key(ACCESS_CONTROL_REQUEST_METHOD);
    if !is_preflight {
        return None;
    }
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    // Without these headers the browser blocks the request.
    if let Some(origin) = allowed_origin(cors, origins, &parts.headers) {
        let headers = response.headers_mut();
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        insert_list(headers, ACCESS_CONTROL_ALLOW_METHODS, &cors.allow_methods);
        insert_list(headers, ACCESS_CONTROL_ALLOW_HEADERS, &cors.allow_headers);
        if let Some(max_age) = cors.max_age {
            headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from(max_age));
        }
        insert_credentials(headers, cors);
    }
    Some(response)
}

/// Replaces the CORS headers of a response with the gateway's.
pub(crate) fn apply(cors: &Cors, origins: &Origins, request: &HeaderMap, response: &mut HeaderMap) {
    for name in [
        ACCESS_CONTROL_ALLOW_CREDENTIALS,
        ACCESS_CONTROL_ALLOW_HEADERS,
        ACCESS_CONTROL_ALLOW_METHODS,
        ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_EXPOSE_HEADERS,
        ACCESS_CONTROL_MAX_AGE,
    ] {
        response.remove(name);
    }
    if let Some(origin) = allowed_origin(cors, origins, request) {
        response.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        insert_list(
            response,
            ACCESS_CONTROL_EXPOSE_HEADERS,
            &cors.expose_headers,
        );
        insert_credentials(response, cors);
    }
}

/// Returns the allowed origin to send: the request's or `*`. `None` when it is not allowed, which is logged.
fn allowed_origin(cors: &Cors, origins: &Origins, request: &HeaderMap) -> Option<HeaderValue> {
    let origin = request.get(ORIGIN)?;
    let is_allowed = |allowed: &String| match allowed.as_str() {
        "*" => true,
        // `https://*` is any origin of that scheme.
        pattern => match pattern.strip_suffix('*') {
            Some(prefix) => origin.as_bytes().starts_with(prefix.as_bytes()),
            None => origin.as_bytes() == pattern.as_bytes(),
        },
    };
    let text = String::from_utf8_lossy(origin.as_bytes());
    if !cors.allow_origins.iter().any(is_allowed) && !origins.allow(&text) {
        origins.log_refusal("the API", &text);
        return None;
    }
    if cors.allow_origins.iter().any(|allowed| allowed == "*") {
        return Some(HeaderValue::from_static("*"));
    }
    Some(origin.clone())
}

fn insert_list(headers: &mut HeaderMap, name: HeaderName, values: &[String]) {
    if values.is_empty() {
        return;
    }
    if let Ok(value) = values.join(",").parse() {
        headers.insert(name, value);
    }
}

fn insert_credentials(headers: &mut HeaderMap, cors: &Cors) {
    if cors.allow_credentials {
        headers.insert(
            ACCESS_CONTROL_ALLOW_CREDENTIALS,
            HeaderValue::from_static("true"),
        );
    }
}

#[cfg(test)]
mod tests {
    use http::Request;

    use super::*;

    fn cors() -> Cors {
        Cors {
            allow_origins: vec!["http://localhost:3000".to_owned()],
            allow_methods: vec!["GET".to_owned(), "POST".to_owned()],
            allow_headers: vec!["authorization".to_owned()],
            expose_headers: vec!["etag".to_owned(), "location".to_owned()],
            max_age: Some(600),
            allow_credentials: false,
        }
    }

    fn preflight_from(origin: &str) -> Option<Vec<String>> {
        let request = Request::options("/signin")
            .header(ORIGIN, origin)
            .header(ACCESS_CONTROL_REQUEST_METHOD, "POST");
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let response = preflight(&cors(), &Origins::strict(), &parts)?;
        assert_eq!(response.status(), StatusCode::NO_CONTENT);
        let headers = response.headers().iter();
        Some(
            headers
                .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
                .collect(),
        )
    }

    #[test]
    fn the_gateway_responds_to_preflights() {
        assert_eq!(
            preflight_from("http://localhost:3000").unwrap(),
            [
                "access-control-allow-origin: http://localhost:3000",
                "access-control-allow-methods: GET,POST",
                "access-control-allow-headers: authorization",
                "access-control-max-age: 600",
            ]
        );
        assert_eq!(
            preflight_from("http://evil.example").unwrap(),
            Vec::<String>::new()
        );
    }

    #[test]
    fn other_options_requests_are_not_preflights() {
        let (parts, ()) = Request::options("/").body(()).unwrap().into_parts();
        assert!(preflight(&cors(), &Origins::strict(), &parts).is_none());
    }

    #[test]
    fn the_functions_headers_are_replaced() {
        let from = |origin: &'static str| {
            let request = HeaderMap::from_iter([(ORIGIN, HeaderValue::from_static(origin))]);
            let mut response = HeaderMap::from_iter([
                (ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")),
                (ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("*")),
            ]);
            apply(&cors(), &Origins::strict(), &request, &mut response);
            response
        };
        let allowed = from("http://localhost:3000");
        assert_eq!(allowed.len(), 2);
        assert_eq!(
            allowed[ACCESS_CONTROL_ALLOW_ORIGIN],
            "http://localhost:3000"
        );
        assert_eq!(allowed[ACCESS_CONTROL_EXPOSE_HEADERS], "etag,location");
        assert!(from("http://localhost:3000.evil.example").is_empty());
        assert!(from("http://localhost:30001").is_empty());
    }

    #[test]
    fn all_origins_of_a_scheme_can_be_allowed() {
        let mut cors = cors();
        cors.allow_origins = vec!["https://*".to_owned()];
        let allowed = |cors: &Cors, origin: &'static str| {
            let request = HeaderMap::from_iter([(ORIGIN, HeaderValue::from_static(origin))]);
            allowed_origin(cors, &Origins::strict(), &request).is_some()
        };
        assert!(allowed(&cors, "https://a.example"));
        assert!(!allowed(&cors, "http://a.example"));
    }
}

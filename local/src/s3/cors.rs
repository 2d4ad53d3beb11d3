//! CORS of a bucket: the first rule that matches applies.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/ManageCorsUsing.html>

use axum::body::Body;
use http::{
    HeaderMap, HeaderValue, Method, Response, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_HEADERS,
        ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN, ACCESS_CONTROL_EXPOSE_HEADERS,
        ACCESS_CONTROL_MAX_AGE, ACCESS_CONTROL_REQUEST_HEADERS, ACCESS_CONTROL_REQUEST_METHOD,
        CONTENT_TYPE, ORIGIN, VARY,
    },
};
use sam_template::CorsRule;

use crate::origins::Origins;

/// The `Vary` header of responses of a bucket with rules.
const VARIES: &str = "Origin, Access-Control-Request-Headers, Access-Control-Request-Method";

/// The CORS headers of a request.
#[derive(Debug)]
pub(crate) struct CorsRequest {
    origin: String,
    method: String,
    /// In lower case.
    headers: Vec<String>,
    /// Whether the local system allows the origin, whatever the rules say.
    is_local: bool,
}

impl CorsRequest {
    /// Parses the CORS headers. `None` when the request has no origin.
    pub(crate) fn parse(method: &Method, headers: &HeaderMap, origins: &Origins) -> Option<Self> {
        let text = |name| headers.get(name)?.to_str().ok();
        let requested = text(ACCESS_CONTROL_REQUEST_METHOD).filter(|_| method == Method::OPTIONS);
        let names = text(ACCESS_CONTROL_REQUEST_HEADERS).unwrap_or_default();
        let origin = text(ORIGIN)?;
        Some(Self {
            is_local: origins.allow(origin),
            origin: origin.to_owned(),
            method: requested.unwrap_or(method.as_str()).to_owned(),
            headers: names
                .split(',')
                .map(|name| name.trim().to_ascii_lowercase())
                .filter(|name| !name.is_empty())
                .collect(),
        })
    }

    /// Returns the origin if none of the rules allows it.
    pub(crate) fn refused_origin(&self, rules: &[CorsRule]) -> Option<&str> {
        let mut allowed = rules.iter().flat_map(|rule| &rule.allowed_origins);
        let is_allowed = self.is_local || allowed.any(|origin| matches(origin, &self.origin));
        (!is_allowed && !rules.is_empty()).then_some(&self.origin)
    }

    fn rule<'a>(&self, rules: &'a [CorsRule]) -> Option<&'a CorsRule> {
        rules.iter().find(|rule| {
            let has = |list: &[String], text: &str| list.iter().any(|one| matches(one, text));
            (self.is_local || has(&rule.allowed_origins, &self.origin))
                && rule.allowed_methods.contains(&self.method)
                && self.headers.iter().all(|name| {
                    rule.allowed_headers
                        .iter()
                        .any(|allowed| matches(&allowed.to_ascii_lowercase(), name))
                })
        })
    }
}

/// Builds the response to a preflight.
pub(crate) fn preflight(rules: &[CorsRule], request: Option<&CorsRequest>) -> Response<Body> {
    let Some(request) = request else {
        return error_response(
            StatusCode::BAD_REQUEST,
            "BadRequest",
            "Insufficient information. Origin request header needed.",
        );
    };
    let Some(rule) = request.rule(rules) else {
        return error_response(
            StatusCode::FORBIDDEN,
            "AccessForbidden",
            "CORSResponse: This CORS request is not allowed. This is usually because the evalution \
             of Origin, request method / Access-Control-Request-Method or \
             Access-Control-Request-Headers are not whitelisted by the resource's CORS spec.",
        );
    };
    let mut response = Response::new(Body::empty());
    add(rule, request, response.headers_mut());
    response
}

/// Adds the CORS headers to a response. Errors get them too, so that the page can read them.
pub(crate) fn apply(rules: &[CorsRule], request: &CorsRequest, response: &mut HeaderMap) {
    if let Some(rule) = request.rule(rules) {
        add(rule, request, response);
    }
}

fn add(rule: &CorsRule, request: &CorsRequest, headers: &mut HeaderMap) {
    let mut set = |name, value: &str| {
        if let Ok(value) = HeaderValue::from_str(value) {
            headers.insert(name, value);
        }
    };
    if rule.allowed_origins.iter().any(|origin| origin == "*") {
        set(ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    } else {
        set(ACCESS_CONTROL_ALLOW_ORIGIN, &request.origin);
        set(ACCESS_CONTROL_ALLOW_CREDENTIALS, "true");
    }
    set(
        ACCESS_CONTROL_ALLOW_METHODS,
        &rule.allowed_methods.join(", "),
    );
    if !request.headers.is_empty() {
        set(ACCESS_CONTROL_ALLOW_HEADERS, &request.headers.join(", "));
    }
    if !rule.exposed_headers.is_empty() {
        set(
            ACCESS_CONTROL_EXPOSE_HEADERS,
            &rule.exposed_headers.join(", "),
        );
    }
    if let Some(max_age) = rule.max_age {
        set(ACCESS_CONTROL_MAX_AGE, &max_age.to_string());
    }
    set(VARY, VARIES);
}

/// Whether `text` matches `pattern`, in which one `*` matches any text.
fn matches(pattern: &str, text: &str) -> bool {
    match pattern.split_once('*') {
        None => pattern == text,
        Some((start, end)) => {
            text.len() >= start.len() + end.len() && text.starts_with(start) && text.ends_with(end)
        }
    }
}

fn error_response(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Error><Code>{code}</Code><Message>{message}</Message></Error>"
    );
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/xml"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_can_have_one_wildcard() {
        for (pattern, text, expected) in [
            ("x-amz-*", "x-amz-checksum-sha256", true),
            ("x-amz-*", "x-amzn", false),
            ("https://*.example.com", "https://a.example.com", true),
            ("https://*.example.com", "https://.example.co", false),
            ("aa*aa", "aaa", false),
            ("*", "", true),
            ("content-type", "content-type", true),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }
}

//! Converts a request to an API Gateway event of payload format 2.0.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html>

use std::{collections::BTreeMap, net::IpAddr};

use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use clock::Clock;
use http::{HeaderMap, header, request::Parts};
use sam_template::ACCOUNT;
use serde_json::{Map, Value, json};
use time::macros::format_description;

use super::{percent, router::Match};

/// The data of an event besides the request.
pub(crate) struct Context<'a> {
    pub(crate) clock: &'a Clock,
    pub(crate) peer: IpAddr,
    pub(crate) request_id: &'a str,
    pub(crate) trace_id: &'a str,
    pub(crate) api_id: &'a str,
    pub(crate) port: u16,
}

/// Builds the event for a request with a matching route.
pub(crate) fn event(parts: &Parts, body: &Bytes, found: &Match, context: &Context) -> Value {
    let path = percent::decode(parts.uri.path());
    let query = parts.uri.query().unwrap_or_default();
    let route_key = found.route.key();
    let host = header_text(&parts.headers, "host");
    let now = context.clock.now();
    let format =
        format_description!("[day]/[month repr:short]/[year]:[hour]:[minute]:[second] +0000");
    let mut event = json!({
        "version": "2.0",
        "routeKey": route_key,
        // An HTTP API decodes the path, despite the field's name.
        "rawPath": path,
        "rawQueryString": query,
        "headers": headers(&parts.headers, context),
        "requestContext": {
            "accountId": ACCOUNT,
            "apiId": context.api_id,
            "domainName": host,
            "domainPrefix": host.split('.').next(),
            "http": {
                "method": parts.method.as_str(),
                "path": path,
                "protocol": format!("{:?}", parts.version),
                "sourceIp": context.peer.to_string(),
                "userAgent": header_text(&parts.headers, "user-agent"),
            },
            "requestId": context.request_id,
            "routeKey": route_key,
            "stage": "$default",
            "time": now.format(format).unwrap_or_default(),
            "timeEpoch": context.clock.epoch_ms(),
        },
        "isBase64Encoded": false,
    });
    let cookies = cookies(&parts.headers);
    if !cookies.is_empty() {
        event["cookies"] = json!(cookies);
    }
    if !query.is_empty() {
        event["queryStringParameters"] = query_parameters(query);
    }
    if !found.parameters.is_empty() {
        event["pathParameters"] = json!(found.parameters);
    }
    if !body.is_empty() {
        let is_text = is_text(&parts.headers);
        match std::str::from_utf8(body) {
            Ok(text) if is_text => event["body"] = json!(text),
            _ => {
                event["body"] = json!(BASE64_STANDARD.encode(body));
                event["isBase64Encoded"] = json!(true);
            }
        }
    }
    event
}

/// Returns the headers with lower-case names and joined values, without cookies, and with the gateway's own headers.
fn headers(headers: &HeaderMap, context: &Context) -> Value {
    let mut joined: BTreeMap<&str, String> = BTreeMap::new();
    for (name, value) in headers {
        if name == header::COOKIE {
            continue;
        }
        let value = String::from_utf8_lossy(value.as_bytes());
        joined
            .entry(name.as_str())
            .and_modify(|all| {
                all.push(',');
                all.push_str(&value);
            })
            .or_insert_with(|| value.into_owned());
    }
    let peer = context.peer.to_string();
    joined
        .entry("x-forwarded-for")
        .and_modify(|all| {
            all.push_str(", ");
            all.push_str(&peer);
        })
        .or_insert(peer);
    joined.insert("x-forwarded-port", context.port.to_string());
    joined.insert("x-forwarded-proto", "http".to_owned());
    joined.insert("x-amzn-trace-id", context.trace_id.to_owned());
    json!(joined)
}

fn header_text(headers: &HeaderMap, name: &str) -> String {
    headers
        .get(name)
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .unwrap_or_default()
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .flat_map(|value| {
            String::from_utf8_lossy(value.as_bytes())
                .split(';')
                .map(|cookie| cookie.trim().to_owned())
                .collect::<Vec<_>>()
        })
        .filter(|cookie| !cookie.is_empty())
        .collect()
}

/// Decodes query parameters and joins the values of each name with commas.
fn query_parameters(query: &str) -> Value {
    let mut parameters = Map::new();
    for pair in query.split('&').filter(|pair| !pair.is_empty()) {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let value = percent::decode_query(value);
        parameters
            .entry(percent::decode_query(name))
            .and_modify(|all| *all = json!(format!("{},{value}", all.as_str().unwrap_or_default())))
            .or_insert_with(|| json!(value));
    }
    Value::Object(parameters)
}

/// Whether the gateway passes a body as text. Other types, including forms, are base64-encoded.
fn is_text(headers: &HeaderMap) -> bool {
    let content_type = header_text(headers, "content-type").to_ascii_lowercase();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    media_type.starts_with("text/")
        || media_type.ends_with("+json")
        || media_type.ends_with("+xml")
        || matches!(
            media_type,
            "application/json" | "application/javascript" | "application/xml"
        )
}

#[cfg(test)]
mod tests {
    use http::Request;
    use sam_template::Route;
    use time::macros::datetime;

    use super::*;

    fn event_of(request: http::request::Builder, body: &'static [u8]) -> Value {
        let (parts, ()) = request.body(()).unwrap().into_parts();
        let route = Route {
            path: "/users/{id}".to_owned(),
            method: "GET".to_owned(),
            function: "F".to_owned(),
            is_default: false,
        };
        let found = Match {
            route: &route,
            parameters: BTreeMap::from([("id".to_owned(), "7".to_owned())]),
        };
        let context = Context {
            clock: &Clock::fixed(datetime!(2026-03-12 19:03:58.390 UTC)),
            peer: [127, 0, 0, 1].into(),
            request_id: "JKJaXmPLvHcESHA=",
            trace_id: "Root=1-0-0",
            api_id: "local",
            port: 3000,
        };
        event(&parts, &Bytes::from_static(body), &found, &context)
    }

    #[test]
    fn an_event_has_the_shape_of_format_2() {
        let request = Request::get("/users/7?a=1&b=x%20y&a=2+3&c")
            .header("host", "api.example.com")
            .header("user-agent", "test")
            .header("x-a", "1")
            .header("X-A", "2")
            .header("cookie", "a=b; c=d")
            .header("cookie", "e=f");
        assert_eq!(
            event_of(request, b""),
            json!({
                "version": "2.0",
                "routeKey": "GET /users/{id}",
                "rawPath": "/users/7",
                "rawQueryString": "a=1&b=x%20y&a=2+3&c",
                "cookies": ["a=b", "c=d", "e=f"],
                "headers": {
                    "host": "api.example.com",
                    "user-agent": "test",
                    "x-a": "1,2",
                    "x-amzn-trace-id": "Root=1-0-0",
                    "x-forwarded-for": "127.0.0.1",
                    "x-forwarded-port": "3000",
                    "x-forwarded-proto": "http",
                },
                "queryStringParameters": {"a": "1,2 3", "b": "x y", "c": ""},
                "requestContext": {
                    "accountId": "000000000000",
                    "apiId": "local",
                    "domainName": "api.example.com",
                    "domainPrefix": "api",
                    "http": {
                        "method": "GET",
                        "path": "/users/7",
                        "protocol": "HTTP/1.1",
                        "sourceIp": "127.0.0.1",
                        "userAgent": "test",
                    },
                    "requestId": "JKJaXmPLvHcESHA=",
                    "routeKey": "GET /users/{id}",
                    "stage": "$default",
                    "time": "12/Mar/2026:19:03:58 +0000",
                    "timeEpoch": 1_773_342_238_390_i64,
                },
                "pathParameters": {"id": "7"},
                "isBase64Encoded": false,
            })
        );
    }

    #[test]
    fn a_path_is_decoded() {
        let event = event_of(Request::get("/users/a%20b"), b"");
        assert_eq!(event["rawPath"], "/users/a b");
    }

    #[test]
    fn json_is_passed_as_text_and_forms_are_encoded() {
        let body = |content_type: &str, body| {
            let event = event_of(
                Request::post("/").header("content-type", content_type),
                body,
            );
            (event["body"].clone(), event["isBase64Encoded"].clone())
        };
        let text = |text: &str| (json!(text), json!(false));
        let encoded = |text: &str| (json!(text), json!(true));
        assert_eq!(body("application/json; charset=utf-8", b"{}"), text("{}"));
        assert_eq!(body("application/problem+json", b"{}"), text("{}"));
        assert_eq!(
            body("application/x-www-form-urlencoded", b"a=b"),
            encoded("YT1i")
        );
        assert_eq!(body("application/json", b"\xff"), encoded("/w=="));
    }
}

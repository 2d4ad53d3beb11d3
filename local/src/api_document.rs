//! The API document of the running system: `/openapi.json`, next to the API.

use std::sync::Arc;

use axum::{
    Router,
    extract::State,
    http::{HeaderMap, HeaderName, HeaderValue, header},
    response::IntoResponse,
    routing::get,
};
use serde_json::{Value, json};

const HEADERS: [(HeaderName, HeaderValue); 3] = [
    (
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    ),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
];

/// An `OpenAPI` document.
#[derive(Debug, Clone)]
pub(crate) struct ApiDocument(Arc<Value>);

impl ApiDocument {
    /// Parses the JSON of a document.
    pub(crate) fn parse(text: &str) -> serde_json::Result<Self> {
        serde_json::from_str(text).map(|document| Self(Arc::new(document)))
    }

    /// Returns the HTTP service.
    pub(crate) fn into_router(self) -> Router {
        Router::new()
            .route("/openapi.json", get(document))
            .with_state(self)
    }

    /// Returns the document with the server that has this host name and port.
    fn for_host(&self, host: &str) -> Value {
        let mut document = Value::clone(&self.0);
        document["servers"] = json!([{
            "url": format!("http://{host}"),
            "description": "This local system",
        }]);
        document
    }
}

/// The server has the host of the request, so that a page of the same origin can call it. The guard has checked the host.
async fn document(State(document): State<ApiDocument>, headers: HeaderMap) -> impl IntoResponse {
    let host = headers
        .get(header::HOST)
        .and_then(|host| host.to_str().ok());
    let body = document.for_host(host.unwrap_or("127.0.0.1")).to_string();
    (HEADERS, body)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_servers_are_replaced() {
        let text = r#"{"openapi":"3.1.0","servers":[{"url":"https://a"},{"url":"https://b"}],"paths":{"/x":{}}}"#;
        let document = ApiDocument::parse(text).unwrap();
        assert_eq!(
            document.for_host("localhost:3000"),
            json!({
                "openapi": "3.1.0",
                "servers": [{"url": "http://localhost:3000", "description": "This local system"}],
                "paths": {"/x": {}},
            })
        );
    }
}

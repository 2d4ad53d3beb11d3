use reqwest::{
    RequestBuilder,
    header::{HeaderMap, HeaderName},
};
use serde_json::{Value, json};

/// A received HTTP response.
#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Response {
    /// Sends a request and reads the whole response.
    pub async fn to(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.bytes().await.unwrap().to_vec(),
        }
    }

    /// Asserts the status.
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(
            self.status,
            status,
            "{}",
            String::from_utf8_lossy(&self.body)
        );
        self
    }

    /// Parses the body as JSON.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// Returns the first value of a header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .get(HeaderName::try_from(name).unwrap())
            .map(|value| value.to_str().unwrap())
    }

    /// Asserts that the body is a problem document as the API document describes it, and returns its `code`.
    #[track_caller]
    pub fn problem(&self) -> String {
        let text = String::from_utf8_lossy(&self.body);
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json"),
            "{text}"
        );
        let problem = self.json();
        assert_eq!(problem["status"], json!(self.status), "{text}");
        assert_eq!(problem["message"], problem["detail"], "{text}");
        assert_eq!(
            problem["instance"].as_str(),
            self.header("x-request-id"),
            "{text}"
        );
        for member in ["type", "title", "detail", "code"] {
            assert!(
                problem[member]
                    .as_str()
                    .is_some_and(|text| !text.is_empty()),
                "{text}"
            );
        }
        for error in problem["errors"].as_array().into_iter().flatten() {
            assert!(
                error["pointer"].is_string() && error["code"].is_string(),
                "{text}"
            );
            assert!(error["detail"].is_string(), "{text}");
        }
        assert!(is_documented(&problem["code"]), "{text}");
        problem["code"].as_str().unwrap().to_owned()
    }

    /// Asserts that the body is a problem document, and returns it without the request id.
    #[track_caller]
    pub fn snapshot(&self) -> Value {
        self.problem();
        let mut problem = self.json();
        problem["instance"] = json!("[request id]");
        problem
    }
}

/// Tells whether the API document lists a `code`.
fn is_documented(code: &Value) -> bool {
    include_str!("../../docs/openapi.json").contains(&format!("`{}`", code.as_str().unwrap()))
}

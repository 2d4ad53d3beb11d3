use reqwest::{
    RequestBuilder,
    header::{HeaderMap, HeaderName},
};
use serde_json::{Value, json};

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
}

impl Answer {
    pub async fn of(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        Self {
            status: response.status().as_u16(),
            headers: response.headers().clone(),
            body: response.bytes().await.unwrap().to_vec(),
        }
    }

    /// Insists on a status.
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

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .get(HeaderName::try_from(name).unwrap())
            .map(|value| value.to_str().unwrap())
    }

    /// The `code` of a problem, once the document is seen to be one as API.md describes it.
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

    /// Status and problem, without what differs from request to request.
    #[track_caller]
    pub fn snapshot(&self) -> Value {
        self.problem();
        let mut problem = self.json();
        problem["instance"] = json!("[request id]");
        problem
    }
}

/// Every `code` is listed in the API document.
fn is_documented(code: &Value) -> bool {
    include_str!("../../docs/openapi.json").contains(&format!("`{}`", code.as_str().unwrap()))
}

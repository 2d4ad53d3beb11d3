//! Invocations of functions with events, and functions that are stopped.

use clock::Clock;
use reqwest::Method;
use serde_json::Value;

use super::{Response, TestApp, UnsignedRequest};

impl TestApp {
    /// Invokes a function with an event, as the operator, through Lambda's Invoke API.
    pub async fn invoke_function(
        &self,
        logical_id: &str,
        event: &Value,
        headers: &[(&str, &str)],
    ) -> Response {
        let endpoint = self.endpoint("lambda");
        let request = UnsignedRequest {
            service: "lambda",
            url: &format!("{endpoint}/2015-03-31/functions/{logical_id}/invocations"),
            headers,
            body: &event.to_string(),
        };
        Response::to(request.sign("local", &self.secret_key("local"))).await
    }

    /// Stops a function as an operator does: all its invocations are throttled.
    pub async fn stop_function(&self, logical_id: &str) {
        let body = r#"{"ReservedConcurrentExecutions":0}"#;
        self.change_concurrency(&Method::PUT, logical_id, body)
            .await
            .expect(200);
    }

    /// Starts a stopped function again.
    pub async fn start_function(&self, logical_id: &str) {
        self.change_concurrency(&Method::DELETE, logical_id, "")
            .await
            .expect(204);
    }

    async fn change_concurrency(&self, method: &Method, function: &str, body: &str) -> Response {
        let endpoint = self.endpoint("lambda");
        let request = UnsignedRequest {
            service: "lambda",
            url: &format!("{endpoint}/2017-10-31/functions/{function}/concurrency"),
            headers: &[],
            body,
        };
        let secret = self.secret_key("local");
        let now = Clock::system().now();
        Response::to(request.sign_with(method, now, ("local", &secret))).await
    }
}

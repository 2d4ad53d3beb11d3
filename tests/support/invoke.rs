//! Invocations of functions with events.

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
}

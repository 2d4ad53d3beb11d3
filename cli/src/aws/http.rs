use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use aws_smithy_http_client::{
    Connector,
    tls::{Provider, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{
    http::HttpConnector as _,
    orchestrator::{HttpRequest, HttpResponse},
};
use serde_json::Value;

use super::error::root_cause;

/// How long a request may take, with its whole response.
const TIMEOUT: Duration = Duration::from_mins(1);

/// An HTTP client for requests that no AWS SDK sends: to the API, to presigned URLs, and to AWS services without a linked
/// SDK. It is the client of the SDKs, with the machine's certificates.
#[derive(Debug)]
pub struct Http {
    connector: Connector,
}

/// A request.
#[derive(Debug, Clone, Default)]
pub struct Request {
    pub method: &'static str,
    pub url: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// A complete response.
#[derive(Debug, Clone)]
pub struct Response {
    pub status: u16,
    headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Http {
    pub fn new() -> Self {
        let tls = Provider::Rustls(CryptoMode::Ring);
        let connector = Connector::builder().tls_provider(tls).build();
        Self { connector }
    }

    /// Sends a request and reads the response.
    ///
    /// # Errors
    /// When there is no complete response. The text is the root cause, as in "Connection refused".
    pub async fn send(&self, request: Request) -> Result<Response, String> {
        let sending = self.exchange(request);
        match tokio::time::timeout(TIMEOUT, sending).await {
            Ok(response) => response,
            Err(_) => Err(format!("no response after {} s", TIMEOUT.as_secs())),
        }
    }

    async fn exchange(&self, request: Request) -> Result<Response, String> {
        let mut sent = HttpRequest::new(request.body.into());
        sent.set_method(request.method)
            .map_err(|error| error.to_string())?;
        sent.set_uri(request.url)
            .map_err(|error| error.to_string())?;
        for (name, value) in request.headers {
            sent.headers_mut()
                .try_insert(name, value)
                .map_err(|error| error.to_string())?;
        }
        let response = self.connector.call(sent).await;
        read(response.map_err(|error| root_cause(&error))?).await
    }
}

async fn read(mut response: HttpResponse) -> Result<Response, String> {
    let headers = response.headers().iter();
    let headers = headers
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    let status = response.status().as_u16();
    let body = ByteStream::new(response.take_body()).collect().await;
    let body = body.map_err(|error| root_cause(&error))?.to_vec();
    Ok(Response {
        status,
        headers,
        body,
    })
}

impl Request {
    pub fn new(method: &'static str, url: impl Into<String>) -> Self {
        Self {
            method,
            url: url.into(),
            ..Self::default()
        }
    }

    pub fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub fn body(mut self, body: impl Into<Vec<u8>>) -> Self {
        self.body = body.into();
        self
    }

    pub fn json(self, body: &Value) -> Self {
        self.header("content-type", "application/json")
            .body(body.to_string())
    }
}

impl Response {
    /// Returns the first header with this name in lower case.
    pub fn header(&self, name: &str) -> Option<&str> {
        let mut headers = self.headers.iter();
        headers.find_map(|(found, value)| (found == name).then_some(value.as_str()))
    }

    /// Parses the body. `Null` when it is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    pub fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }
}

use std::time::SystemTime;

use aws_config::SdkConfig;
use aws_credential_types::provider::ProvideCredentials as _;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4::SigningParams,
};
use aws_smithy_runtime_api::client::identity::Identity;
use domain::Clock;
use form_urlencoded::Serializer;
use serde_json::Value;

use super::{AwsError, Element, Http, Request, Response};

/// Calls the AWS services for which no SDK is linked. Each of them would add minutes to a build for one or two read
/// requests (docs/adr/0036-doctor.md).
pub struct SignedCalls {
    config: SdkConfig,
    http: Http,
    clock: Clock,
}

/// An AWS service: its endpoint prefix, and its name in signatures.
#[derive(Debug, Clone, Copy)]
pub struct Service {
    pub endpoint: &'static str,
    pub signing: &'static str,
}

impl Service {
    /// A service whose endpoint prefix is its signing name.
    pub const fn named(name: &'static str) -> Self {
        Self {
            endpoint: name,
            signing: name,
        }
    }
}

impl SignedCalls {
    pub fn new(config: SdkConfig, clock: Clock) -> Self {
        let http = Http::new();
        Self {
            config,
            http,
            clock,
        }
    }

    /// Calls an operation of a service with the Query protocol: parameters in a form, the response in XML.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn query(
        &self,
        action: &'static str,
        service: Service,
        version: &str,
        parameters: &[(&str, &str)],
    ) -> Result<Element, AwsError> {
        let operation = action.split_once(':').map_or(action, |(_, name)| name);
        let fixed = [("Action", operation), ("Version", version)];
        let body = Serializer::new(String::new())
            .extend_pairs(fixed.iter().chain(parameters))
            .finish();
        let request = Request::new("POST", format!("{}/", self.endpoint(service)))
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        let response = self.call(action, service, request).await?;
        xml(action, &response)
    }

    /// Calls an operation of a service with the JSON protocol.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn json(
        &self,
        action: &'static str,
        service: Service,
        target: &str,
        body: &Value,
    ) -> Result<Value, AwsError> {
        let version = if target.starts_with("AmazonSQS") {
            "1.0"
        } else {
            "1.1"
        };
        let content_type = format!("application/x-amz-json-{version}");
        let request = Request::new("POST", format!("{}/", self.endpoint(service)))
            .header("content-type", content_type)
            .header("x-amz-target", target)
            .body(body.to_string());
        Ok(self.call(action, service, request).await?.json())
    }

    /// Sends a GET request to a service with the REST protocol.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn get(
        &self,
        action: &'static str,
        service: Service,
        path: &str,
    ) -> Result<Value, AwsError> {
        let request = Request::new("GET", format!("{}{path}", self.endpoint(service)));
        Ok(self.call(action, service, request).await?.json())
    }

    /// Lists the access points of a bucket. The service has one host name for each AWS account.
    ///
    /// # Errors
    /// When the call fails.
    pub async fn access_points(&self, account: &str, bucket: &str) -> Result<Element, AwsError> {
        const ACTION: &str = "s3:ListAccessPoints";
        let service = Service {
            endpoint: "s3-control",
            signing: "s3",
        };
        let endpoint = self.endpoint(service);
        let endpoint = match endpoint.strip_prefix("https://s3-control.") {
            Some(rest) => format!("https://{account}.s3-control.{rest}"),
            None => endpoint,
        };
        let url = format!("{endpoint}/v20180820/accesspoint?bucket={bucket}&maxResults=1000");
        let request = Request::new("GET", url).header("x-amz-account-id", account);
        let response = self.call(ACTION, service, request).await?;
        xml(ACTION, &response)
    }

    /// Returns the endpoint of a service: the configured one, or AWS's.
    fn endpoint(&self, service: Service) -> String {
        let name = service.endpoint.replace('-', "_").to_ascii_uppercase();
        let configured = std::env::var(format!("AWS_ENDPOINT_URL_{name}")).ok();
        let configured = configured.or_else(|| self.config.endpoint_url().map(str::to_owned));
        configured.unwrap_or_else(|| {
            let region = self.config.region().map_or("us-east-1", AsRef::as_ref);
            let suffix = if region.starts_with("cn-") {
                "amazonaws.com.cn"
            } else {
                "amazonaws.com"
            };
            format!("https://{}.{region}.{suffix}", service.endpoint)
        })
    }

    async fn call(
        &self,
        action: &'static str,
        service: Service,
        mut request: Request,
    ) -> Result<Response, AwsError> {
        let endpoint = self.endpoint(service);
        self.sign(service, &mut request).await?;
        let response = self.http.send(request).await;
        let response = response.map_err(|message| AwsError::Unreachable {
            action,
            endpoint,
            message,
        })?;
        if (200..300).contains(&response.status) {
            return Ok(response);
        }
        let (code, message) = error_of(&response);
        Err(AwsError::from_code(action, "*", &code, &message))
    }

    async fn sign(&self, service: Service, request: &mut Request) -> Result<(), AwsError> {
        let Some(provider) = self.config.credentials_provider() else {
            return Err(AwsError::NoCredentials("there is no provider".to_owned()));
        };
        let credentials = provider.provide_credentials().await;
        let credentials = credentials.map_err(|error| AwsError::from_credentials(&error))?;
        let unsignable = |error: String| AwsError::BadCredentials(error);
        let mut settings = SigningSettings::default();
        if service.signing == "s3" {
            settings.payload_checksum_kind =
                aws_sigv4::http_request::PayloadChecksumKind::XAmzSha256;
        }
        let identity = Identity::from(credentials);
        let params = SigningParams::builder()
            .identity(&identity)
            .region(self.config.region().map_or("us-east-1", AsRef::as_ref))
            .name(service.signing)
            .time(SystemTime::from(self.clock.now()))
            .settings(settings)
            .build()
            .map_err(|error| unsignable(error.to_string()))?
            .into();
        let headers = request.headers.iter();
        let signable = SignableRequest::new(
            request.method,
            request.url.as_str(),
            headers.map(|(name, value)| (name.as_str(), value.as_str())),
            SignableBody::Bytes(&request.body),
        );
        let signable = signable.map_err(|error| unsignable(error.to_string()))?;
        let signed = sign(signable, &params).map_err(|error| unsignable(error.to_string()))?;
        let (instructions, _) = signed.into_parts();
        let added: Vec<_> = instructions
            .headers()
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        request.headers.extend(added);
        Ok(())
    }
}

fn xml(action: &'static str, response: &Response) -> Result<Element, AwsError> {
    Element::parse(&response.text()).ok_or_else(|| AwsError::Failed {
        action,
        name: "*".to_owned(),
        message: "the response is not XML".to_owned(),
    })
}

/// Returns the code and the message of an error response, in JSON or XML.
fn error_of(response: &Response) -> (String, String) {
    let body = response.json();
    let text = |names: [&str; 2]| names.iter().find_map(|name| body[*name].as_str());
    let xml = Element::parse(&response.text()).unwrap_or_default();
    let error = xml.at(&["Error"]).unwrap_or(&xml);
    let code = response
        .header("x-amzn-errortype")
        .or_else(|| text(["__type", "Code"]))
        .map(str::to_owned)
        .or_else(|| error.text_of("Code"));
    let code = code.unwrap_or_else(|| format!("status {}", response.status));
    // `com.amazonaws.sqs#QueueDoesNotExist`, `AccessDeniedException:http://…`
    let code = code.rsplit('#').next().unwrap_or_default();
    let code = code.split(':').next().unwrap_or_default().to_owned();
    let message = text(["message", "Message"]).map(str::to_owned);
    let message = message.or_else(|| error.text_of("Message"));
    (code, message.unwrap_or_else(|| "no message".to_owned()))
}

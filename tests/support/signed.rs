//! Requests to the engines, signed as the AWS SDKs sign them.

use aws_credential_types::Credentials;
use aws_sigv4::{
    http_request::{SignableBody, SignableRequest, SigningSettings, sign},
    sign::v4::SigningParams,
};
use aws_smithy_runtime_api::client::identity::Identity;
use reqwest::{Client, Method, RequestBuilder};
use time::OffsetDateTime;

/// A request without a signature.
pub struct UnsignedRequest<'a> {
    /// The service to sign for, like `dynamodb`.
    pub service: &'a str,
    pub url: &'a str,
    pub headers: &'a [(&'a str, &'a str)],
    pub body: &'a str,
}

impl UnsignedRequest<'_> {
    /// Signs the request with an access key id and its secret.
    pub fn sign(&self, key: &str, secret: &str) -> RequestBuilder {
        self.sign_at(clock::Clock::system().now(), key, secret)
    }

    /// Signs the request as of `time`.
    pub fn sign_at(&self, time: OffsetDateTime, key: &str, secret: &str) -> RequestBuilder {
        self.sign_with(&Method::POST, time, (key, secret))
    }

    /// Signs the request with this method as of `time`.
    pub fn sign_with(
        &self,
        method: &Method,
        time: OffsetDateTime,
        (key, secret): (&str, &str),
    ) -> RequestBuilder {
        let identity = Identity::from(Credentials::new(key, secret, None, None, "a test"));
        let params = SigningParams::builder()
            .identity(&identity)
            .region("us-east-1")
            .name(self.service)
            .time(time.into())
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let signable = SignableRequest::new(
            method.as_str(),
            self.url,
            self.headers.iter().copied(),
            SignableBody::Bytes(self.body.as_bytes()),
        );
        let (instructions, _) = sign(signable.unwrap(), &params).unwrap().into_parts();
        let request = Client::new().request(method.clone(), self.url);
        let request = request.body(self.body.to_owned());
        self.headers
            .iter()
            .copied()
            .chain(instructions.headers())
            .fold(request, |request, (name, value)| {
                request.header(name, value)
            })
    }
}

//! Wraps s3s: adds CORS and request ids, and corrects error responses.

use std::sync::Arc;

use axum::{Router, body::Body, extract::State};
use http::{
    HeaderName, HeaderValue, Method, Request, Response, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, HOST, LOCATION},
};
use http_body_util::{BodyExt, Limited};
use percent_encoding::percent_decode_str;
use s3s::{
    S3Result,
    host::{S3Host, VirtualHost},
    service::S3Service,
};
use sam_template::CorsRule;
use uuid::Uuid;

use super::{
    cors::{self, CorsRequest},
    drain::SharedBody,
    error_texts::{self, MAX_ERROR, SignatureKind},
    events::RequestId,
    ranges,
    targets::Targets,
};
use crate::origins::Origins;

/// Parses host names: `bucket.localhost` names a bucket, other hosts do not.
pub(crate) struct Hosts;

impl S3Host for Hosts {
    fn parse_host_header<'a>(&'a self, host: &'a str) -> S3Result<VirtualHost<'a>> {
        Ok(match bucket_of_host(host) {
            Some(bucket) => VirtualHost::new("localhost").with_bucket(bucket),
            None => VirtualHost::new(host),
        })
    }
}

fn bucket_of_host(host: &str) -> Option<&str> {
    let name = host.rsplit_once(':').map_or(host, |(name, _)| name);
    name.strip_suffix(".localhost")
}

/// The S3 service and its wrapper.
pub(crate) struct Front {
    service: S3Service,
    targets: Arc<Targets>,
    origins: Origins,
}

impl Front {
    pub(crate) fn new(service: S3Service, targets: Arc<Targets>, origins: Origins) -> Self {
        Self {
            service,
            targets,
            origins,
        }
    }

    pub(crate) fn into_router(self) -> Router {
        Router::new().fallback(handle).with_state(Arc::new(self))
    }

    /// Returns the CORS rules of the requested bucket.
    fn rules(&self, request: &Request<Body>) -> &[CorsRule] {
        let host = request.headers().get(HOST);
        let host = host.and_then(|host| bucket_of_host(host.to_str().ok()?));
        let segment = request.uri().path().split('/').nth(1).unwrap_or_default();
        let segment = percent_decode_str(segment).decode_utf8_lossy();
        let target = self.targets.find(host.unwrap_or(&segment));
        target.map_or(&[], |target| &target.store.config.cors)
    }

    async fn call(&self, request: Request<Body>) -> Response<Body> {
        let (request, rest) = SharedBody::split(request);
        if let Ok(response) = self
            .service
            .call(request.map(s3s::Body::http_body_unsync))
            .await
        {
            if let Some(rest) = rest.filter(|_| !response.status().is_success()) {
                rest.drain().await;
            }
            return response.map(Body::new);
        }
        // s3s could not serialize its error.
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::INTERNAL_SERVER_ERROR;
        response
    }
}

async fn handle(State(front): State<Arc<Front>>, mut request: Request<Body>) -> Response<Body> {
    let id = Uuid::new_v4().simple().to_string()[..16].to_ascii_uppercase();
    let cors_request = CorsRequest::parse(request.method(), request.headers(), &front.origins);
    let rules = front.rules(&request);
    if let Some(origin) = cors_request
        .as_ref()
        .and_then(|it| it.refused_origin(rules))
    {
        front.origins.log_refusal("S3", origin);
    }
    let mut response = if request.method() == Method::OPTIONS {
        cors::preflight(rules, cors_request.as_ref())
    } else {
        let rules = cors_request.as_ref().map(|_| rules.to_vec());
        let kind = SignatureKind::of(&request);
        let is_head = request.method() == Method::HEAD;
        ranges::remove_invalid(&mut request);
        request.extensions_mut().insert(RequestId(id.clone()));
        let mut response = front.call(request).await;
        if response.status() == StatusCode::NOT_MODIFIED {
            *response.body_mut() = Body::empty();
            response.headers_mut().remove(CONTENT_TYPE);
        } else if response.status().is_client_error() || response.status().is_server_error() {
            response = error_texts::correct(response, kind, &id).await;
        } else if kind == SignatureKind::Form && response.status() == StatusCode::CREATED {
            response = with_full_location(response).await;
        } else if is_head && response.headers().contains_key(CONTENT_RANGE) {
            // s3s does not set the status.
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
        }
        if let (Some(cors_request), Some(rules)) = (&cors_request, &rules) {
            cors::apply(rules, cors_request, response.headers_mut());
        }
        response
    };
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(HeaderName::from_static("x-amz-request-id"), id);
    }
    headers.insert(http::header::SERVER, HeaderValue::from_static("AmazonS3"));
    response
}

/// Replaces the location in the response to a form with the full URL: s3s writes only the path.
async fn with_full_location(response: Response<Body>) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    let (Ok(body), Some(location)) = (
        Limited::new(body, MAX_ERROR).collect().await,
        parts
            .headers
            .get(LOCATION)
            .and_then(|value| value.to_str().ok()),
    ) else {
        return Response::from_parts(parts, Body::empty());
    };
    let text = String::from_utf8_lossy(&body.to_bytes()).into_owned();
    let text = error_texts::replaced(&text, "Location", |_| location.to_owned());
    parts
        .headers
        .insert(CONTENT_LENGTH, HeaderValue::from(text.len()));
    Response::from_parts(parts, Body::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_can_name_a_bucket() {
        assert_eq!(bucket_of_host("files.localhost:3003"), Some("files"));
        assert_eq!(bucket_of_host("localhost:3003"), None);
        assert_eq!(bucket_of_host("host.docker.internal:3003"), None);
        assert_eq!(bucket_of_host("127.0.0.1:3003"), None);
    }
}

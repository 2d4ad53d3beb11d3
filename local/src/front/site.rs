//! Serves static files next to the API. On AWS, a bucket serves them.

use std::path::PathBuf;

use axum::body::Body;
use http::{
    HeaderValue, Method, Request, Response, StatusCode, Uri,
    header::{
        ACCEPT, CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
    },
    request::Parts,
};
use tower::ServiceExt as _;
use tower_http::services::ServeDir;

/// The page for unknown paths, as `CloudFront` has it on AWS.
const NOT_FOUND_PAGE: &str = "/404.html";

/// The files of a directory.
#[derive(Debug)]
pub(crate) struct Site {
    files: ServeDir,
    policy: HeaderValue,
}

impl Site {
    /// Serves the files of `directory`, if it exists. Its pages may connect to the API and to `s3`.
    pub(crate) fn new(directory: PathBuf, s3: &str) -> Option<Self> {
        let policy = format!(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data: {s3}; \
             connect-src 'self' {s3}; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        );
        let policy = HeaderValue::try_from(policy).ok()?;
        directory.is_dir().then(|| Self {
            files: ServeDir::new(directory),
            policy,
        })
    }

    /// Returns the page for an unknown path, if the site has one and the request is a browser's for a page.
    pub(crate) async fn not_found(&self, parts: &Parts) -> Option<Response<Body>> {
        let accept = parts.headers.get(ACCEPT)?.to_str().ok()?;
        if !accept.contains("text/html") {
            return None;
        }
        let mut page = parts.clone();
        page.uri = Uri::from_static(NOT_FOUND_PAGE);
        // The whole page, whatever version of it the browser has.
        page.headers.clear();
        let mut response = self.serve(&page).await?;
        *response.status_mut() = StatusCode::NOT_FOUND;
        Some(response)
    }

    /// Returns the requested file, if it exists.
    pub(crate) async fn serve(&self, parts: &Parts) -> Option<Response<Body>> {
        if !matches!(parts.method, Method::GET | Method::HEAD) {
            return None;
        }
        let request = Request::from_parts(parts.clone(), Body::empty());
        let Ok(found) = self.files.clone().oneshot(request).await;
        if found.status() == StatusCode::NOT_FOUND {
            return None;
        }
        let mut response = found.map(Body::new);
        response.headers_mut().extend([
            (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
            (CONTENT_SECURITY_POLICY, self.policy.clone()),
            (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
            (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        ]);
        Some(response)
    }
}

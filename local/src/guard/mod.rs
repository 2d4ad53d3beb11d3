//! Refuses requests for other hosts and, on the engines, requests from web pages.
//!
//! A page may send requests to any address, and its own host name may resolve to this machine (DNS rebinding). The browser
//! sends the origin of the page in `Origin` and the host name in `Host` (docs/adr/0028-local-engines-for-programs-of-this-machine.md).

use std::{
    net::{Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use axum::{
    Router,
    body::Body,
    extract::{Request, State},
    middleware::{self, Next},
};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, Uri,
    header::{CONTENT_TYPE, HOST, ORIGIN},
};
use serde_json::json;

use crate::containers::Bridge;

/// The host names of this machine: its own, and the one that Docker defines in containers.
const NAMES: [&str; 2] = ["localhost", "host.docker.internal"];

/// The address of this machine besides [`NAMES`] and the loopback addresses.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Guard {
    bridge: Option<Ipv4Addr>,
}

/// A service and its guard.
#[derive(Debug)]
struct Guarded {
    guard: Guard,
    service: Service,
}

#[derive(Debug)]
enum Service {
    /// Serves pages, by its own CORS rules.
    Api,
    /// Serves pages, by its own CORS rules, also under these host names: `<bucket>.localhost`.
    S3(Vec<String>),
    /// Serves programs, but no pages.
    Engine,
}

/// The reason why a request is refused.
#[derive(Debug, PartialEq, Eq)]
enum Refusal {
    /// The request is for this host, which is not this machine.
    Host(String),
    /// A web page sent it.
    Page,
}

impl Guard {
    /// Creates a guard that also accepts this machine's address on the Docker bridge.
    pub(crate) fn new(bridge: Option<Bridge>) -> Self {
        Self {
            bridge: bridge.map(|bridge| bridge.address),
        }
    }

    /// Guards the HTTP API and the other routes of its port.
    pub(crate) fn api(self, router: Router) -> Router {
        self.around(router, Service::Api)
    }

    /// Guards the object store, whose buckets have these names.
    pub(crate) fn s3<'a>(self, router: Router, buckets: impl Iterator<Item = &'a str>) -> Router {
        let hosts = buckets.map(|bucket| format!("{bucket}.localhost"));
        self.around(router, Service::S3(hosts.collect()))
    }

    /// Guards an engine.
    pub(crate) fn engine(self, router: Router) -> Router {
        self.around(router, Service::Engine)
    }

    fn around(self, router: Router, service: Service) -> Router {
        let guarded = Arc::new(Guarded {
            guard: self,
            service,
        });
        router.layer(middleware::from_fn_with_state(guarded, check))
    }

    fn is_own_name(self, name: &str) -> bool {
        if NAMES.iter().any(|own| own.eq_ignore_ascii_case(name)) {
            return true;
        }
        if let Ok(address) = name.parse::<Ipv4Addr>() {
            return address.is_loopback() || self.bridge == Some(address);
        }
        let bare = name
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'));
        bare.and_then(|bare| bare.parse().ok())
            .is_some_and(|address: Ipv6Addr| address.is_loopback())
    }
}

impl Guarded {
    fn check(&self, method: &Method, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
        let mut hosts = headers.get_all(HOST).iter();
        let host = hosts.next().map_or(&b""[..], HeaderValue::as_bytes);
        self.check_host(&String::from_utf8_lossy(host))?;
        // With two headers, guard and service could use different ones.
        if let Some(second) = hosts.next() {
            return Err(Refusal::Host(
                String::from_utf8_lossy(second.as_bytes()).into_owned(),
            ));
        }
        if let Some(authority) = uri.authority() {
            self.check_host(authority.as_str())?;
        }
        let is_of_page = headers.contains_key(ORIGIN) || method == Method::OPTIONS;
        if is_of_page && matches!(self.service, Service::Engine) {
            return Err(Refusal::Page);
        }
        Ok(())
    }

    fn check_host(&self, host: &str) -> Result<(), Refusal> {
        let is_own = name_of(host).is_some_and(|name| {
            let is_bucket = match &self.service {
                Service::S3(hosts) => hosts.iter().any(|own| own.eq_ignore_ascii_case(name)),
                Service::Api | Service::Engine => false,
            };
            is_bucket || self.guard.is_own_name(name)
        });
        if is_own {
            Ok(())
        } else {
            Err(Refusal::Host(host.to_owned()))
        }
    }

    /// Builds the response to a refused request, in the error format of the service.
    fn response(&self, refusal: &Refusal) -> Response<Body> {
        let (code, message) = (refusal.code(), refusal.to_string());
        let (content_type, body) = match self.service {
            Service::Api => ("application/json", json!({"message": message}).to_string()),
            Service::Engine => {
                let body = json!({"__type": code, "message": message});
                ("application/json", body.to_string())
            }
            Service::S3(_) => ("application/xml", xml(code, &message)),
        };
        let mut response = Response::new(Body::from(body));
        *response.status_mut() = refusal.status();
        response.headers_mut().extend([
            (CONTENT_TYPE, HeaderValue::from_static(content_type)),
            (
                HeaderName::from_static("x-amzn-errortype"),
                HeaderValue::from_static(code),
            ),
        ]);
        response
    }
}

impl Refusal {
    /// Returns the status: 421 for a host that is not served (RFC 9110, section 15.5.20), or 403.
    fn status(&self) -> StatusCode {
        match self {
            Self::Host(_) => StatusCode::MISDIRECTED_REQUEST,
            Self::Page => StatusCode::FORBIDDEN,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Host(_) => "MisdirectedRequestException",
            Self::Page => "AccessDeniedException",
        }
    }
}

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Host(host) => write!(
                f,
                "The local system does not serve the host \"{}\". Use 127.0.0.1 or localhost, in a container \
                 host.docker.internal. A proxy or tunnel has to send one of these in the Host header.",
                host.escape_debug()
            ),
            Self::Page => f.write_str(
                "The local engines do not serve web pages, so they refuse OPTIONS and requests with an Origin header. \
                 Call the engine from a program, or the HTTP API from the page.",
            ),
        }
    }
}

async fn check(
    State(guarded): State<Arc<Guarded>>,
    request: Request,
    next: Next,
) -> Response<Body> {
    match guarded.check(request.method(), request.uri(), request.headers()) {
        Ok(()) => next.run(request).await,
        Err(refusal) => guarded.response(&refusal),
    }
}

/// Returns the name in `name:port` or `name`; `None` if the port is not a valid port number.
fn name_of(host: &str) -> Option<&str> {
    // The colons of an IPv6 address are between brackets.
    let brackets = host.rfind(']').map_or(0, |end| end + 1);
    let Some(colon) = host[brackets..].find(':') else {
        return Some(host);
    };
    let (name, port) = host.split_at(brackets + colon);
    let port = &port[1..];
    let is_port = port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    is_port.then_some(name)
}

fn xml(code: &str, message: &str) -> String {
    let message = message
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <Error><Code>{code}</Code><Message>{message}</Message></Error>"
    )
}

#[cfg(test)]
mod tests;

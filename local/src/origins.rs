//! The web origins that the local system allows in addition to those of the template
//! (docs/adr/0042-origins-in-development.md).

use std::{
    collections::BTreeSet,
    sync::{Arc, Mutex, PoisonError},
};

use http::Uri;

use crate::{DevOptions, ui::Ui};

/// How many refused origins are logged. A client can invent any number of them.
const MAX_LOGGED: usize = 50;
/// How much of a refused origin is logged, in characters.
const MAX_LENGTH: usize = 200;

/// The system's own origins and, unless they are strict, all origins of this machine.
#[derive(Debug, Clone)]
pub(crate) struct Origins(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    own: [String; 2],
    is_strict: bool,
    /// The template's parameter with the allowed origins, and the value that the developer has set.
    parameter: Option<(String, Option<String>)>,
    refused: Mutex<BTreeSet<String>>,
    ui: Ui,
}

impl Origins {
    /// Creates the origins of a system whose API is at `api`.
    pub(crate) fn new(options: &DevOptions, api: &str, ui: &Ui) -> Self {
        let parameter = options.origins_parameter.as_ref().map(|name| {
            let value = options.parameters.get(name).cloned();
            (name.clone(), value)
        });
        Self(Arc::new(Inner {
            // Browsers may use either name.
            own: [api.to_owned(), api.replace("127.0.0.1", "localhost")],
            is_strict: options.strict_origins,
            parameter,
            refused: Mutex::default(),
            ui: ui.clone(),
        }))
    }

    /// Whether pages of `origin` are allowed, whatever the template says.
    pub(crate) fn allow(&self, origin: &str) -> bool {
        let inner = &self.0;
        inner.own.iter().any(|own| own == origin) || (!inner.is_strict && is_loopback(origin))
    }

    /// Logs the first request of a page that neither the template nor this system allows.
    pub(crate) fn log_refusal(&self, service: &str, origin: &str) {
        let mut refused = self
            .0
            .refused
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if refused.len() < MAX_LOGGED && refused.insert(origin.to_owned()) {
            self.0.ui.warn(&self.0.refusal(service, origin));
        }
    }
}

impl Inner {
    /// Returns the log line about a refused origin.
    fn refusal(&self, service: &str, origin: &str) -> String {
        let shown: String = origin.chars().take(MAX_LENGTH).collect();
        let shown = shown.escape_debug();
        let advice = match &self.parameter {
            _ if !is_web_origin(origin) => {
                "open the page from a web server, not as a file or in a sandboxed frame".to_owned()
            }
            _ if self.is_strict && is_loopback(origin) => {
                "restart without --strict-origins".to_owned()
            }
            Some((name, value)) => {
                let others = value
                    .as_ref()
                    .map_or(String::new(), |value| format!("{value},"));
                format!("restart with --parameter {name}={others}{shown}")
            }
            None => "add it to the CORS rules of the template".to_owned(),
        };
        format!("{service} refused the web page of {shown} (CORS); to allow it, {advice}")
    }
}

/// Whether `origin` is of a page that a program on this machine serves. Browsers resolve `localhost` themselves; names
/// below it are left to the resolver of the system by some.
fn is_loopback(origin: &str) -> bool {
    let Some(host) = host(origin) else {
        return false;
    };
    matches!(host.as_str(), "localhost" | "127.0.0.1" | "[::1]")
}

/// Whether `origin` has a host: a file and a sandboxed frame have the origin `null`.
fn is_web_origin(origin: &str) -> bool {
    host(origin).is_some()
}

/// Returns the host in `scheme://host:port`; `None` if `origin` is not exactly the origin of an HTTP URL.
fn host(origin: &str) -> Option<String> {
    let uri: Uri = origin.parse().ok()?;
    let scheme = uri
        .scheme_str()
        .filter(|it| ["http", "https"].contains(it))?;
    let authority = uri.authority()?;
    // Anything after the authority, credentials before the host, or another spelling is no origin.
    let is_exact = origin == format!("{scheme}://{authority}") && !authority.as_str().contains('@');
    is_exact.then(|| uri.host().map(str::to_owned))?
}

#[cfg(test)]
impl Origins {
    /// Creates origins that allow nothing in addition to the template.
    pub(crate) fn strict() -> Self {
        Self(Arc::new(Inner {
            own: [String::new(), String::new()],
            is_strict: true,
            parameter: None,
            refused: Mutex::default(),
            ui: Ui::quiet(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn inner(is_strict: bool, value: Option<&str>) -> Inner {
        Inner {
            own: ["http://127.0.0.1:3000", "http://localhost:3000"].map(str::to_owned),
            is_strict,
            parameter: Some(("Allowed".to_owned(), value.map(str::to_owned))),
            refused: Mutex::default(),
            ui: Ui::quiet(),
        }
    }

    #[test]
    fn pages_of_this_machine_are_allowed_unless_origins_are_strict() {
        let (open, strict) = (inner(false, None), inner(true, None));
        let (open, strict) = (Origins(Arc::new(open)), Origins(Arc::new(strict)));
        for own in ["http://127.0.0.1:3000", "http://localhost:3000"] {
            assert!(open.allow(own) && strict.allow(own), "{own}");
        }
        for loopback in [
            "http://localhost:5173",
            "http://127.0.0.1:8080",
            "http://[::1]:8080",
            "http://localhost",
            "https://localhost:8443",
        ] {
            assert!(open.allow(loopback), "{loopback}");
            assert!(!strict.allow(loopback), "{loopback}");
        }
    }

    #[test]
    fn other_origins_are_not_of_this_machine() {
        let origins = Origins(Arc::new(inner(false, None)));
        for origin in [
            "http://evil.example",
            "http://localhost.evil.example",
            "http://evil.example:3000",
            "http://app.localhost:5173",
            "http://127.0.0.1.evil.example",
            "http://localhost@evil.example",
            "http://evil.example@localhost",
            "http://user:localhost@evil.example",
            "http://evil.example/http://localhost",
            "http://evil.example#localhost",
            "http://localhost:5173/",
            "http://localhost:5173/path",
            "http://LOCALHOST:5173",
            "HTTP://localhost:5173",
            "http://localhost:5173,http://evil.example",
            "http://localhost evil.example",
            "http://0.0.0.0:5173",
            "http://192.168.0.1",
            "http://[::2]",
            "ftp://localhost",
            "file://localhost",
            "localhost:5173",
            "//localhost",
            "null",
            "*",
            "",
        ] {
            assert!(!origins.allow(origin), "{origin}");
        }
    }

    #[test]
    fn the_log_line_says_how_to_allow_an_origin() {
        let evil = "http://app.example";
        for (inner, origin, expected) in [
            (
                inner(false, None),
                evil,
                "restart with --parameter Allowed=http://app.example",
            ),
            (
                inner(true, Some("http://a,http://b")),
                evil,
                "restart with --parameter Allowed=http://a,http://b,http://app.example",
            ),
            (
                inner(true, None),
                "http://localhost:5173",
                "restart without --strict-origins",
            ),
            (
                inner(false, None),
                "null",
                "open the page from a web server, not as a file or in a sandboxed frame",
            ),
        ] {
            assert_eq!(
                inner.refusal("the API", origin),
                format!("the API refused the web page of {origin} (CORS); to allow it, {expected}")
            );
        }
    }

    #[test]
    fn a_log_line_cannot_be_forged_or_very_long() {
        let line = inner(false, None).refusal("S3", &format!("a\u{1b}[31m\n{}", "x".repeat(5000)));
        assert!(!line.contains(['\u{1b}', '\n']), "{line}");
        assert!(line.len() < 500, "{line}");
    }

    #[test]
    fn an_origin_is_logged_once_and_their_number_is_limited() {
        let origins = Origins(Arc::new(inner(false, None)));
        for number in 0..2 * MAX_LOGGED {
            origins.log_refusal("S3", &format!("http://{number}.example"));
            origins.log_refusal("S3", "http://0.example");
        }
        assert_eq!(origins.0.refused.lock().unwrap().len(), MAX_LOGGED);
    }
}

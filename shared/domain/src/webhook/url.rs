use std::net::IpAddr;

use url::{Host, Url};

use super::forbidden_range;
use crate::Invalid;

const MAX_LENGTH: usize = 2_048;

const INVALID_URL: Invalid = Invalid::new(
    "invalid_url",
    "This is not a URL. Send an absolute https URL of at most 2,048 characters, without user, password and fragment.",
);
const NOT_HTTPS: Invalid = Invalid::new(
    "not_https",
    "The URL must begin with https://, so that deliveries are encrypted. Send an https URL.",
);
const NOT_PUBLIC: Invalid = Invalid::new(
    "not_public",
    "The host is not on the Internet. Send a URL with a public host name.",
);

/// Names that never are hosts on the Internet: the last label (RFC 6761, RFC 6762, RFC 8375, ICANN's `internal`).
const PRIVATE_NAMES: [&str; 10] = [
    "arpa",
    "corp",
    "example",
    "home",
    "internal",
    "invalid",
    "lan",
    "local",
    "localhost",
    "test",
];

/// Where webhooks may go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reach {
    /// To hosts on the Internet.
    Internet,
    /// Also to this machine, without TLS: in a local system.
    Loopback,
}

/// The URL that webhooks of an endpoint are sent to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EndpointUrl(Url);

impl EndpointUrl {
    /// Parses a URL. A host name is checked again when it is resolved: it can stand for any address.
    ///
    /// # Errors
    /// When it is not an https URL of a host on the Internet.
    pub fn parse(text: &str, reach: Reach) -> Result<Self, Invalid> {
        if text.len() > MAX_LENGTH || text.contains(|c: char| c.is_control() || c.is_whitespace()) {
            return Err(INVALID_URL);
        }
        let url = Url::parse(text).map_err(|_| INVALID_URL)?;
        let host = url.host().ok_or(INVALID_URL)?;
        let has_user = !url.username().is_empty() || url.password().is_some();
        if has_user || url.fragment().is_some() || url.port() == Some(0) {
            return Err(INVALID_URL);
        }
        if reach == Reach::Loopback && is_loopback(&host) {
            return match url.scheme() {
                "http" | "https" => Ok(Self(url)),
                _ => Err(NOT_HTTPS),
            };
        }
        if url.scheme() != "https" {
            return Err(NOT_HTTPS);
        }
        if is_public(&host) {
            Ok(Self(url))
        } else {
            Err(NOT_PUBLIC)
        }
    }

    /// The URL as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether requests are encrypted.
    #[must_use]
    pub fn is_https(&self) -> bool {
        self.0.scheme() == "https"
    }

    /// The host: a name or an address. An IPv6 address has no brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        let host = self.0.host_str().unwrap_or_default();
        host.trim_start_matches('[').trim_end_matches(']')
    }

    /// The port, and whether it is in the URL because it is not the one of the scheme.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().unwrap_or_default()
    }

    /// The value of the header `Host`.
    #[must_use]
    pub fn authority(&self) -> String {
        let host = self.0.host_str().unwrap_or_default();
        match self.0.port() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        }
    }

    /// The path and the query.
    #[must_use]
    pub fn path_and_query(&self) -> String {
        match self.0.query() {
            Some(query) => format!("{}?{query}", self.0.path()),
            None => self.0.path().to_owned(),
        }
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
        Host::Domain(name) => *name == "localhost",
    }
}

fn is_public(host: &Host<&str>) -> bool {
    match host {
        Host::Ipv4(address) => forbidden_range(IpAddr::V4(*address)).is_none(),
        Host::Ipv6(address) => forbidden_range(IpAddr::V6(*address)).is_none(),
        // A name with a dot at the end has no certificate.
        Host::Domain(name) => match name.rsplit_once('.') {
            Some((_, last)) => !last.is_empty() && !PRIVATE_NAMES.contains(&last),
            None => false,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str) -> &'static str {
        EndpointUrl::parse(text, Reach::Internet).map_or_else(|invalid| invalid.code, |_| "ok")
    }

    #[test]
    fn https_urls_of_public_hosts_are_accepted() {
        for text in [
            "https://hooks.example.com/cloakroom?a=b",
            "https://hooks.example.com:8443/",
            "https://8.8.8.8/",
            "https://[2606:4700:4700::1111]/",
            "https://b\u{fc}cher.de/",
        ] {
            assert_eq!(code(text), "ok", "{text}");
        }
        let url =
            EndpointUrl::parse("https://Hooks.example.com:8443/a?b=c", Reach::Internet).unwrap();
        assert_eq!((url.host(), url.port()), ("hooks.example.com", 8443));
        assert_eq!(url.authority(), "hooks.example.com:8443");
        assert_eq!(url.path_and_query(), "/a?b=c");
        let url = EndpointUrl::parse("https://[2606:4700::1]/", Reach::Internet).unwrap();
        assert_eq!(
            (url.host(), url.authority().as_str(), url.port()),
            ("2606:4700::1", "[2606:4700::1]", 443)
        );
    }

    #[test]
    fn other_urls_are_refused() {
        for text in [
            "",
            "hooks.example.com",
            "/hooks",
            "https://",
            "https://user@shop.com/",
            "https://user:pw@shop.com/",
            "https://shop.com/#a",
            "https://shop.com:0/",
            "https://shop.com:99999/",
            "https://shop .com/",
            "https://shop.com/a b",
            "\u{9}https://shop.com/",
        ] {
            assert_eq!(code(text), "invalid_url", "{text}");
        }
        let long = format!("https://shop.com/{}", "a".repeat(2_048));
        assert_eq!(code(&long), "invalid_url");
        for text in [
            "http://shop.com/",
            "ftp://shop.com/",
            "http://127.0.0.1/",
            "file://shop.com/",
        ] {
            assert_eq!(code(text), "not_https", "{text}");
        }
    }

    /// Hosts that stand for addresses that webhooks may not reach, in the forms that URL parsers accept.
    #[test]
    fn hosts_that_are_not_public_are_refused() {
        let hosts = include_str!("forbidden_hosts.txt");
        let hosts: Vec<_> = hosts
            .lines()
            .filter(|line| !line.starts_with('#'))
            .collect();
        assert!(hosts.len() >= 60, "{}", hosts.len());
        for host in hosts {
            let text = format!("https://{host}/hook");
            assert_ne!(code(&text), "ok", "{text}");
        }
    }

    #[test]
    fn a_local_system_may_reach_loopback_and_nothing_else_that_is_not_public() {
        for text in [
            "http://127.0.0.1:8080/hook",
            "http://localhost/",
            "http://[::1]:1/",
            "https://127.0.0.2/",
        ] {
            assert!(EndpointUrl::parse(text, Reach::Loopback).is_ok(), "{text}");
            assert!(EndpointUrl::parse(text, Reach::Internet).is_err(), "{text}");
        }
        for text in [
            "http://169.254.169.254/",
            "https://10.0.0.1/",
            "http://shop.com/",
            "http://[::ffff:127.0.0.1]/",
            "ftp://127.0.0.1/",
        ] {
            assert!(EndpointUrl::parse(text, Reach::Loopback).is_err(), "{text}");
        }
    }
}

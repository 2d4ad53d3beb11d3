use std::{
    io,
    net::{IpAddr, SocketAddr},
};

use domain::webhook::{EndpointUrl, FailureKind, Reach, forbidden_range};

/// Finds the addresses of a name.
#[derive(Debug, Clone, Copy)]
pub enum Resolver {
    /// Asks the operating system.
    System,
    /// Asks one name server, which answers what a test wants.
    #[cfg(test)]
    Server(SocketAddr),
}

impl Resolver {
    async fn lookup(self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        match self {
            Self::System => Ok(tokio::net::lookup_host((host, port)).await?.collect()),
            #[cfg(test)]
            Self::Server(server) => crate::name_server::ask(server, host, port).await,
        }
    }
}

/// Resolves the host of a URL, and returns its addresses if webhooks may reach all of them. A name with one forbidden address is
/// refused, so that its owner cannot choose by a later answer which of them is used.
pub async fn allowed_addresses(
    url: &EndpointUrl,
    reach: Reach,
    resolver: Resolver,
) -> Result<Vec<SocketAddr>, FailureKind> {
    let addresses = resolve(url.host(), url.port(), resolver).await?;
    if addresses.is_empty() {
        return Err(FailureKind::UnknownHost);
    }
    // Without TLS, only this machine is reached.
    let is_allowed = |address: &SocketAddr| {
        may_reach(address.ip(), reach) && (url.is_https() || address.ip().is_loopback())
    };
    match addresses.iter().find(|address| !is_allowed(address)) {
        None => Ok(addresses),
        Some(address) => {
            let range = forbidden_range(address.ip()).map_or("no TLS", |range| range.name());
            tracing::warn!(range, "forbidden_address");
            Err(FailureKind::ForbiddenAddress)
        }
    }
}

/// Whether webhooks may reach an address.
pub fn may_reach(address: IpAddr, reach: Reach) -> bool {
    let is_local = reach == Reach::Loopback && address.is_loopback();
    is_local || forbidden_range(address).is_none()
}

async fn resolve(
    host: &str,
    port: u16,
    resolver: Resolver,
) -> Result<Vec<SocketAddr>, FailureKind> {
    if let Ok(address) = host.parse::<IpAddr>() {
        return Ok(vec![SocketAddr::new(address, port)]);
    }
    let found = resolver.lookup(host, port).await;
    found.map_err(|_| FailureKind::UnknownHost)
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn of(url: &str, reach: Reach) -> Result<Vec<SocketAddr>, FailureKind> {
        // A stored URL of a local system, as the least strict parser reads it.
        let url = EndpointUrl::parse(url, Reach::Loopback).unwrap();
        allowed_addresses(&url, reach, Resolver::System).await
    }

    #[tokio::test]
    async fn a_stored_url_of_this_machine_is_refused_on_aws() {
        for url in [
            "http://127.0.0.1:9001/2018-06-01/runtime",
            "https://127.0.0.1/",
            "https://[::1]/",
            "http://localhost/",
            "https://localhost/",
        ] {
            let refused = of(url, Reach::Internet).await;
            assert_eq!(refused, Err(FailureKind::ForbiddenAddress), "{url}");
        }
        assert!(of("http://127.0.0.1:8080/", Reach::Loopback).await.is_ok());
    }

    #[test]
    fn a_local_system_reaches_no_other_private_address() {
        for address in [
            "10.0.0.1",
            "169.254.169.254",
            "::ffff:127.0.0.1",
            "fd00:ec2::254",
        ] {
            assert!(
                !may_reach(address.parse().unwrap(), Reach::Loopback),
                "{address}"
            );
        }
        assert!(may_reach("8.8.8.8".parse().unwrap(), Reach::Internet));
    }

    #[tokio::test]
    async fn an_unknown_host_fails() {
        // No name server is asked for a label of more than 63 characters.
        let url = format!("https://{}.example.com/", "a".repeat(64));
        let unknown = of(&url, Reach::Internet).await;
        assert_eq!(unknown, Err(FailureKind::UnknownHost));
    }
}

use std::sync::OnceLock;

use aws_smithy_http_client::{
    Connector,
    tls::{Provider, TlsContext, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{
    http::{
        HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
    },
    orchestrator::HttpRequest,
    runtime_components::RuntimeComponents,
};
use metrics::Metric;

/// One connector for all AWS clients of a function, with one pool and one set of roots.
///
/// The SDK's own client builds another connector for each AWS client and drops it, only to read the roots early: three times
/// the work for two clients.
#[derive(Debug)]
pub(crate) struct OneConnector {
    tls: TlsContext,
    connector: OnceLock<SharedHttpConnector>,
}

impl OneConnector {
    pub(crate) fn new(tls: TlsContext) -> Self {
        Self {
            tls,
            connector: OnceLock::new(),
        }
    }
}

impl HttpClient for OneConnector {
    /// Uses the timeouts of the first client; all clients have the same.
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        let make = || {
            let mut builder = Connector::builder()
                .tls_provider(Provider::Rustls(CryptoMode::Ring))
                .tls_context(self.tls.clone())
                .connector_settings(settings.clone());
            builder.set_sleep_impl(components.sleep_impl());
            SharedHttpConnector::new(Counted(builder.build()))
        };
        self.connector.get_or_init(make).clone()
    }
}

/// A connector that counts the requests of all AWS clients, and those that repeat a request.
#[derive(Debug)]
struct Counted<C>(C);

impl<C: HttpConnector> HttpConnector for Counted<C> {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        metrics::count_call();
        if is_repeated(request.headers().get("amz-sdk-request")) {
            metrics::count(Metric::AwsRetries);
        }
        self.0.call(request)
    }
}

/// Reads the number of the attempt, which the SDK sends to the service: `attempt=2; max=6`.
fn is_repeated(sdk_request: Option<&str>) -> bool {
    let mut parts = sdk_request.unwrap_or_default().split("; ");
    parts.any(|part| {
        part.strip_prefix("attempt=")
            .is_some_and(|attempt| attempt != "1")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_attempts_after_the_first_are_repeated() {
        for (header, expected) in [
            (None, false),
            (Some("attempt=1; max=6"), false),
            (Some("attempt=2; max=6"), true),
            (Some("ttl=20261128T143000Z; attempt=10; max=6"), true),
        ] {
            assert_eq!(is_repeated(header), expected, "{header:?}");
        }
    }
}

use std::sync::OnceLock;

use aws_smithy_http_client::{
    Connector,
    tls::{Provider, TlsContext, rustls_provider::CryptoMode},
};
use aws_smithy_runtime_api::client::{
    http::{HttpClient, HttpConnectorSettings, SharedHttpConnector},
    runtime_components::RuntimeComponents,
};

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
            SharedHttpConnector::new(builder.build())
        };
        self.connector.get_or_init(make).clone()
    }
}

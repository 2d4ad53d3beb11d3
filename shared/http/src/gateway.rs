use axum::extract::FromRequestParts;
use http::{Extensions, request::Parts};
use lambda_http::{
    RequestExt as _, aws_lambda_events::apigw::ApiGatewayV2httpRequestContext,
    request::RequestContext,
};

use crate::{Problem, address};

/// The API Gateway data of a request. It comes from the request context, never from a header, which clients can forge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// The id of the request in responses, in the function's log and in the gateway's log.
    pub request_id: String,
    /// The requested host name: the API's own or its custom domain.
    pub domain_name: String,
    /// The route of the request, such as `GET /users/{id}`, or `$default`. Logs contain it instead of the path, which may
    /// contain a secret.
    pub route: String,
    /// The IPv4 address or IPv6 network by which the requests of this client are counted.
    pub caller: String,
}

impl Gateway {
    pub(crate) fn of(extensions: &Extensions) -> Self {
        let context = extensions.request_context_ref();
        let (request_id, domain_name, route, source_ip) = match context {
            Some(RequestContext::ApiGatewayV2(ApiGatewayV2httpRequestContext {
                request_id,
                domain_name,
                route_key,
                http,
                ..
            })) => (
                request_id.clone(),
                domain_name.clone(),
                route_key.clone(),
                http.source_ip.as_deref(),
            ),
            _ => (None, None, None, None),
        };
        let invocation = || {
            extensions
                .lambda_context_ref()
                .map(|context| context.request_id.clone())
        };
        Self {
            request_id: request_id.or_else(invocation).unwrap_or_default(),
            domain_name: domain_name.unwrap_or_default(),
            route: route.unwrap_or_else(|| "unmatched".to_owned()),
            caller: address::caller(source_ip),
        }
    }
}

impl Gateway {
    /// Returns the issuer of access tokens: the configured one, or the API under the requested host name.
    #[must_use]
    pub fn issuer(&self, configured: Option<&str>) -> String {
        configured.map_or_else(|| format!("https://{}", self.domain_name), str::to_owned)
    }
}

impl<S: Sync> FromRequestParts<S> for Gateway {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Ok(Self::of(&parts.extensions))
    }
}

use axum::extract::FromRequestParts;
use http::{Extensions, request::Parts};
use lambda_http::{
    RequestExt as _, aws_lambda_events::apigw::ApiGatewayV2httpRequestContext,
    request::RequestContext,
};

use crate::{Problem, address};

/// What API Gateway knows of a request, from its request context and never from a header, which anybody can set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gateway {
    /// Names the request in answers, in our log and in the gateway's.
    pub request_id: String,
    /// The host name that was called: the API's own, or its custom domain.
    pub domain_name: String,
    /// The route that takes the request, such as `GET /users/{id}`, or `$default`. Logs have it in place of the path, which
    /// may hold a secret.
    pub route: String,
    /// Whom it comes from, as requests are counted: an IPv4 address or an IPv6 network.
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
    /// Who issues our tokens: as configured, or the API itself under the name it was called by.
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

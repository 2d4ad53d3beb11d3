//! The API Gateway engine (HTTP API): converts requests to events, invokes functions, and converts their responses.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api.html>

mod body;
mod cors;
mod event;
mod ids;
mod percent;
mod response;
mod router;
mod site;

use std::{collections::BTreeMap, net::IpAddr, sync::Arc, time::Instant};

use axum::{
    body::Body,
    extract::{ConnectInfo, State},
};
use clock::Clock;
use http::{HeaderValue, Request, Response, StatusCode, request::Parts};
use sam_template::{Cors, Route};

pub(crate) use self::ids::trace_id;
use self::router::Router;
pub(crate) use self::site::Site;
use crate::{
    function::Pool,
    origins::Origins,
    peer::Peer,
    ui::{RequestLine, Ui},
};

/// Lambda's maximum event size. The gateway refuses larger events.
const MAX_EVENT: usize = 6 * 1024 * 1024;
/// API Gateway's limit for the request line and headers together; here it applies to the URL alone.
/// <https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html>
const MAX_REQUEST_LINE: usize = 10_240;

/// The HTTP API.
pub(crate) struct Front {
    router: Router,
    site: Option<Site>,
    cors: Option<Cors>,
    origins: Origins,
    /// By logical id.
    functions: BTreeMap<String, Arc<Pool>>,
    clock: Clock,
    ui: Ui,
    api_id: String,
    port: u16,
}

/// A response with the data for its log line.
struct Handled {
    response: Response<Body>,
    function: Option<String>,
    cold_start: bool,
    /// Whether it is a file of the site. A page loads dozens, which would hide the requests to the API.
    is_file: bool,
}

impl Handled {
    /// A response of the gateway itself.
    fn by_gateway(response: Response<Body>) -> Self {
        Self {
            response,
            function: None,
            cold_start: false,
            is_file: false,
        }
    }
}

impl Front {
    pub(crate) fn new(
        routes: Vec<Route>,
        site: Option<Site>,
        (cors, origins): (Option<Cors>, Origins),
        functions: BTreeMap<String, Arc<Pool>>,
        clock: Clock,
        ui: Ui,
        port: u16,
    ) -> Self {
        Self {
            router: Router::new(routes),
            site,
            cors,
            origins,
            functions,
            clock,
            ui,
            api_id: "local".to_owned(),
            port,
        }
    }

    /// Returns the HTTP service.
    pub(crate) fn into_router(self) -> axum::Router {
        axum::Router::new()
            .fallback(handle)
            .with_state(Arc::new(self))
    }

    async fn handle(&self, parts: &Parts, body: Body, peer: IpAddr, id: &str) -> Handled {
        let refuse = |status| Handled::by_gateway(response::message(status));
        if parts.uri.to_string().len() > MAX_REQUEST_LINE {
            return refuse(StatusCode::URI_TOO_LONG);
        }
        let Some(found) = self.router.find(&parts.method, parts.uri.path()) else {
            return refuse(StatusCode::NOT_FOUND);
        };
        // A path without its own route may be a file of the site.
        if found.route.is_default
            && let Some(site) = &self.site
            && let Some(file) = site.serve(parts).await
        {
            return Handled {
                is_file: true,
                ..Handled::by_gateway(file)
            };
        }
        let Some(pool) = self.functions.get(&found.route.function).map(Arc::clone) else {
            return refuse(StatusCode::INTERNAL_SERVER_ERROR);
        };
        let body = match body::read(body).await {
            Ok(body) => body,
            Err(status) => return refuse(status),
        };
        let trace_id = ids::trace_id(&self.clock);
        let context = event::Context {
            clock: &self.clock,
            peer,
            request_id: id,
            trace_id: &trace_id,
            api_id: &self.api_id,
            port: self.port,
        };
        let event = event::event(parts, &body, &found, &context).to_string();
        if event.len() > MAX_EVENT {
            return refuse(StatusCode::PAYLOAD_TOO_LARGE);
        }
        let handled = invoke(pool, event, trace_id, id).await;
        // A person who follows a wrong link gets a page; programs get the function's response.
        if found.route.is_default
            && handled.response.status() == StatusCode::NOT_FOUND
            && let Some(site) = &self.site
            && let Some(page) = site.not_found(parts).await
        {
            return Handled {
                response: page,
                ..handled
            };
        }
        handled
    }
}

/// Invokes the function in a separate task, which completes even if the client disconnects.
async fn invoke(pool: Arc<Pool>, event: String, trace_id: String, id: &str) -> Handled {
    let function = pool.function().binary.clone();
    let invocation = tokio::spawn(async move {
        let request_id = uuid::Uuid::new_v4().to_string();
        pool.invoke(&request_id, &trace_id, event.into()).await
    });
    let Ok(invoked) = invocation.await else {
        return Handled::by_gateway(response::message(StatusCode::INTERNAL_SERVER_ERROR));
    };
    Handled {
        response: match invoked.result {
            Ok(bytes) => response::response(&bytes),
            Err(failure) => response::failure(&failure, id),
        },
        function: Some(function),
        cold_start: invoked.cold_start,
        is_file: false,
    }
}

async fn handle(
    State(front): State<Arc<Front>>,
    ConnectInfo(Peer(peer)): ConnectInfo<Peer>,
    request: Request<Body>,
) -> Response<Body> {
    let start = Instant::now();
    let id = ids::request_id();
    let (parts, body) = request.into_parts();
    let cors = front.cors.as_ref();
    let Handled {
        mut response,
        function,
        cold_start,
        is_file,
    } = if let Some(preflight) = cors.and_then(|cors| cors::preflight(cors, &front.origins, &parts))
    {
        Handled::by_gateway(preflight)
    } else {
        let mut handled = front.handle(&parts, body, peer, &id).await;
        if let Some(cors) = cors {
            let headers = handled.response.headers_mut();
            cors::apply(cors, &front.origins, &parts.headers, headers);
        }
        handled
    };
    if let Ok(id) = HeaderValue::from_str(&id) {
        response.headers_mut().insert("apigw-requestid", id);
    }
    if is_file {
        return response;
    }
    let found = front.router.find(&parts.method, parts.uri.path());
    front.ui.request(&RequestLine {
        method: &parts.method,
        route: found.as_ref().map_or("$default", |found| &found.route.path),
        status: response.status(),
        took: start.elapsed(),
        function: function.as_deref(),
        cold_start,
    });
    response
}

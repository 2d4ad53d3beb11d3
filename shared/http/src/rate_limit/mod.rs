use std::num::NonZeroU32;

use axum::{
    Router,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse as _, Response},
};
use domain::{Clock, TimeWindow, left_in_window};
use http::{HeaderValue, StatusCode, header, header::HeaderName};
use settings::{Env, EnvError};
use store::{Limits, StoreError};
use time::Duration;

use crate::{Gateway, Problem};

/// The length of a window in seconds. Windows start at full minutes.
const WINDOW: i64 = 60;

pub(crate) const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
pub(crate) const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

const TOO_MANY_OF_ADDRESS: Problem = Problem::new(
    StatusCode::TOO_MANY_REQUESTS,
    "rate_limited",
    "Too many requests from this address. Try again after `Retry-After` seconds.",
);

const TOO_MANY_OF_USER: Problem = Problem::new(
    StatusCode::TOO_MANY_REQUESTS,
    "rate_limited",
    "Too many requests from this account. Try again after `Retry-After` seconds.",
);

/// Limits the requests per minute of one address, or of one user, to the routes of a policy
/// (docs/adr/0021-requests-are-counted-by-address.md).
///
/// The headers `RateLimit-Policy` and `RateLimit` report the limit and what is left
/// (<https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-11>).
#[derive(Debug, Clone)]
pub struct RateLimit {
    limits: Limits,
    policy: &'static str,
    quota: NonZeroU32,
    too_many: Problem,
    clock: Clock,
}

impl RateLimit {
    /// Creates a limit per address, with the quota of `REQUESTS_PER_ADDRESS`. Routes of one policy are counted together.
    ///
    /// # Errors
    /// When the variable is missing or invalid.
    pub fn from_env(
        env: &Env,
        limits: Limits,
        policy: &'static str,
        clock: Clock,
    ) -> Result<Self, EnvError> {
        Ok(Self {
            limits,
            policy,
            quota: env.parsed("REQUESTS_PER_ADDRESS", "a number of requests from 1 on")?,
            too_many: TOO_MANY_OF_ADDRESS,
            clock,
        })
    }

    /// Creates a limit per user, with the quota of `REQUESTS_PER_USER`.
    ///
    /// # Errors
    /// When the variable is missing or invalid.
    pub fn per_user(
        env: &Env,
        limits: Limits,
        policy: &'static str,
        clock: Clock,
    ) -> Result<Self, EnvError> {
        Ok(Self {
            limits,
            policy,
            quota: env.parsed("REQUESTS_PER_USER", "a number of requests from 1 on")?,
            too_many: TOO_MANY_OF_USER,
            clock,
        })
    }

    /// Counts a request of a caller, and serves it unless the limit is exceeded.
    pub async fn serve(&self, caller: &str, response: impl Future<Output = Response>) -> Response {
        let window = match self.count(caller).await {
            Ok(window) => window,
            Err(error) => return Problem::from(error).into_response(),
        };
        let mut response = match window.left {
            Some(_) => response.await,
            None => return self.refusal(&window).into_response(),
        };
        response.headers_mut().extend(self.headers(&window));
        response
    }

    /// Counts a request of a caller, for work that only some requests of a route cause.
    ///
    /// # Errors
    /// 429 when the limit is exceeded.
    pub async fn check(&self, caller: &str) -> Result<(), Problem> {
        let window = self.count(caller).await?;
        match window.left {
            Some(_) => Ok(()),
            None => Err(self.refusal(&window)),
        }
    }

    fn refusal(&self, window: &Window) -> Problem {
        let retry_after = HeaderValue::from(window.seconds);
        let refusal = self
            .too_many
            .clone()
            .with_header(header::RETRY_AFTER, retry_after);
        self.headers(window)
            .fold(refusal, |refusal, (name, value)| {
                refusal.with_header(name, value)
            })
    }

    fn headers(&self, window: &Window) -> impl Iterator<Item = (HeaderName, HeaderValue)> {
        let (policy, quota) = (self.policy, self.quota);
        let (left, seconds) = (window.left.unwrap_or_default(), window.seconds);
        [
            (
                RATE_LIMIT_POLICY,
                format!("\"{policy}\";q={quota};w={WINDOW}"),
            ),
            (RATE_LIMIT, format!("\"{policy}\";r={left};t={seconds}")),
        ]
        .into_iter()
        .filter_map(|(name, value)| Some((name, HeaderValue::try_from(value).ok()?)))
    }

    /// Applies the limit to routes: every request is counted before it is read.
    pub fn guard(self, routes: Router) -> Router {
        routes.layer(from_fn_with_state(self, limited))
    }

    async fn count(&self, caller: &str) -> Result<Window, StoreError> {
        let now = self.clock.now();
        let window = TimeWindow::at(now, Duration::seconds(WINDOW));
        let id = format!("{}#{caller}#{}", self.policy, window.begins_at());
        // One more window, because clocks differ.
        let expires_at = now + Duration::seconds(2 * WINDOW);
        let count = self.limits.count(&id, expires_at).await?;
        Ok(Window {
            left: left_in_window(self.quota, count),
            seconds: window.seconds_left(now),
        })
    }
}

/// The state of a caller's current window.
struct Window {
    /// How many more requests are allowed; `None` when this one exceeds the limit.
    left: Option<u64>,
    /// Seconds until the next window starts.
    seconds: i64,
}

async fn limited(State(limit): State<RateLimit>, request: Request, next: Next) -> Response {
    let caller = Gateway::of(request.extensions()).caller;
    limit.serve(&caller, next.run(request)).await
}

#[cfg(test)]
mod tests;

use std::num::NonZeroU32;

use axum::{
    Router,
    extract::{Request, State},
    middleware::{Next, from_fn_with_state},
    response::{IntoResponse as _, Response},
};
use domain::Clock;
use http::{HeaderValue, StatusCode, header, header::HeaderName};
use settings::{Env, EnvError};
use store::{Limits, StoreError};
use time::{Duration, OffsetDateTime};

use crate::{Gateway, Problem};

/// Requests are counted from full minute to full minute.
const WINDOW: i64 = 60;

pub(crate) const RATE_LIMIT: HeaderName = HeaderName::from_static("ratelimit");
pub(crate) const RATE_LIMIT_POLICY: HeaderName = HeaderName::from_static("ratelimit-policy");

const TOO_MANY: Problem = Problem::new(
    StatusCode::TOO_MANY_REQUESTS,
    "rate_limited",
    "too many requests from this address; try again after `Retry-After` seconds",
);

/// How many requests one address may send to some routes in a minute (docs/adr/0021-requests-are-counted-by-address.md).
///
/// What is left is told in `RateLimit-Policy` and `RateLimit`
/// (<https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-ratelimit-headers-11>).
#[derive(Debug, Clone)]
pub struct RateLimit {
    limits: Limits,
    policy: &'static str,
    quota: NonZeroU32,
    clock: Clock,
}

impl RateLimit {
    /// With the quota that `REQUESTS_PER_ADDRESS` sets. Routes of one policy are counted together.
    ///
    /// # Errors
    /// When the variable is missing or makes no sense.
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
            clock,
        })
    }

    /// These routes, with every request counted before anything of it is looked at.
    pub fn guard(self, routes: Router) -> Router {
        routes.layer(from_fn_with_state(self, limited))
    }

    async fn count(&self, caller: &str) -> Result<Standing, StoreError> {
        let now = self.clock.now();
        let begin = now.unix_timestamp().div_euclid(WINDOW) * WINDOW;
        let id = format!("{}#{caller}#{begin}", self.policy);
        // One more window, for a clock that is behind.
        let expires_at = now + Duration::seconds(2 * WINDOW);
        let count = self.limits.count(&id, expires_at).await?;
        Ok(self.standing(count, now))
    }

    fn standing(&self, count: u64, now: OffsetDateTime) -> Standing {
        Standing {
            left: u64::from(self.quota.get()).checked_sub(count),
            seconds: WINDOW - now.unix_timestamp().rem_euclid(WINDOW),
        }
    }
}

/// Where a caller stands with a request.
struct Standing {
    /// How many more may come; `None` when this is one too many.
    left: Option<u64>,
    /// Until all is forgotten.
    seconds: i64,
}

async fn limited(State(limit): State<RateLimit>, request: Request, next: Next) -> Response {
    let gateway = Gateway::of(request.extensions());
    let standing = match limit.count(&gateway.caller).await {
        Ok(standing) => standing,
        Err(error) => return Problem::from(error).into_response(),
    };
    let mut response = match standing.left {
        Some(_) => next.run(request).await,
        None => TOO_MANY
            .with(header::RETRY_AFTER, HeaderValue::from(standing.seconds))
            .into_response(),
    };
    let (policy, quota) = (limit.policy, limit.quota);
    let (left, seconds) = (standing.left.unwrap_or_default(), standing.seconds);
    for (name, value) in [
        (
            RATE_LIMIT_POLICY,
            format!("\"{policy}\";q={quota};w={WINDOW}"),
        ),
        (RATE_LIMIT, format!("\"{policy}\";r={left};t={seconds}")),
    ] {
        let value = HeaderValue::try_from(value).ok();
        response
            .headers_mut()
            .extend(value.map(|value| (name, value)));
    }
    response
}

#[cfg(test)]
mod tests;

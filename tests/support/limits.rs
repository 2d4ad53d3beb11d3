//! Requests that must fall within one minute of the rate limiter.

use std::net::Ipv4Addr;

use super::Response;

impl Response {
    /// Returns the seconds left of the current minute, from the header `RateLimit`.
    #[track_caller]
    fn seconds_left(&self) -> u32 {
        let limit = self.header("ratelimit").unwrap();
        let (_, seconds) = limit.rsplit_once(";t=").unwrap();
        seconds.parse().unwrap()
    }
}

/// Sends requests that fall within one minute of the rate limiter. If a new minute begins in between, sends them again from
/// an address without counted requests.
pub async fn within_a_minute(send: impl AsyncFn(Ipv4Addr) -> Vec<Response>) -> Vec<Response> {
    for last in 2..u8::MAX {
        let responses = send(Ipv4Addr::new(127, 0, 0, last)).await;
        let seconds: Vec<_> = responses.iter().map(Response::seconds_left).collect();
        if seconds.iter().max().unwrap() - seconds.iter().min().unwrap() < 30 {
            return responses;
        }
    }
    panic!("a new minute began during every attempt");
}

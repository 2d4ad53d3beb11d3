//! Where a caller stands with the requests of a minute.

use std::net::Ipv4Addr;

use super::Answer;

impl Answer {
    /// The seconds that are left of the minute, as `RateLimit` tells.
    #[track_caller]
    fn seconds_left(&self) -> u32 {
        let standing = self.header("ratelimit").unwrap();
        let (_, seconds) = standing.rsplit_once(";t=").unwrap();
        seconds.parse().unwrap()
    }
}

/// Sends requests that belong to one minute. If the next one begins in between, they are sent again, from an address that
/// nobody has counted yet.
pub async fn within_a_minute(send: impl AsyncFn(Ipv4Addr) -> Vec<Answer>) -> Vec<Answer> {
    for last in 2..u8::MAX {
        let answers = send(Ipv4Addr::new(127, 0, 0, last)).await;
        let seconds: Vec<_> = answers.iter().map(Answer::seconds_left).collect();
        if seconds.iter().max().unwrap() - seconds.iter().min().unwrap() < 30 {
            return answers;
        }
    }
    panic!("every minute ended too soon");
}

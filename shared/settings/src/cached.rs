use std::{sync::Arc, time::Duration};

use aws_sdk_ssm::Client;
use domain::Clock;
use time::OffsetDateTime;
use tokio::sync::Mutex;

use crate::Parameters;

/// How long a request waits for fresh values before it uses the last good ones, and the pause after a failure before the next
/// request reads them.
const PATIENCE: Duration = Duration::from_secs(2);

/// Secrets that are built from the values under a path, and read again when their lifetime is over.
pub struct Cached<T> {
    ssm: Client,
    path: String,
    lifetime: Duration,
    clock: Clock,
    make: fn(&Parameters) -> Result<T, MakeError>,
    state: Mutex<State<T>>,
}

/// Why the secrets cannot be built from the values.
type MakeError = Box<dyn std::error::Error + Send + Sync>;

struct State<T> {
    last_good: Option<Arc<T>>,
    ask_again: Option<OffsetDateTime>,
}

/// No secrets were ever read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no secrets could be read from Parameter Store")]
pub struct Unavailable;

impl<T> Cached<T> {
    /// Secrets that `make` builds from the values under `path`. Nothing is read yet.
    pub fn new(
        ssm: Client,
        path: String,
        lifetime: Duration,
        clock: Clock,
        make: fn(&Parameters) -> Result<T, MakeError>,
    ) -> Self {
        let state = Mutex::new(State {
            last_good: None,
            ask_again: None,
        });
        Self {
            ssm,
            path,
            lifetime,
            clock,
            make,
            state,
        }
    }

    /// The secrets: the cached ones during their lifetime, then new ones, or the last good ones if they cannot be read.
    ///
    /// # Errors
    /// When none were ever read. Fail closed: respond with 503.
    pub async fn get(&self) -> Result<Arc<T>, Unavailable> {
        // Held during the read, so that concurrent requests wait for the same result.
        let mut state = self.state.lock().await;
        if state.ask_again.is_none_or(|at| self.clock.now() >= at) {
            let wait = match self.load().await {
                Some(fresh) => {
                    state.last_good = Some(Arc::new(fresh));
                    self.lifetime
                }
                None => PATIENCE.min(self.lifetime),
            };
            // The pause begins after the read: one that times out takes as long as the pause itself.
            state.ask_again = Some(self.clock.now() + wait);
        }
        state.last_good.clone().ok_or(Unavailable)
    }

    async fn load(&self) -> Option<T> {
        let fetched =
            tokio::time::timeout(PATIENCE, Parameters::fetch(&self.ssm, &self.path)).await;
        let problem = match fetched {
            Ok(Ok(parameters)) => match (self.make)(&parameters) {
                Ok(made) => return Some(made),
                Err(error) => error.to_string(),
            },
            Ok(Err(error)) => error.to_string(),
            Err(elapsed) => elapsed.to_string(),
        };
        tracing::error!(path = self.path, problem, "secrets_not_read");
        None
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicI64, Ordering};

    use aws_sdk_ssm::{
        operation::get_parameters_by_path::{GetParametersByPathError, GetParametersByPathOutput},
        types::{Parameter, error::InternalServerError},
    };
    use aws_smithy_mocks::{RuleMode, mock, mock_client};
    use time::macros::datetime;

    use super::*;

    type Output = GetParametersByPathOutput;

    fn page(names: &[&str], next: Option<&str>) -> Output {
        let parameter = |name: &&str| {
            Parameter::builder()
                .name(format!("/cloakroom/dev/{name}"))
                .value("x")
                .build()
        };
        let parameters = names.iter().map(parameter).collect();
        Output::builder()
            .set_parameters(Some(parameters))
            .set_next_token(next.map(Into::into))
            .build()
    }

    fn down() -> GetParametersByPathError {
        GetParametersByPathError::InternalServerError(InternalServerError::builder().build())
    }

    fn names(parameters: &Parameters) -> Result<Vec<String>, MakeError> {
        let names: Vec<_> = parameters
            .under("")
            .map(|(name, _)| name.to_owned())
            .collect();
        if names.is_empty() {
            Err("nothing there".into())
        } else {
            Ok(names)
        }
    }

    /// A clock that moves by hand, in seconds.
    fn clock() -> (Clock, Arc<AtomicI64>) {
        let seconds = Arc::new(AtomicI64::new(0));
        let read = Arc::clone(&seconds);
        let start = datetime!(2026-01-01 00:00:00 UTC);
        let now = move || start + time::Duration::seconds(read.load(Ordering::SeqCst));
        (Clock::from_fn(now), seconds)
    }

    fn cached(ssm: Client, clock: Clock) -> Cached<Vec<String>> {
        Cached::new(
            ssm,
            "/cloakroom/dev".into(),
            Duration::from_mins(5),
            clock,
            names,
        )
    }

    #[tokio::test]
    async fn every_page_is_read_and_the_values_are_kept_for_their_lifetime() {
        let pages = mock!(Client::get_parameters_by_path)
            .sequence()
            .output(|| page(&["a"], Some("more")))
            .output(|| page(&["b/c"], None))
            .output(|| page(&["d"], None))
            .build();
        let ssm = mock_client!(aws_sdk_ssm, RuleMode::Sequential, [&pages]);
        let (clock, seconds) = clock();
        let cached = cached(ssm, clock);
        assert_eq!(*cached.get().await.unwrap(), ["a", "b/c"]);
        seconds.store(299, Ordering::SeqCst);
        assert_eq!(*cached.get().await.unwrap(), ["a", "b/c"]);
        assert_eq!(pages.num_calls(), 2);
        seconds.store(300, Ordering::SeqCst);
        assert_eq!(*cached.get().await.unwrap(), ["d"]);
    }

    #[tokio::test]
    async fn the_last_good_values_outlive_an_outage_and_broken_values() {
        let rule = mock!(Client::get_parameters_by_path)
            .sequence()
            .output(|| page(&["a"], None))
            .error(down)
            .output(|| page(&[], None))
            .output(|| page(&["b"], None))
            .build();
        let ssm = mock_client!(aws_sdk_ssm, RuleMode::Sequential, [&rule], no_retries);
        let (clock, seconds) = clock();
        let cached = cached(ssm, clock);
        for (at, expected) in [(0, "a"), (300, "a"), (301, "a"), (302, "a"), (304, "b")] {
            seconds.store(at, Ordering::SeqCst);
            assert_eq!(*cached.get().await.unwrap(), [expected], "at {at} s");
        }
        assert_eq!(rule.num_calls(), 4);
    }

    /// A read that times out takes as long as the pause: the pause begins afterwards.
    #[tokio::test]
    async fn a_hanging_parameter_store_is_not_read_by_every_request() {
        let (clock, seconds) = clock();
        let passing = Arc::clone(&seconds);
        let rule = mock!(Client::get_parameters_by_path)
            .match_requests(move |_| passing.fetch_add(2, Ordering::SeqCst) >= 0)
            .then_error(down);
        let ssm = mock_client!(aws_sdk_ssm, RuleMode::MatchAny, [&rule], no_retries);
        let cached = cached(ssm, clock);
        assert_eq!(cached.get().await, Err(Unavailable));
        assert_eq!(cached.get().await, Err(Unavailable));
        assert_eq!(rule.num_calls(), 1);
    }

    #[tokio::test]
    async fn with_no_values_at_all_it_fails_closed_and_recovers() {
        let rule = mock!(Client::get_parameters_by_path)
            .sequence()
            .error(down)
            .output(|| page(&["a"], None))
            .build();
        let ssm = mock_client!(aws_sdk_ssm, RuleMode::Sequential, [&rule], no_retries);
        let (clock, seconds) = clock();
        let cached = cached(ssm, clock);
        assert_eq!(cached.get().await, Err(Unavailable));
        assert_eq!(cached.get().await, Err(Unavailable));
        seconds.store(2, Ordering::SeqCst);
        assert_eq!(*cached.get().await.unwrap(), ["a"]);
    }

    fn no_retries(config: aws_sdk_ssm::config::Builder) -> aws_sdk_ssm::config::Builder {
        config.retry_config(aws_sdk_ssm::config::retry::RetryConfig::disabled())
    }
}

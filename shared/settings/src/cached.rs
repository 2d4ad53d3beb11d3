use std::{error::Error, pin::Pin, sync::Arc, time::Duration};

use domain::Clock;
use time::OffsetDateTime;
use tokio::sync::Mutex;

/// How long a request waits for fresh values if it can use the last good ones, and for how long it then uses them before
/// another request reads again. Also how long a start waits for the first values.
const PATIENCE: Duration = Duration::from_secs(2);

/// The earliest part of the lifetime at which values are read again. Instances that started together would otherwise all
/// read again at the same moment.
const EARLIEST: f64 = 0.8;

/// Values that are read once and again before their lifetime is over, such as keys.
pub struct Cached<T> {
    what: &'static str,
    lifetime: Duration,
    clock: Clock,
    load: Box<dyn Fn() -> Loading<T> + Send + Sync>,
    state: Mutex<State<T>>,
}

type Loading<T> = Pin<Box<dyn Future<Output = Result<T, LoadError>> + Send>>;

/// Why the values cannot be read, or are invalid. The message is logged, so it contains no secret.
pub type LoadError = Box<dyn Error + Send + Sync>;

struct State<T> {
    last_good: Option<Arc<T>>,
    ask_again: Option<OffsetDateTime>,
}

/// No values were ever read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no keys could be read")]
pub struct Unavailable;

impl<T> Cached<T> {
    /// Values that `load` reads. Nothing is read yet. `what` names the values in the log.
    ///
    /// `load` repeats what fails for a time only, such as a request that was throttled: a request waits for the first values
    /// for as long as it has time. An error that `load` returns is final for the request.
    pub fn new<F>(
        what: &'static str,
        lifetime: Duration,
        clock: Clock,
        load: impl Fn() -> F + Send + Sync + 'static,
    ) -> Self
    where
        F: Future<Output = Result<T, LoadError>> + Send + 'static,
    {
        let state = Mutex::new(State {
            last_good: None,
            ask_again: None,
        });
        Self {
            what,
            lifetime,
            clock,
            load: Box::new(move || Box::pin(load())),
            state,
        }
    }

    /// Reads the values ahead of the first request. After two seconds, the first request continues to wait for them.
    pub async fn warm_up(&self) {
        let _: Result<_, _> = tokio::time::timeout(PATIENCE, self.get()).await;
    }

    /// Returns the values: the cached ones during their lifetime, then new ones, or the last good ones if they cannot be
    /// read.
    ///
    /// # Errors
    /// When none were ever read. Fail closed: respond with 503.
    pub async fn get(&self) -> Result<Arc<T>, Unavailable> {
        // Held during the read, so that concurrent requests wait for the same result.
        let mut state = self.state.lock().await;
        if state.ask_again.is_none_or(|at| self.clock.now() >= at) {
            let result = match state.last_good {
                Some(_) => match tokio::time::timeout(PATIENCE, (self.load)()).await {
                    Ok(result) => result,
                    Err(elapsed) => Err(elapsed.into()),
                },
                None => (self.load)().await,
            };
            let pause = match result {
                Ok(fresh) => {
                    state.last_good = Some(Arc::new(fresh));
                    self.lifetime
                        .mul_f64(EARLIEST + (1.0 - EARLIEST) * fastrand::f64())
                }
                Err(error) => {
                    tracing::error!(what = self.what, problem = %error, "keys_not_read");
                    PATIENCE.min(self.lifetime)
                }
            };
            // Without any values, the next request reads again. The pause begins after the read: one that times out takes as
            // long as the pause itself.
            state.ask_again = state.last_good.as_ref().map(|_| self.clock.now() + pause);
        }
        state.last_good.clone().ok_or(Unavailable)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Mutex,
        atomic::{AtomicI64, Ordering},
    };

    use time::macros::datetime;

    use super::*;

    /// A clock that moves by hand, in seconds.
    fn clock() -> (Clock, Arc<AtomicI64>) {
        let seconds = Arc::new(AtomicI64::new(0));
        let read = Arc::clone(&seconds);
        let start = datetime!(2026-01-01 00:00:00 UTC);
        let now = move || start + time::Duration::seconds(read.load(Ordering::SeqCst));
        (Clock::from_fn(now), seconds)
    }

    /// The results of the reads, in order. Counts the reads that are left.
    struct Source(Mutex<Vec<Result<&'static str, &'static str>>>);

    impl Source {
        fn new(results: &[Result<&'static str, &'static str>]) -> Arc<Self> {
            Arc::new(Self(Mutex::new(results.iter().rev().copied().collect())))
        }

        fn left(&self) -> usize {
            self.0.lock().unwrap().len()
        }

        fn cached(self: &Arc<Self>, clock: Clock) -> Cached<&'static str> {
            let source = Arc::clone(self);
            Cached::new("test values", Duration::from_mins(5), clock, move || {
                let result = source.0.lock().unwrap().pop().expect("one read too many");
                std::future::ready(result.map_err(Into::into))
            })
        }
    }

    #[tokio::test]
    async fn values_are_read_again_in_the_last_fifth_of_their_lifetime() {
        let source = Source::new(&[Ok("a"), Ok("b")]);
        let (clock, seconds) = clock();
        let cached = source.cached(clock);
        assert_eq!(*cached.get().await.unwrap(), "a");
        seconds.store(239, Ordering::SeqCst);
        assert_eq!(*cached.get().await.unwrap(), "a");
        seconds.store(300, Ordering::SeqCst);
        assert_eq!(*cached.get().await.unwrap(), "b");
        assert_eq!(source.left(), 0);
    }

    #[tokio::test]
    async fn instances_that_start_together_read_again_at_different_times() {
        let mut moments = std::collections::BTreeSet::new();
        for _ in 0..100 {
            let source = Source::new(&[Ok("a")]);
            let (clock, _) = clock();
            let cached = source.cached(clock);
            cached.get().await.unwrap();
            moments.insert(cached.state.lock().await.ask_again.unwrap());
        }
        let (first, last) = (moments.first().unwrap(), moments.last().unwrap());
        assert!(*last - *first > time::Duration::seconds(30), "{moments:?}");
    }

    #[tokio::test]
    async fn the_last_good_values_outlive_an_outage() {
        let source = Source::new(&[Ok("a"), Err("down"), Err("down"), Ok("b")]);
        let (clock, seconds) = clock();
        let cached = source.cached(clock);
        for (at, expected) in [(0, "a"), (300, "a"), (301, "a"), (302, "a"), (304, "b")] {
            seconds.store(at, Ordering::SeqCst);
            assert_eq!(*cached.get().await.unwrap(), expected, "at {at} s");
        }
        assert_eq!(source.left(), 0);
    }

    #[tokio::test(start_paused = true)]
    async fn a_refresh_that_hangs_is_not_waited_for_and_not_repeated_by_every_request() {
        let (clock, seconds) = clock();
        let passing = Arc::clone(&seconds);
        let reads = Arc::new(AtomicI64::new(0));
        let counter = Arc::clone(&reads);
        let cached = Cached::new("test values", Duration::from_mins(5), clock, move || {
            let read = counter.fetch_add(1, Ordering::SeqCst);
            let passing = Arc::clone(&passing);
            async move {
                if read > 0 {
                    passing.fetch_add(2, Ordering::SeqCst);
                    std::future::pending::<()>().await;
                }
                Ok("a")
            }
        });
        assert_eq!(*cached.get().await.unwrap(), "a");
        seconds.store(300, Ordering::SeqCst);
        for _ in 0..2 {
            assert_eq!(*cached.get().await.unwrap(), "a");
        }
        assert_eq!(reads.load(Ordering::SeqCst), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_request_continues_to_wait_after_the_start_gave_up() {
        let (clock, _) = clock();
        let cached = Cached::new("test values", Duration::from_mins(5), clock, || async {
            tokio::time::sleep(Duration::from_secs(20)).await;
            Ok("a")
        });
        cached.warm_up().await;
        assert_eq!(*cached.get().await.unwrap(), "a");
    }

    #[tokio::test]
    async fn with_no_values_at_all_it_fails_closed_and_recovers() {
        let source = Source::new(&[Err("denied"), Ok("a")]);
        let cached = source.cached(clock().0);
        assert_eq!(cached.get().await, Err(Unavailable));
        assert_eq!(*cached.get().await.unwrap(), "a");
    }
}

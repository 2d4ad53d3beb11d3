//! Simulates many instances that start in the same second and read the private keys from Parameter Store, with the client and
//! the retries of the functions. The time is simulated, too.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use aws_sdk_ssm::config::retry::RetryPartition;
use aws_smithy_http_client::test_util::infallible_client_fn;
use domain::Clock;
use time::macros::datetime;
use tokio::{task::JoinSet, time::Instant};

use crate::{Cached, Env, Parameters, aws};

/// Requests per second and in a burst (<https://docs.aws.amazon.com/general/latest/gr/ssm.html>).
const QUOTA: f64 = 40.0;
/// `Timeout` of signin and session in template.yaml, less the half second that the function keeps for its response.
const REQUEST: Duration = Duration::from_millis(26_500);
const LIFETIME: Duration = Duration::from_mins(5);

/// Parameter Store with its quota: a bucket of tokens.
struct ParameterStore {
    quota: f64,
    tokens: f64,
    filled_at: Instant,
    served: usize,
    throttled: usize,
}

impl ParameterStore {
    fn respond(&mut self) -> http::Response<&'static str> {
        let elapsed = self.filled_at.elapsed().as_secs_f64();
        self.tokens = elapsed.mul_add(self.quota, self.tokens).min(self.quota);
        self.filled_at = Instant::now();
        if self.tokens < 1.0 {
            self.throttled += 1;
            let error = r#"{"__type": "ThrottlingException", "message": "Rate exceeded"}"#;
            let response = http::Response::builder().status(400);
            return response.body(error).unwrap();
        }
        self.tokens -= 1.0;
        self.served += 1;
        http::Response::new(r#"{"Parameters": [{"Name": "/keys/a", "Value": "x"}]}"#)
    }
}

fn instances() -> u32 {
    let is_full = std::env::var("CLOAKROOM_STRESS").is_ok_and(|value| value == "full");
    if is_full { 1_000 } else { 100 }
}

fn instance(number: u32, store: &Arc<Mutex<ParameterStore>>, clock: Clock) -> Cached<Parameters> {
    let env = Env::from([
        ("AWS_REGION", "us-east-1"),
        ("AWS_ACCESS_KEY_ID", "key"),
        ("AWS_SECRET_ACCESS_KEY", "secret"),
    ]);
    let store = Arc::clone(store);
    let http = infallible_client_fn(move |_| store.lock().unwrap().respond());
    let config = aws::sdk_config(&env).unwrap().into_builder();
    let ssm = aws::ssm(&env, &config.http_client(http).build());
    // Clients of one process share their budget for retries; instances are processes.
    let partition = RetryPartition::new(number.to_string());
    let config = ssm.config().to_builder().retry_partition(partition);
    let ssm = aws_sdk_ssm::Client::from_conf(config.build());
    Cached::new("private keys", LIFETIME, clock, move || {
        let ssm = ssm.clone();
        async move { Ok(Parameters::fetch(&ssm, "/keys").await?) }
    })
}

/// The first read of every instance succeeds before its request's deadline, and no later read is throttled.
#[tokio::test(start_paused = true)]
async fn instances_that_start_in_the_same_second_all_get_their_keys() {
    let start = Instant::now();
    let now = move || datetime!(2026-01-01 00:00:00 UTC) + start.elapsed();
    let store = Arc::new(Mutex::new(ParameterStore {
        quota: QUOTA,
        tokens: QUOTA,
        filled_at: start,
        served: 0,
        throttled: 0,
    }));
    let mut running = JoinSet::new();
    for number in 0..instances() {
        let instance = instance(number, &store, Clock::from_fn(now));
        running.spawn(async move {
            tokio::time::sleep(Duration::from_secs_f64(fastrand::f64())).await;
            instance.warm_up().await;
            let first = tokio::time::timeout(REQUEST, instance.get()).await;
            assert!(matches!(first, Ok(Ok(_))), "a request failed");
            start.elapsed()
        });
    }
    let waited = running.join_all().await;
    let longest = waited.into_iter().max().unwrap();
    let throttled = {
        let store = store.lock().unwrap();
        assert_eq!(store.served, usize::try_from(instances()).unwrap());
        store.throttled
    };
    eprintln!(
        "{} instances: the last one had its keys after {longest:?}; {throttled} requests were throttled",
        instances()
    );
    assert!(throttled > 0, "the quota was never reached");
}

/// Instances that have read at the same moment read again at different times: no request is throttled.
#[tokio::test(start_paused = true)]
async fn instances_that_read_together_do_not_read_again_together() {
    // By chance, more than the quota of 1,000 instances could read again in the same second: once in 60,000 runs.
    fastrand::seed(1);
    let start = Instant::now();
    let now = move || datetime!(2026-01-01 00:00:00 UTC) + start.elapsed();
    let store = Arc::new(Mutex::new(ParameterStore {
        quota: f64::MAX,
        tokens: f64::MAX,
        filled_at: start,
        served: 0,
        throttled: 0,
    }));
    let mut running = JoinSet::new();
    for number in 0..instances() {
        let instance = instance(number, &store, Clock::from_fn(now));
        running.spawn(async move {
            instance.get().await.unwrap();
            for _ in 0..LIFETIME.as_secs() {
                tokio::time::sleep(Duration::from_secs(1)).await;
                instance.get().await.unwrap();
            }
        });
    }
    tokio::time::sleep(Duration::from_secs(1)).await;
    {
        let mut store = store.lock().unwrap();
        store.quota = QUOTA;
        store.tokens = QUOTA;
    }
    running.join_all().await;
    let store = store.lock().unwrap();
    assert_eq!(store.served, 2 * usize::try_from(instances()).unwrap());
    assert_eq!(store.throttled, 0);
}

//! Measures the time of tokens and password hashes: `cargo run --release -p auth --example cost`.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a measurement, read by a person"
)]

use std::time::Instant;

use auth::{
    Caller,
    keys::{Algorithm, NewKey, SigningKeys, VerifyingKeys},
    password::{self, Cost},
    token::{TokenPolicy, issue, verify},
};
use domain::{Clock, Password, SessionId, UserId};
use rsa::{RsaPrivateKey, pkcs8::EncodePrivateKey as _, rand_core::OsRng};
use time::Duration;

fn measure(what: &str, times: u32, mut run: impl FnMut()) {
    run();
    let start = Instant::now();
    (0..times).for_each(|_| run());
    println!(
        "{what:<24}{:>10.1} µs",
        start.elapsed().as_secs_f64() * 1e6 / f64::from(times)
    );
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let now = Clock::system().now();
    let policy = TokenPolicy {
        issuer: "https://api.example".into(),
        audience: "cloakroom".into(),
    };
    let caller = Caller {
        user_id: UserId::new(now),
        session_id: SessionId::new(now),
        roles: [].into(),
    };
    for algorithm in Algorithm::ALL {
        let key = if algorithm == Algorithm::RS256 {
            let key = RsaPrivateKey::new(&mut OsRng, 2048).unwrap();
            NewKey::from_pkcs8_rsa(key.to_pkcs8_der().unwrap().as_bytes(), now).unwrap()
        } else {
            NewKey::generate(algorithm, now).unwrap()
        };
        let public = [(key.kid.as_str(), &key.public)];
        let private = [(key.kid.as_str(), &key.private)];
        let verifying = VerifyingKeys::from_parameters(public).unwrap();
        let signing = SigningKeys::from_parameters(private, &verifying).unwrap();
        measure(&format!("{algorithm} read public"), 200, || {
            VerifyingKeys::from_parameters(public).unwrap();
        });
        measure(&format!("{algorithm} read private"), 200, || {
            SigningKeys::from_parameters(private, &verifying).unwrap();
        });
        let current = signing.current(now).unwrap();
        let token = issue(current, &policy, Duration::minutes(15), &caller, now).unwrap();
        measure(&format!("{algorithm} issue"), 500, || {
            issue(current, &policy, Duration::minutes(15), &caller, now).unwrap();
        });
        measure(&format!("{algorithm} verify"), 500, || {
            verify(&verifying, &policy, token.expose(), now).unwrap();
        });
    }
    let password = Password::parse("correct horse battery staple").unwrap();
    for cost in [10, 12] {
        let start = Instant::now();
        password::hash(&password, Cost::new(cost).unwrap())
            .await
            .unwrap();
        println!(
            "bcrypt {cost}{:>25.1} ms",
            start.elapsed().as_secs_f64() * 1e3
        );
    }
}

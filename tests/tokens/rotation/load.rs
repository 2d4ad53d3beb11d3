use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    time::{Duration, Instant},
};

use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::Value;

use super::{KeySets, succeeded};
use crate::support::{PASSWORD, SignedIn, TestApp, decode, eventually, is_full, parts};

/// Another server that verifies tokens with the JWKS alone. It caches the JWKS for the allowed time and does not request
/// it again for an unknown key.
#[derive(Default)]
struct Verifier {
    jwks: RefCell<Option<(Instant, Duration, Value)>>,
    fetched: Cell<usize>,
}

impl Verifier {
    async fn accepts(&self, app: &TestApp, token: &str) {
        let jwks = self.jwks(app).await;
        let (header, ..) = parts(token);
        let keys = jwks["keys"].as_array().unwrap();
        let key = keys.iter().find(|key| key["kid"] == header["kid"]);
        let key = key.unwrap_or_else(|| panic!("{} is not in {jwks}", header["kid"]));
        assert_eq!(key["alg"], header["alg"]);
        let coordinate = |name: &str| decode(key[name].as_str().unwrap());
        let point = [vec![4], coordinate("x"), coordinate("y")].concat();
        let (message, signature) = token.rsplit_once('.').unwrap();
        UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point)
            .verify(message.as_bytes(), &decode(signature))
            .unwrap();
    }

    /// Returns the cached JWKS, or requests it when it is stale. Its age counts from the request (RFC 9111, section 4.2.3).
    async fn jwks(&self, app: &TestApp) -> Value {
        if let Some((at, max_age, jwks)) = &*self.jwks.borrow()
            && at.elapsed() < *max_age
        {
            return jwks.clone();
        }
        let requested_at = Instant::now();
        let response = app.get("/.well-known/jwks.json").await.expect(200);
        let max_age = response.header("cache-control").unwrap();
        let max_age = max_age.strip_prefix("public, max-age=").unwrap();
        let max_age = Duration::from_secs(max_age.parse().unwrap());
        *self.jwks.borrow_mut() = Some((requested_at, max_age, response.json()));
        self.fetched.set(self.fetched.get() + 1);
        response.json()
    }
}

/// The progress of the load.
#[derive(Default)]
struct Progress {
    /// The number of sign-ins by the `kid` of their tokens.
    sign_ins: RefCell<BTreeMap<String, usize>>,
    requests: Cell<usize>,
    is_done: Cell<bool>,
}

impl Progress {
    fn sign_ins_with(&self, kid: &str) -> usize {
        self.sign_ins.borrow().get(kid).copied().unwrap_or_default()
    }
}

/// Signs in repeatedly, and uses the first token and the latest ones. Asserts that no request fails.
async fn load(app: &TestApp, verifier: &Verifier, progress: &Progress) {
    let mut tokens = Vec::new();
    while !progress.is_done.get() {
        let response = app.sign_in("ada@example.com", PASSWORD).await;
        let token = SignedIn::new(app, response).token;
        let kid = parts(&token).0["kid"].as_str().unwrap().to_owned();
        *progress.sign_ins.borrow_mut().entry(kid).or_default() += 1;
        tokens.push(token);
        if tokens.len() > 3 {
            tokens.remove(1);
        }
        for token in &tokens {
            let user = SignedIn::with_token(app, token.clone());
            user.get("/users/me").await.expect(200);
            verifier.accepts(app, token).await;
            progress.requests.set(progress.requests.get() + 1);
        }
        if !is_full() {
            // Leaves the processors to other tests; the load stays steady.
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

#[tokio::test]
async fn a_rotation_under_load_fails_no_request() {
    let app = TestApp::start_with(&["ParameterCacheSeconds=1"]);
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    let old = KeySets::of(&app).await.kids().remove(0);
    let progress = Progress::default();
    let verifiers: [Verifier; 3] = Default::default();

    let rotate = async {
        eventually(async || progress.sign_ins_with(&old) >= 20).await;
        let args = ["rotate-signing-key", "--cache-seconds", "1"];
        let command = app.secrets_command(&args, app.endpoint("ssm"), app.endpoint("dynamodb"));
        let rotated = tokio::process::Command::from(command).output().await;
        succeeded(&rotated.unwrap());
        let new = KeySets::of(&app).await.kids().remove(1);
        // The new key is published, but does not sign yet.
        let before = progress.sign_ins_with(&old);
        assert_eq!(progress.sign_ins_with(&new), 0);
        eventually(async || progress.sign_ins_with(&new) >= 50).await;
        assert!(progress.sign_ins_with(&old) > before);
        // The old key does not sign any more, but its tokens are still valid.
        let last = progress.sign_ins_with(&old);
        let requests = progress.requests.get();
        eventually(async || progress.requests.get() > requests + 100).await;
        assert_eq!(progress.sign_ins_with(&old), last);
        progress.is_done.set(true);
    };
    let [a, b, c] = &verifiers;
    tokio::join!(
        rotate,
        load(&app, a, &progress),
        load(&app, b, &progress),
        load(&app, c, &progress)
    );
    for verifier in &verifiers {
        assert!(
            verifier.fetched.get() >= 3,
            "the JWKS was requested too rarely"
        );
    }
    // On a machine that stalls, a read may take too long. Then the last keys are used, and no request fails.
    let log = app.log();
    let mut unread = log.lines().filter(|line| line.contains("keys_not_read"));
    assert_eq!(
        unread.find(|line| !line.contains("deadline has elapsed")),
        None
    );
    eprintln!(
        "{} sign-ins and {} requests, none failed",
        progress.sign_ins.borrow().values().sum::<usize>(),
        progress.requests.get()
    );
}

use std::{
    cell::{Cell, RefCell},
    collections::BTreeMap,
    time::{Duration, Instant},
};

use ring::signature::{ECDSA_P256_SHA256_FIXED, UnparsedPublicKey};
use serde_json::Value;

use super::{KeySets, succeeded};
use crate::support::{PASSWORD, SignedIn, TestApp, decode, eventually, parts};

/// Somebody else's server: it knows the system by its JWKS alone, keeps that for as long as it may, and does not ask
/// again for a key that is not in it.
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

    /// Its age counts from before it was asked for (RFC 9111, section 4.2.3).
    async fn jwks(&self, app: &TestApp) -> Value {
        if let Some((at, max_age, jwks)) = &*self.jwks.borrow()
            && at.elapsed() < *max_age
        {
            return jwks.clone();
        }
        let asked = Instant::now();
        let answer = app.get("/.well-known/jwks.json").await.expect(200);
        let max_age = answer.header("cache-control").unwrap();
        let max_age = max_age.strip_prefix("public, max-age=").unwrap();
        let max_age = Duration::from_secs(max_age.parse().unwrap());
        *self.jwks.borrow_mut() = Some((asked, max_age, answer.json()));
        self.fetched.set(self.fetched.get() + 1);
        answer.json()
    }
}

/// What the load has seen so far.
#[derive(Default)]
struct Seen {
    /// Sign-ins by the key that signed their tokens.
    sign_ins: RefCell<BTreeMap<String, usize>>,
    requests: Cell<usize>,
    over: Cell<bool>,
}

impl Seen {
    fn by(&self, kid: &str) -> usize {
        self.sign_ins.borrow().get(kid).copied().unwrap_or_default()
    }
}

/// Somebody who signs in all the time, and uses the first token they got and the last ones. Nothing may fail, ever.
async fn load(app: &TestApp, verifier: &Verifier, seen: &Seen) {
    let mut tokens = Vec::new();
    while !seen.over.get() {
        let answer = app.sign_in("ada@example.com", PASSWORD).await;
        let token = SignedIn::new(app, answer).token;
        let kid = parts(&token).0["kid"].as_str().unwrap().to_owned();
        *seen.sign_ins.borrow_mut().entry(kid).or_default() += 1;
        tokens.push(token);
        if tokens.len() > 3 {
            tokens.remove(1);
        }
        for token in &tokens {
            let somebody = SignedIn::with_token(app, token.clone());
            somebody.get("/users/me").await.expect(200);
            verifier.accepts(app, token).await;
            seen.requests.set(seen.requests.get() + 1);
        }
    }
}

#[tokio::test]
async fn a_rotation_under_load_fails_no_request() {
    let app = TestApp::start_with(&["ParameterCacheSeconds=1"]);
    app.sign_up("ada@example.com", PASSWORD).await.expect(201);
    let old = KeySets::of(&app).await.kids().remove(0);
    let seen = Seen::default();
    let verifiers: [Verifier; 3] = Default::default();

    let rotate = async {
        eventually(async || seen.by(&old) >= 20).await;
        let args = ["rotate-signing-key", "--cache-seconds", "1"];
        let command = app.operator_command("secrets", &args, app.endpoint("ssm"));
        let rotated = tokio::process::Command::from(command).output().await;
        succeeded(&rotated.unwrap());
        let new = KeySets::of(&app).await.kids().remove(1);
        // Published, and signing nothing yet.
        let before = seen.by(&old);
        assert_eq!(seen.by(&new), 0);
        eventually(async || seen.by(&new) >= 50).await;
        assert!(seen.by(&old) > before);
        // By now nobody signs with the old key any more, and its tokens are still good.
        let last = seen.by(&old);
        let requests = seen.requests.get();
        eventually(async || seen.requests.get() > requests + 100).await;
        assert_eq!(seen.by(&old), last);
        seen.over.set(true);
    };
    let [a, b, c] = &verifiers;
    tokio::join!(
        rotate,
        load(&app, a, &seen),
        load(&app, b, &seen),
        load(&app, c, &seen)
    );
    for verifier in &verifiers {
        assert!(verifier.fetched.get() >= 3, "the JWKS was read anew");
    }
    assert!(!app.log().contains("secrets_not_read"));
    eprintln!(
        "{} sign-ins and {} requests, none failed",
        seen.sign_ins.borrow().values().sum::<usize>(),
        seen.requests.get()
    );
}

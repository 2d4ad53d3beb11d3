use auth::keys::{Algorithm, NewKey};
use domain::Clock;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use time::Duration;

use super::{Forger, changed, now};
use crate::support::{PASSWORD, SignedIn, Signer, TestApp, eventually, hmac_token, parts};

/// A key pair, as the values of its two parameters.
pub(super) struct Pair {
    pub(super) kid: String,
    pub(super) private: String,
    pub(super) public: String,
}

/// Generates a key pair that signs tokens from a time on, given in seconds from now.
pub(super) fn new_key(algorithm: Algorithm, seconds: i64) -> Pair {
    let from = Clock::system().now() + Duration::seconds(seconds);
    let key = NewKey::generate(algorithm, from).unwrap();
    Pair {
        private: key.private.expose_secret().to_owned(),
        public: key.public.expose_secret().to_owned(),
        kid: key.kid,
    }
}

impl Pair {
    pub(super) fn public_jwk(&self) -> Value {
        serde_json::from_str(&self.public).unwrap()
    }

    pub(super) fn signer(&self) -> Signer {
        Signer::from_private_key(&self.private)
    }

    /// Stores both parameters in the order of a rotation: the public key first, so that every signature can be verified.
    pub(super) async fn store(&self, app: &TestApp) {
        self.publish(app, None).await;
        let name = format!("keys/private/{}", self.kid);
        app.put_parameter(&name, &self.private).await;
    }

    pub(super) async fn publish(&self, app: &TestApp, until: Option<i64>) {
        let jwk = changed(&self.public_jwk(), &json!({"exp": until}));
        let name = format!("keys/public/{}", self.kid);
        app.put_parameter(&name, &jwk.to_string()).await;
    }
}

/// Deletes all keys. Functions read keys at their first request, so a call before that is in time.
pub(super) async fn delete_keys(app: &TestApp) {
    for name in app.parameters().await.keys() {
        app.delete_parameter(name).await;
    }
}

/// Returns the `kid`s of the published keys. Asserts that the JWKS contains no secret.
pub(super) async fn published(app: &TestApp) -> Vec<String> {
    let jwks = app.get("/.well-known/jwks.json").await.expect(200).json();
    let keys = jwks["keys"].as_array().unwrap();
    for key in keys {
        for secret in ["d", "k", "p", "q", "dp", "dq", "qi", "oth"] {
            assert!(key.get(secret).is_none(), "{key}");
        }
        assert_ne!(key["kty"], "oct");
    }
    let kid = |key: &Value| key["kid"].as_str().unwrap().to_owned();
    keys.iter().map(kid).collect()
}

/// Starts a system and creates its key with `cloakroom secrets init --alg`, as an operator does.
async fn start_with_algorithm(algorithm: &str) -> TestApp {
    let app = TestApp::start();
    delete_keys(&app).await;
    let output = app.run_secrets(&["init", "--alg", algorithm, "--rsa-bits", "2048"]);
    assert!(output.status.success(), "{output:?}");
    app
}

#[tokio::test]
async fn tokens_are_signed_with_the_configured_algorithm() {
    for algorithm in ["ES256", "EdDSA", "RS256", "HS256"] {
        let app = start_with_algorithm(algorithm).await;
        let forger = Forger::new(&app).await;
        assert_eq!(
            forger.header,
            json!({"typ": "at+jwt", "alg": algorithm, "kid": forger.signer.kid})
        );
        let public = match algorithm {
            "HS256" => vec![],
            _ => vec![forger.signer.kid.clone()],
        };
        assert_eq!(published(&app).await, public, "{algorithm}");
        for other in [
            "none", "HS256", "HS384", "RS256", "PS256", "ES256", "EdDSA", "Ed25519",
        ] {
            if other != algorithm {
                let token = forger.with_header(&json!({"alg": other}));
                forger
                    .refuses(&token, &format!("{algorithm} as {other}"))
                    .await;
            }
        }
        let parameter = &app.parameters().await[&format!("keys/public/{}", forger.signer.kid)];
        for alg in ["HS256", algorithm] {
            let header = changed(&forger.header, &json!({"alg": alg}));
            let token = hmac_token(parameter.as_bytes(), &header, &forger.claims);
            forger
                .refuses(&token, &format!("the public JWK as an HMAC secret, {alg}"))
                .await;
        }
    }
}

#[tokio::test]
async fn the_latest_active_key_signs_and_all_keys_verify() {
    let app = TestApp::start();
    delete_keys(&app).await;
    let oldest = new_key(Algorithm::HS256, -7200);
    let old = new_key(Algorithm::ES256, -3600);
    let current = new_key(Algorithm::EdDSA, -1);
    let next = new_key(Algorithm::ES256, 3600);
    let retired = new_key(Algorithm::ES256, -9000);
    for key in [&next, &oldest, &current, &old] {
        key.store(&app).await;
    }
    retired.publish(&app, Some(now() - 1)).await;

    let ada = app.new_user("ada@example.com").await;
    let (header, claims, _) = parts(&ada.token);
    assert_eq!(header["kid"], current.kid);
    let mut listed = published(&app).await;
    listed.sort();
    let mut expected = [&old, &current, &next].map(|key| key.kid.clone());
    expected.sort();
    assert_eq!(listed, expected);

    let present = async |token: String| SignedIn::with_token(&app, token).get("/users/me").await;
    for key in [&oldest, &old, &current, &next] {
        let signer = key.signer();
        present(signer.token(&signer.header(), &claims))
            .await
            .expect(200);
        // Signed with one key, with the `kid` of another.
        for other in [&oldest, &old, &current, &next] {
            if other.kid != key.kid {
                let header = changed(&signer.header(), &json!({"kid": other.kid}));
                super::assert_is_refused(&present(signer.token(&header, &claims)).await, "kid");
            }
        }
    }
    let signer = retired.signer();
    let token = signer.token(&signer.header(), &claims);
    super::assert_is_refused(&present(token).await, "signed with a retired key");
}

#[tokio::test]
async fn a_rotation_keeps_tokens_valid_until_the_old_key_is_deleted() {
    let app = TestApp::start_with(&["ParameterCacheSeconds=1"]);
    let ada = app.new_user("ada@example.com").await;
    let old = app.signer().await;
    let (_, claims, _) = parts(&ada.token);

    // The key that signs from a later second is used, so the new key must not have the same second as the first.
    let new = new_key(Algorithm::ES256, 1);
    new.publish(&app, None).await;
    let early = new.signer().token(&new.signer().header(), &claims);
    let early = SignedIn::with_token(&app, early);
    eventually(async || early.get("/users/me").await.status == 200).await;
    ada.get("/users/me").await.expect(200);

    let name = format!("keys/private/{}", new.kid);
    app.put_parameter(&name, &new.private).await;
    let sign_in = async || {
        let response = app.sign_in("ada@example.com", PASSWORD).await;
        SignedIn::new(&app, response)
    };
    eventually(async || parts(&sign_in().await.token).0["kid"] == new.kid).await;
    let later = sign_in().await;
    for user in [&ada, &later] {
        user.get("/users/me").await.expect(200);
    }

    for part in ["private", "public"] {
        app.delete_parameter(&format!("keys/{part}/{}", old.kid))
            .await;
    }
    eventually(async || ada.get("/users/me").await.status == 401).await;
    later.get("/users/me").await.expect(200);
    eventually(async || published(&app).await == [new.kid.clone()]).await;
}

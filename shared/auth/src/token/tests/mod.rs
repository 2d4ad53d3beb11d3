use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use domain::{Role, SessionId, UserId};
use jsonwebtoken::EncodingKey;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use time::Duration;

use super::*;
use crate::{
    Caller,
    keys::{
        Algorithm, NewKey, VerifyingKeys,
        testing::{NOW, key_sets, new_key},
    },
};

mod forgeries;
mod random;

fn policy() -> TokenPolicy {
    TokenPolicy {
        issuer: "https://api.example".into(),
        audience: "cloakroom".into(),
    }
}

fn caller() -> Caller {
    Caller {
        user_id: UserId::new(NOW),
        session_id: SessionId::new(NOW),
        roles: [Role::Admin].into(),
    }
}

fn issued(key: &NewKey) -> (String, VerifyingKeys, Caller) {
    let (signing, verifying) = key_sets(&[key]);
    let caller = caller();
    let key = signing.current(NOW).unwrap();
    let token = issue(key, &policy(), Duration::minutes(15), &caller, NOW).unwrap();
    (token.expose().to_owned(), verifying, caller)
}

fn verified(keys: &VerifyingKeys, token: &str) -> Result<Caller, TokenError> {
    verify(keys, &policy(), token, NOW)
}

fn part(token: &str, index: usize) -> Value {
    let encoded = token.split('.').nth(index).unwrap();
    serde_json::from_slice(&BASE64.decode(encoded).unwrap()).unwrap()
}

/// Signs arbitrary headers and claims with an HS256 key.
struct Forge {
    key: NewKey,
    verifying: VerifyingKeys,
}

impl Forge {
    fn new() -> Self {
        let key = new_key(Algorithm::HS256);
        let (_, verifying) = key_sets(&[&key]);
        Self { key, verifying }
    }

    fn header(&self) -> Value {
        json!({"typ": "at+jwt", "alg": "HS256", "kid": self.key.kid})
    }

    fn claims() -> Value {
        let now = NOW.unix_timestamp();
        json!({
            "iss": "https://api.example", "aud": "cloakroom", "jti": "1", "roles": [],
            "sub": UserId::new(NOW).to_string(), "sid": SessionId::new(NOW).to_string(),
            "iat": now, "nbf": now, "exp": now + 900,
        })
    }

    fn sign(&self, header: &str, claims: &str) -> String {
        let private: Value = serde_json::from_str(self.key.private.expose_secret()).unwrap();
        let secret = BASE64.decode(private["key"].as_str().unwrap()).unwrap();
        let message = format!("{}.{}", BASE64.encode(header), BASE64.encode(claims));
        let key = EncodingKey::from_secret(&secret);
        let algorithm = jsonwebtoken::Algorithm::HS256;
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &key, algorithm).unwrap();
        format!("{message}.{signature}")
    }

    /// Verifies a correctly signed token with these header members and claims changed (`null` removes one).
    fn verdict(&self, header: &Value, claims: &Value) -> Result<Caller, TokenError> {
        let header = changed(self.header(), header).to_string();
        let claims = changed(Self::claims(), claims).to_string();
        verified(&self.verifying, &self.sign(&header, &claims))
    }

    fn with_header(&self, changes: &Value) -> Option<TokenError> {
        self.verdict(changes, &json!({})).err()
    }

    fn with_claims(&self, changes: &Value) -> Option<TokenError> {
        self.verdict(&json!({}), changes).err()
    }
}

fn changed(mut object: Value, changes: &Value) -> Value {
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            object.as_object_mut().unwrap().remove(name);
        } else {
            object[name] = value.clone();
        }
    }
    object
}

#[test]
fn a_token_of_each_algorithm_verifies() {
    for algorithm in Algorithm::ALL {
        let key = new_key(algorithm);
        let (token, verifying, caller) = issued(&key);
        assert_eq!(
            verified(&verifying, &token),
            Ok(caller.clone()),
            "{algorithm}"
        );
        assert!(caller.is_admin());

        assert_eq!(
            part(&token, 0),
            json!({"typ": "at+jwt", "alg": algorithm.as_str(), "kid": key.kid})
        );
        let claims = part(&token, 1);
        assert_eq!(claims["exp"], NOW.unix_timestamp() + 900);
        assert_eq!(claims["sub"], caller.user_id.to_string());
        assert_eq!(claims["roles"], json!(["admin"]));
        assert_eq!(claims.as_object().unwrap().len(), 9);
    }
}

#[test]
fn every_token_is_unique() {
    let key = new_key(Algorithm::EdDSA);
    assert_ne!(issued(&key).0, issued(&key).0);
}

#[test]
fn a_token_of_either_live_key_is_accepted() {
    let keys = [new_key(Algorithm::ES256), new_key(Algorithm::HS256)];
    let (_, both) = key_sets(&keys.each_ref());
    for key in &keys {
        let (token, _, caller) = issued(key);
        assert_eq!(verified(&both, &token), Ok(caller));
    }
}

#[test]
fn a_key_past_its_exp_verifies_nothing() {
    let key = new_key(Algorithm::ES256);
    let mut jwk: Value = serde_json::from_str(key.public.expose_secret()).unwrap();
    jwk["exp"] = json!(NOW.unix_timestamp());
    let retired = NewKey {
        public: jwk.to_string().into(),
        ..key
    };
    let (token, verifying, _) = issued(&retired);
    assert_eq!(verified(&verifying, &token), Err(TokenError::UnknownKey));
}

#[test]
fn debug_output_of_a_token_does_not_contain_it() {
    let (signing, _) = key_sets(&[&new_key(Algorithm::ES256)]);
    let key = signing.current(NOW).unwrap();
    let token = issue(key, &policy(), Duration::minutes(15), &caller(), NOW).unwrap();
    assert!(!format!("{token:?}").contains(token.expose()));
    assert_eq!(token.expires_in(), 900);
}

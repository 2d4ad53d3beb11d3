//! `cloakroom secrets rotate-signing-key` and `retire-keys`, as an operator runs them.

mod interrupted;
mod load;
mod retired;

use std::process::Output;

use auth::keys::{SigningKeys, VerifyingKeys};
use secrecy::SecretString;
use serde_json::Value;

use super::keys::delete_keys;
use crate::support::TestApp;

/// The keys of a system, as a function reads them at its start.
struct KeySets {
    signing: SigningKeys,
    verifying: VerifyingKeys,
}

impl KeySets {
    /// Reads the keys. Panics if a function would refuse them.
    async fn of(app: &TestApp) -> Self {
        let parameters = app.parameters().await;
        let under = |path: &str| -> Vec<(String, SecretString)> {
            let named = parameters.iter().filter_map(|(name, value)| {
                let name = name.strip_prefix(path)?.to_owned();
                Some((name, SecretString::from(value.clone())))
            });
            named.collect()
        };
        let (public, private) = (under("keys/public/"), under("keys/private/"));
        let verifying = VerifyingKeys::from_parameters(
            public.iter().map(|(name, value)| (name.as_str(), value)),
        );
        let verifying = verifying.unwrap();
        let private = private.iter().map(|(name, value)| (name.as_str(), value));
        Self {
            signing: SigningKeys::from_parameters(private, &verifying).unwrap(),
            verifying,
        }
    }

    /// Returns the `kid`s in the order in which the keys sign.
    fn kids(&self) -> Vec<String> {
        self.signing
            .iter()
            .map(|key| key.kid().to_owned())
            .collect()
    }
}

/// Returns the standard output and the standard error.
fn text(output: &Output) -> String {
    let [out, err] = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
    format!("{out}{err}")
}

/// Asserts that the command succeeded, and returns its output.
#[track_caller]
fn succeeded(output: &Output) -> String {
    assert!(output.status.success(), "{}", text(output));
    text(output)
}

/// Asserts that the command failed, and returns its output.
#[track_caller]
fn failed(output: &Output) -> String {
    assert_eq!(output.status.code(), Some(1), "{}", text(output));
    text(output)
}

/// Finds the state of a parameter in the output of `secrets list`, by its name below the stage.
fn state(list: &str, name: &str) -> String {
    let line = list.lines().find(|line| line.contains(name)).unwrap();
    let words: Vec<_> = line.split_whitespace().skip(4).collect();
    words.join(" ")
}

#[tokio::test]
async fn a_rotation_reports_its_steps_and_refuses_another_until_it_ends() {
    let app = TestApp::start();
    let before = app.parameters().await;
    for (args, reason) in [
        (["--cache-seconds", "300", "--delay", "659"], "at least 660"),
        (
            ["--cache-seconds", "3600", "--delay", "660"],
            "at least 3960",
        ),
    ] {
        let refused = app.run_secrets(&[&["rotate-signing-key"], args.as_slice()].concat());
        assert!(failed(&refused).contains(reason), "{refused:?}");
        assert_eq!(app.parameters().await, before);
    }

    let old = KeySets::of(&app).await.kids().remove(0);
    let rotated = succeeded(&app.run_secrets(&["rotate-signing-key", "--algorithm", "EdDSA"]));
    for (name, value) in app.parameters().await {
        let value: Value = serde_json::from_str(&value).unwrap();
        let secret = value["key"].as_str().unwrap_or("-----");
        assert!(!rotated.contains(secret), "{name}: {rotated}");
    }
    let keys = KeySets::of(&app).await;
    let new = keys.kids().remove(1);
    assert_eq!(keys.kids()[0], old);
    let end = keys.verifying.get(&old).unwrap().until();
    let from = keys.signing.iter().nth(1).unwrap().signs_from();
    assert_eq!(end, Some(from + time::Duration::seconds(3960)));
    assert_eq!(keys.verifying.get(&new).unwrap().until(), None);
    assert!(
        rotated.contains("EdDSA") && rotated.contains(&new),
        "{rotated}"
    );

    let list = succeeded(&app.run_secrets(&["list"]));
    assert_eq!(state(&list, &format!("private/{old}")), "signs");
    assert!(state(&list, &format!("private/{new}")).starts_with("signs from 20"));
    assert!(state(&list, &format!("PublicKeysTable/{old}")).starts_with("verifies until 20"));
    assert_eq!(state(&list, &format!("PublicKeysTable/{new}")), "verifies");

    let after = app.parameters().await;
    let again = failed(&app.run_secrets(&["rotate-signing-key"]));
    assert!(again.contains("a rotation is in progress"), "{again}");
    succeeded(&app.run_secrets(&["retire-keys"]));
    assert_eq!(app.parameters().await, after);
    app.new_user("ada@example.com")
        .await
        .get("/users/me")
        .await
        .expect(200);
}

#[tokio::test]
async fn a_rotation_keeps_the_algorithm_of_the_key() {
    let app = TestApp::start();
    for algorithm in ["HS256", "RS256", "ES256", "EdDSA"] {
        delete_keys(&app).await;
        let sized = ["--alg", algorithm, "--rsa-bits", "2048"];
        succeeded(&app.run_secrets(&[&["init"], sized.as_slice()].concat()));
        succeeded(&app.run_secrets(&["rotate-signing-key", "--rsa-bits", "2048"]));
        let keys = KeySets::of(&app).await;
        let kinds: Vec<_> = keys
            .signing
            .iter()
            .map(|key| key.algorithm().as_str())
            .collect();
        assert_eq!(kinds, [algorithm, algorithm]);
    }
}

#[tokio::test]
async fn a_rotation_without_keys_fails() {
    let app = TestApp::start();
    delete_keys(&app).await;
    let refused = failed(&app.run_secrets(&["rotate-signing-key"]));
    assert!(refused.contains("cloakroom secrets init"), "{refused}");
    assert!(app.parameters().await.is_empty());
}

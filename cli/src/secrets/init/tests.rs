use std::sync::{Arc, Mutex};

use aws_sdk_ssm::{
    Client,
    operation::{
        get_parameter::GetParameterOutput,
        get_parameters_by_path::GetParametersByPathOutput,
        put_parameter::{PutParameterError, PutParameterOutput},
    },
    types::{Parameter, error::ParameterAlreadyExists},
};
use aws_smithy_mocks::{Rule, RuleMode, mock, mock_client};
use secrecy::ExposeSecret as _;

use super::*;
use crate::aws::{AwsError, Stage};

/// The parameter names that were written, in order.
type Log = Arc<Mutex<Vec<String>>>;

fn plan(private: &[&str], public: &[&str]) -> Plan {
    let set = |kids: &[&str]| kids.iter().copied().map(str::to_owned).collect();
    Plan::of(&set(private), &set(public))
}

#[test]
fn a_key_is_created_only_when_none_exists() {
    assert!(plan(&[], &[]).create);
    assert!(!plan(&["a"], &["a"]).create);
}

#[test]
fn an_orphaned_public_key_is_reported_and_a_new_pair_created() {
    let plan = plan(&[], &["a"]);
    assert_eq!((plan.create, plan.orphaned), (true, vec!["a".to_owned()]));
}

#[test]
fn a_missing_public_key_is_restored() {
    let plan = plan(&["a", "b"], &["b"]);
    assert_eq!((plan.create, plan.restore), (false, vec!["a".to_owned()]));
}

#[test]
fn a_retired_public_key_is_kept() {
    let plan = plan(&["new"], &["new", "retired"]);
    assert_eq!(
        plan,
        Plan {
            restore: vec![],
            orphaned: vec![],
            create: false
        }
    );
}

fn args(alg: Algorithm) -> InitArgs {
    let target = Target {
        env: Stage::Dev,
        region: None,
        profile: None,
        endpoint_url: None,
        local: None,
    };
    InitArgs {
        alg,
        rsa_bits: 2048,
        target,
    }
}

/// Runs `init` with these existing parameters and these mock rules for writes.
async fn init_with(there: &[(&str, &str)], puts: &[Rule]) -> (Result<(), Error>, String) {
    let parameter = |(name, value): &(&str, &str)| {
        Parameter::builder()
            .name(format!("/cloakroom/dev/{name}"))
            .value(*value)
            .build()
    };
    let there: Vec<_> = there.iter().map(parameter).collect();
    let all = there.clone();
    let list = mock!(Client::get_parameters_by_path)
        .match_requests(|request| request.with_decryption() == Some(false))
        .then_compute_output(move |request| {
            let path = request.path().unwrap();
            let below = all
                .iter()
                .filter(|p| p.name().unwrap().starts_with(path))
                .cloned();
            GetParametersByPathOutput::builder()
                .set_parameters(Some(below.collect()))
                .build()
        });
    let read = mock!(Client::get_parameter).then_compute_output(move |request| {
        let found = there
            .iter()
            .find(|parameter| parameter.name() == request.name())
            .cloned();
        GetParameterOutput::builder().set_parameter(found).build()
    });
    let rules: Vec<_> = [&list, &read].into_iter().chain(puts).collect();
    let client = mock_client!(aws_sdk_ssm, RuleMode::MatchAny, &rules);
    let args = args(Algorithm::ES256);
    let store = Store::new(client, "nowhere".into(), &args.target);
    let mut out = Vec::new();
    let done = init(&store, &args, &Clock::system(), &mut out).await;
    (done, String::from_utf8(out).unwrap())
}

/// Accepts every write that does not overwrite.
fn accepting(log: &Log) -> Rule {
    let log = Arc::clone(log);
    mock!(Client::put_parameter)
        .match_requests(|request| request.overwrite() == Some(false))
        .then_compute_output(move |request| {
            log.lock().unwrap().push(request.name().unwrap().to_owned());
            PutParameterOutput::builder().version(1).build()
        })
}

#[tokio::test]
async fn the_public_key_is_written_first() {
    let log = Log::default();
    let (done, out) = init_with(&[], &[accepting(&log)]).await;
    done.unwrap();
    let written = log.lock().unwrap();
    assert_eq!(written.len(), 2);
    assert!(written[0].starts_with("/cloakroom/dev/keys/public/"));
    assert_eq!(written[1], written[0].replace("/public/", "/private/"));
    assert!(out.contains("ES256"), "{out}");
}

#[tokio::test]
async fn an_existing_key_pair_is_kept() {
    let there = [("keys/private/a", "…"), ("keys/public/a", "…")];
    let (done, out) = init_with(&there, &[]).await;
    done.unwrap();
    assert_eq!(out, "already exists: /cloakroom/dev/keys/private/a\n");
}

#[tokio::test]
async fn a_failed_private_key_write_names_the_public_key() {
    let public = mock!(Client::put_parameter)
        .match_requests(|request| request.name().unwrap().contains("/public/"))
        .then_output(|| PutParameterOutput::builder().version(1).build());
    let private = mock!(Client::put_parameter)
        .match_requests(|request| request.name().unwrap().contains("/private/"))
        .then_error(|| {
            let denied = aws_sdk_ssm::error::ErrorMetadata::builder().code("AccessDeniedException");
            PutParameterError::generic(denied.build())
        });
    let (done, _) = init_with(&[], &[public, private]).await;
    let Err(Error::PrivateKeyNotWritten { name, source }) = done else {
        panic!("{done:?}")
    };
    assert!(name.starts_with("/cloakroom/dev/keys/public/"), "{name}");
    assert!(
        matches!(*source, Error::Aws(AwsError::Denied { .. })),
        "{source}"
    );
}

#[tokio::test]
async fn a_public_key_from_an_interrupted_run_is_named() {
    let log = Log::default();
    let (done, out) = init_with(&[("keys/public/left", "…")], &[accepting(&log)]).await;
    done.unwrap();
    assert_eq!(log.lock().unwrap().len(), 2);
    assert!(
        out.contains("note: /cloakroom/dev/keys/public/left has no private key"),
        "{out}"
    );
}

#[tokio::test]
async fn a_missing_public_key_is_restored_from_its_private_key() {
    let key = NewKey::generate(Algorithm::EdDSA, Clock::system().now()).unwrap();
    let name = format!("keys/private/{}", key.kid);
    let log = Log::default();
    let (done, out) = init_with(&[(&name, key.private.expose_secret())], &[accepting(&log)]).await;
    done.unwrap();
    assert_eq!(
        *log.lock().unwrap(),
        [format!("/cloakroom/dev/keys/public/{}", key.kid)]
    );
    assert!(out.starts_with("restored from its private key"), "{out}");
}

/// The SDK retries a request whose response was lost; the retry then finds the parameter of the first attempt.
#[tokio::test]
async fn a_retried_write_is_not_a_conflict() {
    let taken = mock!(Client::put_parameter).then_error(|| {
        let error = ParameterAlreadyExists::builder().build();
        PutParameterError::ParameterAlreadyExists(error)
    });
    let (done, out) = init_with(&[], &[taken]).await;
    done.unwrap();
    assert!(out.contains("created"), "{out}");
}

#[test]
fn rsa_keys_have_the_requested_size() {
    let key = new_key(Algorithm::RS256, 2048, Clock::system().now()).unwrap();
    let public: serde_json::Value = serde_json::from_str(key.public.expose_secret()).unwrap();
    // 2048 bits are 256 bytes, 342 characters of base64url.
    assert_eq!(public["n"].as_str().unwrap().len(), 342);
    assert!(key.private.expose_secret().len() < 4096);
}

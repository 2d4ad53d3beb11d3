use std::{
    collections::HashMap,
    sync::{Arc, Mutex},
};

use aws_sdk_dynamodb::{
    operation::{
        scan::ScanOutput,
        update_item::{UpdateItemError, UpdateItemOutput},
    },
    types::{AttributeValue, error::ConditionalCheckFailedException},
};
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
use crate::{
    aws::{AwsError, Stage},
    secrets::{parameters::ParameterItems, public_keys::PublicKeyItems},
};

/// The names that were written, in order: those of parameters, and `table/{kid}`.
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
        stack: None,
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

/// The rules for writes of parameters, and those for writes of public keys.
struct Writes {
    parameters: Vec<Rule>,
    public_keys: Vec<Rule>,
}

/// Runs `init` with these existing keys and these mock rules for writes.
async fn init_with(there: &[(&str, &str)], writes: &Writes) -> (Result<(), Error>, String) {
    let (public, private): (Vec<_>, Vec<_>) = there
        .iter()
        .copied()
        .partition(|(name, _)| name.starts_with("keys/public/"));
    let client = ssm_client(&private, &writes.parameters);
    let parameters = ParameterItems {
        client,
        path: "/cloakroom/dev".into(),
        endpoint: "nowhere".into(),
    };
    let client = dynamodb_client(&public, &writes.public_keys);
    let public_keys = PublicKeyItems::new(&client, "table".into(), "nowhere".into());
    let store = Store::new(parameters, public_keys, Clock::system());
    let mut out = Vec::new();
    let args = args(Algorithm::ES256);
    let done = init(&store, &args, &Clock::system(), &mut out).await;
    (done, String::from_utf8(out).unwrap())
}

fn ssm_client(there: &[(&str, &str)], writes: &[Rule]) -> Client {
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
        .then_compute_output(move |_| {
            GetParametersByPathOutput::builder()
                .set_parameters(Some(all.clone()))
                .build()
        });
    let read = mock!(Client::get_parameter).then_compute_output(move |request| {
        let found = there
            .iter()
            .find(|parameter| parameter.name() == request.name())
            .cloned();
        GetParameterOutput::builder().set_parameter(found).build()
    });
    let rules: Vec<_> = [&list, &read].into_iter().chain(writes).collect();
    mock_client!(aws_sdk_ssm, RuleMode::MatchAny, &rules)
}

fn dynamodb_client(there: &[(&str, &str)], writes: &[Rule]) -> aws_sdk_dynamodb::Client {
    let text = |text: &str| AttributeValue::S(text.to_owned());
    let item = |(name, value): &(&str, &str)| {
        let kid = name.strip_prefix("keys/public/").unwrap();
        HashMap::from([
            ("kid".to_owned(), text(kid)),
            ("value".to_owned(), text(value)),
        ])
    };
    let items: Vec<_> = there.iter().map(item).collect();
    let list = mock!(aws_sdk_dynamodb::Client::scan)
        .then_compute_output(move |_| ScanOutput::builder().set_items(Some(items.clone())).build());
    let rules: Vec<_> = std::iter::once(&list).chain(writes).collect();
    mock_client!(aws_sdk_dynamodb, RuleMode::MatchAny, &rules)
}

/// Accepts every write that does not overwrite.
fn accepting(log: &Log) -> Writes {
    let (parameters, public_keys) = (Arc::clone(log), Arc::clone(log));
    let parameters = mock!(Client::put_parameter)
        .match_requests(|request| request.overwrite() == Some(false))
        .then_compute_output(move |request| {
            let name = request.name().unwrap().to_owned();
            parameters.lock().unwrap().push(name);
            PutParameterOutput::builder().version(1).build()
        });
    let public_keys = mock!(aws_sdk_dynamodb::Client::update_item)
        .match_requests(|request| {
            request.condition_expression() == Some("attribute_not_exists(kid)")
        })
        .then_compute_output(move |request| {
            let kid = request.key().unwrap()["kid"].as_s().unwrap();
            public_keys.lock().unwrap().push(format!("table/{kid}"));
            UpdateItemOutput::builder().build()
        });
    Writes {
        parameters: vec![parameters],
        public_keys: vec![public_keys],
    }
}

#[tokio::test]
async fn the_public_key_is_written_first() {
    let log = Log::default();
    let (done, out) = init_with(&[], &accepting(&log)).await;
    done.unwrap();
    let written = log.lock().unwrap();
    assert_eq!(written.len(), 2);
    let kid = written[0].strip_prefix("table/").unwrap();
    assert_eq!(written[1], format!("/cloakroom/dev/keys/private/{kid}"));
    assert!(out.contains("ES256"), "{out}");
}

#[tokio::test]
async fn an_existing_key_pair_is_kept() {
    let there = [("keys/private/a", "…"), ("keys/public/a", "…")];
    let (done, out) = init_with(&there, &accepting(&Log::default())).await;
    done.unwrap();
    assert_eq!(out, "already exists: /cloakroom/dev/keys/private/a\n");
}

#[tokio::test]
async fn a_failed_private_key_write_names_the_public_key() {
    let private = mock!(Client::put_parameter)
        .match_requests(|request| request.name().unwrap().contains("/private/"))
        .then_error(|| {
            let denied = aws_sdk_ssm::error::ErrorMetadata::builder().code("AccessDeniedException");
            PutParameterError::generic(denied.build())
        });
    let writes = Writes {
        parameters: vec![private],
        ..accepting(&Log::default())
    };
    let (done, _) = init_with(&[], &writes).await;
    let Err(Error::PrivateKeyNotWritten { name, source }) = done else {
        panic!("{done:?}")
    };
    assert!(name.starts_with("table/"), "{name}");
    assert!(
        matches!(*source, Error::Aws(AwsError::Denied { .. })),
        "{source}"
    );
}

#[tokio::test]
async fn a_public_key_from_an_interrupted_run_is_named() {
    let log = Log::default();
    let (done, out) = init_with(&[("keys/public/left", "…")], &accepting(&log)).await;
    done.unwrap();
    assert_eq!(log.lock().unwrap().len(), 2);
    assert!(out.contains("note: table/left has no private key"), "{out}");
}

#[tokio::test]
async fn a_missing_public_key_is_restored_from_its_private_key() {
    let key = NewKey::generate(Algorithm::EdDSA, Clock::system().now()).unwrap();
    let name = format!("keys/private/{}", key.kid);
    let log = Log::default();
    let (done, out) = init_with(&[(&name, key.private.expose_secret())], &accepting(&log)).await;
    done.unwrap();
    assert_eq!(*log.lock().unwrap(), [format!("table/{}", key.kid)]);
    assert!(out.starts_with("restored from its private key"), "{out}");
}

/// The SDK retries a request whose response was lost; the retry then finds the parameter of the first attempt.
#[tokio::test]
async fn a_retried_write_is_not_a_conflict() {
    let parameter = mock!(Client::put_parameter).then_error(|| {
        let error = ParameterAlreadyExists::builder().build();
        PutParameterError::ParameterAlreadyExists(error)
    });
    let public_key = mock!(aws_sdk_dynamodb::Client::update_item).then_error(|| {
        let error = ConditionalCheckFailedException::builder().build();
        UpdateItemError::ConditionalCheckFailedException(error)
    });
    let writes = Writes {
        parameters: vec![parameter],
        public_keys: vec![public_key],
    };
    let (done, out) = init_with(&[], &writes).await;
    done.unwrap();
    assert!(out.contains("created"), "{out}");
}

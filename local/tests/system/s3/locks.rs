use aws_sdk_s3::{
    Client,
    operation::put_object_retention::builders::PutObjectRetentionFluentBuilder,
    primitives::DateTime,
    types::{
        ObjectLockLegalHold, ObjectLockLegalHoldStatus, ObjectLockRetention,
        ObjectLockRetentionMode,
    },
};
use clock::Clock;
use local::{OPERATOR_KEY, function_key};

use super::{DOOR, FILES, PLAIN, code};
use crate::support::TestSystem;

fn in_hours(hours: i64) -> DateTime {
    DateTime::from_secs(Clock::system().now().unix_timestamp() + hours * 3600)
}

async fn put(s3: &Client) -> String {
    let put = s3.put_object().bucket(FILES).key("a").send().await;
    put.unwrap().version_id.unwrap()
}

fn retain(
    s3: &Client,
    mode: ObjectLockRetentionMode,
    hours: i64,
) -> PutObjectRetentionFluentBuilder {
    let retention = ObjectLockRetention::builder().mode(mode);
    let retention = retention.retain_until_date(in_hours(hours)).build();
    let put = s3.put_object_retention().bucket(FILES).key("a");
    put.retention(retention)
}

#[tokio::test]
async fn a_locked_version_cannot_be_deleted() {
    let system = TestSystem::start().await;
    let s3 = system.s3(OPERATOR_KEY);
    let version = put(&s3).await;
    let compliance = |hours| retain(&s3, ObjectLockRetentionMode::Compliance, hours).send();
    compliance(2).await.unwrap();
    let held = s3
        .get_object_retention()
        .bucket(FILES)
        .key("a")
        .send()
        .await;
    let held = held.unwrap().retention.unwrap();
    assert_eq!(held.mode(), Some(&ObjectLockRetentionMode::Compliance));

    let delete = |bypass| {
        let delete = s3.delete_object().bucket(FILES).key("a");
        delete
            .version_id(&version)
            .set_bypass_governance_retention(bypass)
            .send()
    };
    assert_eq!(code(&delete(None).await.unwrap_err()), "AccessDenied");
    assert_eq!(code(&delete(Some(true)).await.unwrap_err()), "AccessDenied");
    assert_eq!(code(&compliance(1).await.unwrap_err()), "AccessDenied");
    compliance(3).await.unwrap();
    assert_eq!(code(&compliance(-1).await.unwrap_err()), "InvalidArgument");

    // A delete marker can still hide it.
    let hidden = s3.delete_object().bucket(FILES).key("a").send().await;
    assert_eq!(hidden.unwrap().delete_marker(), Some(true));
    let got = s3.head_object().bucket(FILES).key("a").version_id(&version);
    assert!(
        got.send()
            .await
            .unwrap()
            .object_lock_retain_until_date()
            .is_some()
    );
}

#[tokio::test]
async fn a_bypass_deletes_a_governance_version() {
    let system = TestSystem::start().await;
    let s3 = system.s3(OPERATOR_KEY);
    let version = put(&s3).await;
    let governance = |hours| retain(&s3, ObjectLockRetentionMode::Governance, hours);
    governance(2).send().await.unwrap();
    let shorter = governance(1).send().await;
    assert_eq!(code(&shorter.unwrap_err()), "AccessDenied");
    let shorter = governance(1).bypass_governance_retention(true).send().await;
    shorter.unwrap();
    let delete = s3
        .delete_object()
        .bucket(FILES)
        .key("a")
        .version_id(version);
    let refused = delete.clone().send().await;
    assert_eq!(code(&refused.unwrap_err()), "AccessDenied");
    delete
        .bypass_governance_retention(true)
        .send()
        .await
        .unwrap();
}

#[tokio::test]
async fn an_empty_retention_removes_a_governance_lock() {
    let system = TestSystem::start().await;
    let s3 = system.s3(OPERATOR_KEY);
    let version = put(&s3).await;
    let lift = |bypass| {
        let put = s3.put_object_retention().bucket(FILES).key("a");
        put.set_bypass_governance_retention(bypass)
            .retention(ObjectLockRetention::builder().build())
            .send()
    };
    let held = async || {
        let get = s3.get_object_retention().bucket(FILES).key("a");
        get.version_id(&version).send().await
    };
    retain(&s3, ObjectLockRetentionMode::Governance, 2)
        .send()
        .await
        .unwrap();
    for bypass in [None, Some(false)] {
        assert_eq!(code(&lift(bypass).await.unwrap_err()), "AccessDenied");
    }
    assert!(held().await.is_ok());
    // Repeating it changes nothing.
    for _ in 0..2 {
        lift(Some(true)).await.unwrap();
        let none = held().await.unwrap_err();
        assert_eq!(code(&none), "NoSuchObjectLockConfiguration");
    }
    let delete = s3.delete_object().bucket(FILES).key("a");
    delete.version_id(&version).send().await.unwrap();
}

#[tokio::test]
async fn a_governance_lock_can_be_extended_and_made_stricter_but_not_reduced() {
    let system = TestSystem::start().await;
    let s3 = system.s3(OPERATOR_KEY);
    put(&s3).await;
    let (governance, compliance) = (
        ObjectLockRetentionMode::Governance,
        ObjectLockRetentionMode::Compliance,
    );
    for (mode, hours, refused) in [
        (&governance, 2, false),
        (&governance, 3, false),
        (&compliance, 2, true),
        (&compliance, 4, false),
        (&governance, 5, true),
    ] {
        let retained = retain(&s3, mode.clone(), hours).send().await;
        assert_eq!(retained.is_err(), refused, "{mode} {hours}");
    }
    let bypassed = retain(&s3, governance, 5).bypass_governance_retention(true);
    assert_eq!(code(&bypassed.send().await.unwrap_err()), "AccessDenied");
}

/// The permissions to lock and to delete do not include them.
#[tokio::test]
async fn bypassing_and_reading_a_lock_need_their_own_permissions() {
    let system = TestSystem::start().await;
    let echo = system.s3(&function_key("EchoFunction"));
    for (key, may_bypass) in [("mine/a", false), ("mine/lifted/a", true)] {
        let put = echo.put_object().bucket(DOOR).key(key).send().await;
        let version = put.unwrap().version_id.unwrap();
        let retention = ObjectLockRetention::builder()
            .mode(ObjectLockRetentionMode::Governance)
            .retain_until_date(in_hours(2))
            .build();
        let lock = echo.put_object_retention().bucket(DOOR).key(key);
        lock.retention(retention).send().await.unwrap();
        let read = echo.get_object_retention().bucket(DOOR).key(key);
        assert_eq!(read.send().await.is_ok(), may_bypass, "{key}");

        let delete = echo.delete_object().bucket(DOOR).key(key);
        let delete = delete.version_id(&version);
        let refused = delete.clone().send().await.unwrap_err();
        assert_eq!(code(&refused), "AccessDenied");
        let deleted = delete.bypass_governance_retention(true).send().await;
        let denial = deleted.err().map(|error| {
            let error = error.into_service_error();
            let message = error.meta().message().unwrap_or_default();
            message.contains("s3:BypassGovernanceRetention")
        });
        assert_eq!(denial, (!may_bypass).then_some(true), "{key}");
    }
}

#[tokio::test]
async fn the_operator_can_list_the_buckets() {
    let system = TestSystem::start().await;
    let listed = system.s3(OPERATOR_KEY).list_buckets().send().await.unwrap();
    let names: Vec<_> = listed
        .buckets()
        .iter()
        .filter_map(|one| one.name())
        .collect();
    assert_eq!(names, [FILES, PLAIN]);
    let echo = system.s3(&function_key("EchoFunction"));
    let refused = echo.list_buckets().send().await;
    assert_eq!(code(&refused.unwrap_err()), "AccessDenied");
}

#[tokio::test]
async fn a_legal_hold_applies_until_it_is_removed() {
    let system = TestSystem::start().await;
    let s3 = system.s3(OPERATOR_KEY);
    let version = put(&s3).await;
    let hold = |status| {
        let hold = ObjectLockLegalHold::builder().status(status).build();
        let put = s3.put_object_legal_hold().bucket(FILES).key("a");
        put.legal_hold(hold).send()
    };
    hold(ObjectLockLegalHoldStatus::On).await.unwrap();
    let delete = s3
        .delete_object()
        .bucket(FILES)
        .key("a")
        .version_id(version);
    let refused = delete.clone().send().await;
    assert_eq!(code(&refused.unwrap_err()), "AccessDenied");
    hold(ObjectLockLegalHoldStatus::Off).await.unwrap();
    delete.send().await.unwrap();
}

#[tokio::test]
async fn a_bucket_without_object_lock_refuses_locks() {
    let system = TestSystem::start().await;
    let s3 = system.s3(OPERATOR_KEY);
    s3.put_object().bucket(PLAIN).key("a").send().await.unwrap();
    let get = s3
        .get_object_retention()
        .bucket(PLAIN)
        .key("a")
        .send()
        .await;
    assert_eq!(code(&get.unwrap_err()), "InvalidRequest");
    put(&s3).await;
    let get = s3
        .get_object_retention()
        .bucket(FILES)
        .key("a")
        .send()
        .await;
    assert_eq!(code(&get.unwrap_err()), "NoSuchObjectLockConfiguration");
}

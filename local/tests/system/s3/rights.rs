use aws_sdk_s3::{
    primitives::ByteStream,
    types::{Delete, ObjectIdentifier},
};
use local::{OPERATOR_KEY, function_key};
use reqwest::Method;

use super::{DOOR, FILES, code, presigning};
use crate::support::TestSystem;

#[tokio::test]
async fn a_function_can_do_only_what_its_role_allows() {
    let system = TestSystem::start().await;
    let echo = system.s3(&function_key("EchoFunction"));
    let put = |bucket: &str, key: &str| {
        let put = echo.put_object().bucket(bucket).key(key);
        put.body(ByteStream::from_static(b"hello")).send()
    };
    put(DOOR, "mine/a/b").await.unwrap();
    let got = echo.get_object().bucket(DOOR).key("mine/a/b").send().await;
    got.unwrap();

    let error = put(DOOR, "others/a")
        .await
        .unwrap_err()
        .into_service_error();
    let message = error.meta().message().unwrap();
    assert_eq!(
        message,
        "User: arn:aws:sts::000000000000:assumed-role/shop-dev-EchoRole/\
         shop-dev-EchoFunction is not authorized to perform: s3:PutObject on resource: \
         arn:aws:s3:us-east-1:000000000000:accesspoint/shop-dev-door/object/others/a because \
         no identity-based policy allows the s3:PutObject action"
    );
    // The permission is for the access point, not for its bucket.
    assert_eq!(
        code(&put(FILES, "mine/a").await.unwrap_err()),
        "AccessDenied"
    );
    let delete = echo
        .delete_object()
        .bucket(DOOR)
        .key("mine/a/b")
        .send()
        .await;
    assert_eq!(code(&delete.unwrap_err()), "AccessDenied");
    // A deletion of several objects has an error for each.
    let object = ObjectIdentifier::builder().key("mine/a/b").build().unwrap();
    let objects = Delete::builder().objects(object).build().unwrap();
    let many = echo.delete_objects().bucket(DOOR).delete(objects).send();
    let many = many.await.unwrap();
    assert!(many.deleted().is_empty());
    assert_eq!(many.errors()[0].code(), Some("AccessDenied"));
    let list = echo.list_objects_v2().bucket(DOOR).send().await;
    assert_eq!(code(&list.unwrap_err()), "AccessDenied");
    let version = echo
        .get_object()
        .bucket(DOOR)
        .key("mine/a/b")
        .version_id("x");
    assert_eq!(code(&version.send().await.unwrap_err()), "AccessDenied");
    let copy = echo.copy_object().bucket(DOOR).key("mine/c");
    let copy = copy.copy_source(format!("{FILES}/mine/a/b"));
    assert_eq!(code(&copy.send().await.unwrap_err()), "AccessDenied");
}

#[tokio::test]
async fn a_missing_object_is_403_without_permission_to_list() {
    let system = TestSystem::start().await;
    for (key, expected) in [
        (function_key("EchoFunction"), 403),
        (OPERATOR_KEY.to_owned(), 404),
    ] {
        let head = system
            .s3(&key)
            .head_object()
            .bucket(DOOR)
            .key("mine/missing");
        let error = head.send().await.unwrap_err();
        assert_eq!(error.raw_response().unwrap().status().as_u16(), expected);
    }
}

#[tokio::test]
async fn a_presigned_url_has_the_permissions_of_its_signer() {
    let system = TestSystem::start().await;
    let echo = system.s3(&function_key("EchoFunction"));
    let put = echo.put_object().bucket(DOOR).key("others/a");
    let put = put.presigned(presigning()).await.unwrap();
    let refused = reqwest::Client::new().put(put.uri()).body("hello");
    assert_eq!(refused.send().await.unwrap().status(), 403);
}

#[tokio::test]
async fn an_unsigned_request_is_refused() {
    let system = TestSystem::start().await;
    for path in [
        format!("/{FILES}/a"),
        "/elsewhere/a".to_owned(),
        "/".to_owned(),
    ] {
        let get = system.s3_request(Method::GET, &path).send().await.unwrap();
        assert_eq!(get.status(), 403, "{path}");
    }
}

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_s3::primitives::ByteStream;
use local::{DevError, OPERATOR_KEY, Seed, System};

use crate::support::{dynamodb, options, s3, ssm};

#[tokio::test]
async fn data_survives_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let mut options = options(dir.path(), false);
    let system = System::start(&options).await.unwrap();
    let id = || AttributeValue::S("1".to_owned());
    dynamodb(system.endpoints(), OPERATOR_KEY)
        .put_item()
        .table_name("shop-dev-Allowed")
        .item("id", id())
        .send()
        .await
        .unwrap();
    let s3 = |system: &System| s3(system.endpoints(), OPERATOR_KEY);
    let files = "shop-dev-files";
    let put = s3(&system).put_object().bucket(files).key("a/b");
    let version = put.body(ByteStream::from_static(b"hello")).send().await;
    let version = version.unwrap().version_id.unwrap();
    let upload = s3(&system).create_multipart_upload().bucket(files).key("c");
    let upload = upload.send().await.unwrap().upload_id.unwrap();
    let part = s3(&system)
        .upload_part()
        .bucket(files)
        .key("c")
        .upload_id(&upload);
    let part = part.part_number(7).body(ByteStream::from_static(b"part"));
    part.send().await.unwrap();
    system.stop().await;

    options.seed = Some(Seed {
        unless_under: "/shop/dev/keys/private".to_owned(),
        make: Box::new(|| panic!("the parameters exist")),
    });
    let system = System::start(&options).await.unwrap();
    let got = dynamodb(system.endpoints(), OPERATOR_KEY)
        .get_item()
        .table_name("shop-dev-Allowed")
        .key("id", id())
        .send()
        .await
        .unwrap();
    assert!(got.item.is_some());
    let secret = ssm(system.endpoints(), OPERATOR_KEY)
        .get_parameter()
        .name("/shop/dev/keys/private/a")
        .with_decryption(true)
        .send()
        .await
        .unwrap();
    assert_eq!(secret.parameter().unwrap().value(), Some("secret"));
    let got = s3(&system)
        .get_object()
        .bucket(files)
        .key("a/b")
        .send()
        .await;
    let got = got.unwrap();
    assert_eq!(got.version_id(), Some(version.as_str()));
    assert_eq!(got.body.collect().await.unwrap().to_vec(), b"hello");
    let parts = s3(&system)
        .list_parts()
        .bucket(files)
        .key("c")
        .upload_id(&upload);
    let parts = parts.send().await.unwrap();
    assert_eq!(parts.parts()[0].part_number(), Some(7));
    assert_eq!(parts.parts()[0].size(), Some(4));
    system.stop().await;
}

#[tokio::test]
async fn an_ephemeral_system_leaves_no_data() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path().join("data");
    let system = System::start(&options(&data, true)).await.unwrap();
    assert!(data.join("endpoints.json").exists());
    system.stop().await;
    assert!(!data.exists());
}

#[tokio::test]
async fn a_start_error_names_its_cause() {
    let dir = tempfile::tempdir().unwrap();
    let start = async |change: fn(&mut local::DevOptions)| {
        let mut options = options(dir.path(), true);
        change(&mut options);
        match System::start(&options).await {
            Ok(_) => panic!("it starts"),
            Err(error) => error,
        }
    };
    let error = start(|options| {
        options
            .parameters
            .insert("Colour".to_owned(), "red".to_owned());
    });
    let error = error.await.to_string();
    let expected = "the template has no parameter `Colour`; it has Color, Env, Issuer";
    assert!(error.ends_with(expected), "{error}");

    let error = start(|options| {
        options
            .parameters
            .insert("Env".to_owned(), "staging".to_owned());
    });
    let error = error.await.to_string();
    assert!(
        error.ends_with("parameter `Env`: `staging` is not one of dev, qa, prod"),
        "{error}"
    );

    let error = start(|options| options.template = "/nowhere/template.yaml".into()).await;
    assert!(matches!(error, DevError::NoTemplate { .. }));

    let error = start(|options| options.bootstraps = Some("/nowhere".into())).await;
    assert!(
        error.to_string().contains("/nowhere/broken/bootstrap"),
        "{error}"
    );

    let _first = System::start(&options(dir.path(), true)).await.unwrap();
    let error = start(|_| {}).await;
    assert!(matches!(error, DevError::DataDir(_)), "{error}");
}

use aws_sdk_ssm::{
    error::ProvideErrorMetadata,
    types::{ParameterStringFilter, ParameterType},
};
use local::{OPERATOR_KEY, function_key};

use crate::support::TestSystem;

#[tokio::test]
async fn a_path_is_read_page_by_page() {
    let system = TestSystem::start().await;
    let operator = system.ssm(OPERATOR_KEY);
    for index in 0..25 {
        let put = operator
            .put_parameter()
            .name(format!("/pages/{}/{index}", index % 2));
        put.value("v")
            .r#type(ParameterType::SecureString)
            .send()
            .await
            .unwrap();
    }
    let pages = operator
        .get_parameters_by_path()
        .path("/pages")
        .recursive(true)
        .with_decryption(true)
        .into_paginator()
        .send()
        .collect::<Result<Vec<_>, _>>()
        .await
        .unwrap();
    let sizes: Vec<_> = pages.iter().map(|page| page.parameters().len()).collect();
    assert_eq!(sizes, [10, 10, 5]);
    assert_eq!(pages[0].parameters()[0].value(), Some("v"));
}

#[tokio::test]
async fn a_parameter_is_overwritten_only_on_request() {
    let system = TestSystem::start().await;
    let operator = system.ssm(OPERATOR_KEY);
    let put = || {
        let put = operator.put_parameter().name("/a/b").value("v");
        put.r#type(ParameterType::SecureString)
    };
    assert_eq!(put().send().await.unwrap().version(), 1);
    let error = put().send().await.unwrap_err().into_service_error();
    assert!(error.is_parameter_already_exists(), "{error:?}");
    assert_eq!(put().overwrite(true).send().await.unwrap().version(), 2);

    operator
        .delete_parameter()
        .name("/a/b")
        .send()
        .await
        .unwrap();
    let error = operator
        .get_parameter()
        .name("/a/b")
        .send()
        .await
        .unwrap_err();
    assert!(error.into_service_error().is_parameter_not_found());
}

#[tokio::test]
async fn parameters_are_listed_without_values() {
    let system = TestSystem::start().await;
    let path = ParameterStringFilter::builder()
        .key("Path")
        .option("Recursive")
        .values("/shop/dev");
    let listed = system
        .ssm(OPERATOR_KEY)
        .describe_parameters()
        .parameter_filters(path.build().unwrap())
        .send()
        .await
        .unwrap();
    let [private, public] = listed.parameters() else {
        panic!("two parameters: {listed:?}")
    };
    assert_eq!(private.name(), Some("/shop/dev/keys/private/a"));
    assert_eq!(public.name(), Some("/shop/dev/public/a"));
    assert_eq!(private.r#type(), Some(&ParameterType::SecureString));
    assert!(private.last_modified_date().is_some());
}

#[tokio::test]
async fn a_function_can_read_only_its_own_path() {
    let system = TestSystem::start().await;
    let echo = system.ssm(&function_key("EchoFunction"));
    let read = |path: &str| echo.get_parameters_by_path().path(path).send();
    assert_eq!(
        read("/shop/dev/public").await.unwrap().parameters().len(),
        1
    );
    for path in ["/shop/dev", "/shop/dev/keys/private", "/shop/dev/public/"] {
        let error = read(path).await.unwrap_err().into_service_error();
        assert_eq!(error.code(), Some("AccessDeniedException"), "{path}");
    }
    let get = echo.get_parameter().name("/shop/dev/public/a").send().await;
    let error = get.unwrap_err().into_service_error();
    assert_eq!(error.code(), Some("AccessDeniedException"));
}

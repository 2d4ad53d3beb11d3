use aws_sdk_dynamodb::{
    error::ProvideErrorMetadata,
    types::{AttributeValue, Put, TransactWriteItem},
};
use local::{OPERATOR_KEY, function_key};

use crate::support::TestSystem;

fn id() -> AttributeValue {
    AttributeValue::S("1".to_owned())
}

#[tokio::test]
async fn a_function_can_do_only_what_its_role_allows() {
    let system = TestSystem::start().await;
    let echo = system.dynamodb(&function_key("EchoFunction"));
    let put = echo
        .put_item()
        .table_name("shop-dev-Allowed")
        .item("id", id());
    put.send().await.unwrap();
    let got = echo
        .get_item()
        .table_name("shop-dev-Allowed")
        .key("id", id());
    assert!(got.send().await.unwrap().item.is_some());

    let scan = echo.scan().table_name("shop-dev-Allowed").send().await;
    let error = scan.unwrap_err().into_service_error();
    assert_eq!(error.code(), Some("AccessDeniedException"));
    assert_eq!(
        error.message().unwrap(),
        "User: arn:aws:sts::000000000000:assumed-role/shop-dev-EchoRole/\
         shop-dev-EchoFunction is not authorized to perform: dynamodb:Scan on resource: \
         arn:aws:dynamodb:us-east-1:000000000000:table/shop-dev-Allowed because no \
         identity-based policy allows the dynamodb:Scan action"
    );
}

#[tokio::test]
async fn a_transaction_needs_permission_for_each_of_its_parts() {
    let system = TestSystem::start().await;
    let echo = system.dynamodb(&function_key("EchoFunction"));
    let put = |table: &str| {
        let put = Put::builder().table_name(table).item("id", id()).build();
        TransactWriteItem::builder().put(put.unwrap()).build()
    };
    let allowed = echo.transact_write_items();
    allowed
        .transact_items(put("shop-dev-Allowed"))
        .send()
        .await
        .unwrap();
    let forbidden = echo
        .transact_write_items()
        .transact_items(put("shop-dev-Allowed"))
        .transact_items(put("shop-dev-Forbidden"));
    let error = forbidden.send().await.unwrap_err().into_service_error();
    assert_eq!(error.code(), Some("AccessDeniedException"));
}

#[tokio::test]
async fn the_operator_can_do_everything_and_an_unknown_caller_nothing() {
    let system = TestSystem::start().await;
    let operator = system.dynamodb(OPERATOR_KEY);
    let tables = operator.list_tables().send().await.unwrap();
    assert_eq!(
        tables.table_names(),
        ["shop-dev-Allowed", "shop-dev-Forbidden"]
    );
    let ttl = operator
        .describe_time_to_live()
        .table_name("shop-dev-Allowed");
    let ttl = ttl.send().await.unwrap().time_to_live_description.unwrap();
    assert_eq!(ttl.attribute_name(), Some("expires_at"));

    let stranger = system.dynamodb("AKIAIOSFODNN7EXAMPLE");
    let error = stranger
        .list_tables()
        .send()
        .await
        .unwrap_err()
        .into_service_error();
    assert_eq!(error.code(), Some("UnrecognizedClientException"));
}

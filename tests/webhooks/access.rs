use reqwest::header::CONTENT_TYPE;

use super::create;
use crate::support::{Receiver, Response, TestApp, routes::operations};

#[tokio::test]
async fn every_route_requires_the_admin_role() {
    let app = TestApp::start();
    let admin = app.admin("admin@example.com").await;
    let ada = app.new_user("ada@example.com").await;
    // The events of the sign-ups go to no endpoint.
    app.settled().await;
    let receiver = Receiver::start().await;
    let (endpoint, _) = create(&admin, &receiver.url).await;
    let mut found = operations();
    found.retain(|operation| operation.path.starts_with("/webhooks"));
    assert_eq!(found.len(), 9, "{found:?}");
    for operation in found {
        for id in [endpoint.as_str(), "no-id"] {
            let path = operation.path_with(|_, _| id.to_owned());
            // Access is checked before the body.
            for body in ["{\"enabled\": false}", "{"] {
                let send = |request: reqwest::RequestBuilder| {
                    let typed = request.header(CONTENT_TYPE, "application/json");
                    Response::to(typed.body(body))
                };
                let method = || operation.method.clone();
                let anonymous = send(app.request(method(), &path)).await;
                assert_eq!(anonymous.problem(), "unauthorized", "{operation}");
                let user = send(ada.request(method(), &path)).await;
                assert_eq!(user.status, 403, "{operation}");
                assert_eq!(user.problem(), "forbidden", "{operation}");
            }
        }
    }
    let path = format!("/webhooks/{endpoint}");
    let untouched = admin.get(&path).await.expect(200).json();
    assert_eq!(untouched["endpoint"]["enabled"], true);
    assert!(receiver.received().is_empty());
}

use serde_json::json;

use crate::support::TestApp;

#[tokio::test]
async fn the_public_keys_are_where_the_discovery_document_says() {
    let app = TestApp::start();
    let discovery = app
        .get("/.well-known/openid-configuration")
        .await
        .expect(200);
    assert_eq!(
        discovery.header("cache-control"),
        Some("public, max-age=300")
    );
    let discovery = discovery.json();
    assert_eq!(discovery["issuer"], json!(app.endpoint("api")));
    let jwks_uri = discovery["jwks_uri"].as_str().unwrap();
    let jwks = app
        .get(jwks_uri.strip_prefix(app.endpoint("api")).unwrap())
        .await
        .expect(200)
        .json();
    let key = &jwks["keys"][0];
    assert_eq!(
        (&key["kty"], &key["alg"], &key["use"]),
        (&json!("EC"), &json!("ES256"), &json!("sig"))
    );
    assert!(key.get("d").is_none(), "only the public half");
}

#[tokio::test]
async fn paths_and_methods_that_are_not_there_are_told_apart() {
    let app = TestApp::start();
    for path in ["/nope", "/nope/", "/signup/", "/users/a/b", "/.well-known/"] {
        assert_eq!(
            app.get(path).await.expect(404).problem(),
            "not_found",
            "{path}"
        );
    }
    for (path, allow) in [
        ("/signup", "POST"),
        ("/signin", "POST"),
        ("/users/me/password", "PUT"),
    ] {
        let answer = app.get(path).await;
        assert_eq!(answer.status, 405, "{path}");
        assert_eq!(answer.problem(), "method_not_allowed");
        assert_eq!(answer.header("allow"), Some(allow));
    }
    let answer = app.post("/users/me", &json!({})).await.expect(405);
    assert_eq!(answer.header("allow"), Some("DELETE, GET, PATCH"));
}

use std::collections::BTreeSet;

use serde_json::json;

use crate::support::{Response, TestApp, routes::operations};

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
    assert!(key.get("d").is_none(), "the private key is published");
}

#[tokio::test]
async fn an_unknown_path_is_a_404_and_an_unsupported_method_a_405() {
    let app = TestApp::start();
    for path in ["/nope", "/nope/", "/signup/", "/users/a/b", "/.well-known/"] {
        assert_eq!(
            app.get(path).await.expect(404).problem(),
            "not_found",
            "{path}"
        );
    }
    let response = app.post("/users/me", &json!({})).await.expect(405);
    assert_eq!(response.header("allow"), Some("DELETE, GET, PATCH"));
}

/// Tells whether a path matches a route. A parameter matches any segment.
fn matches_route(path: &str, route: &str) -> bool {
    let (path, route) = (path.split('/'), route.split('/'));
    path.clone().count() == route.clone().count()
        && path
            .zip(route)
            .all(|(segment, of)| segment == of || of.starts_with('{'))
}

#[tokio::test]
async fn every_path_refuses_methods_without_a_route() {
    let app = TestApp::start();
    let all = operations();
    let paths: BTreeSet<_> = all
        .iter()
        .map(|operation| operation.path_with(|_, _| "x".to_owned()))
        .collect();
    for path in paths {
        let matching = all
            .iter()
            .filter(|operation| matches_route(&path, &operation.path));
        let methods = |of: &str| -> BTreeSet<_> {
            let of_path = all.iter().filter(|operation| operation.path == of);
            of_path
                .map(|operation| operation.method.to_string())
                .collect()
        };
        // Methods of other paths that match lead to a function, which answers 404.
        let own: BTreeSet<_> = matching
            .clone()
            .map(|operation| operation.method.to_string())
            .collect();
        let most_specific = matching.min_by_key(|operation| operation.path.matches('{').count());
        let allow: Vec<_> = methods(&most_specific.unwrap().path).into_iter().collect();
        let allow = allow.join(", ");
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE"] {
            if own.contains(method) {
                continue;
            }
            let request = app.request(method.parse().unwrap(), &path);
            let response = Response::to(request).await;
            assert_eq!(response.status, 405, "{method} {path}");
            assert_eq!(response.problem(), "method_not_allowed", "{method} {path}");
            assert_eq!(response.header("allow"), Some(allow.as_str()), "{path}");
        }
    }
}

//! `/metrics`: the metrics of the functions in Prometheus' text format. `ci/check_metrics.py` reads it with the parser of
//! Prometheus' own client.

use crate::support::{PASSWORD, TestApp, eventually};

/// Returns the value of a sample.
async fn sample(app: &TestApp, name: &str) -> Option<f64> {
    let page = app.get("/metrics").await.expect(200);
    let text = String::from_utf8(page.body).unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(name));
    line.map(|value| value.trim().parse().unwrap())
}

#[tokio::test]
async fn metrics_are_the_sums_of_the_lines_of_the_functions() {
    let app = TestApp::start();
    assert_eq!(app.get("/metrics").await.expect(200).body, b"");
    let ada = app.new_user("ada@example.com").await;
    for password in [PASSWORD, "a wrong password", "another one"] {
        app.sign_in("ada@example.com", password).await;
    }
    let me = ada.get("/users/me").await.expect(200);
    let line = app.line_of(&me).await;
    for (sample_name, expected) in [
        (r#"cloakroom_sign_ins_sum{function="signin"}"#, 2.0),
        (r#"cloakroom_sign_ins_refused_sum{function="signin"}"#, 2.0),
        (r#"cloakroom_sign_ups_sum{function="signup"}"#, 1.0),
        (r#"cloakroom_latency_count{function="signin"}"#, 4.0),
        (r#"cloakroom_cold_starts_sum{function="users"}"#, 1.0),
    ] {
        eventually(async || sample(&app, sample_name).await == Some(expected)).await;
    }
    let of_users = r#"cloakroom_read_units_sum{function="users"}"#;
    assert_eq!(sample(&app, of_users).await, line["ReadUnits"].as_f64());
}

#[tokio::test]
async fn pages_of_other_origins_cannot_read_the_metrics() {
    let app = TestApp::start();
    let request = app.request(reqwest::Method::GET, "/metrics");
    let request = request.header("origin", "https://evil.example");
    let response = crate::support::Response::to(request).await.expect(200);
    assert_eq!(response.header("access-control-allow-origin"), None);
    assert_eq!(
        response.header("cross-origin-resource-policy"),
        Some("same-origin")
    );
    assert_eq!(
        response.header("content-type"),
        Some("text/plain; version=0.0.4; charset=utf-8")
    );
}

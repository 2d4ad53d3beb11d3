//! Broken object level authorisation (OWASP API1:2023): everybody tries what belongs to everybody else, on every route.

use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{PASSWORD, Response, SignedIn, TestApp};

const PEOPLE: usize = 20;

/// Every route that names something that belongs to somebody, and a body that its owner could send.
fn owned() -> Vec<Route> {
    let mut routes: Vec<Route> = of_the_client()
        .into_iter()
        .map(|(method, path, body)| (method, path.to_owned(), body))
        .collect();
    for base in ["/s3", "/s3/g/{grant}", "/s3/g/{grant}/s3"] {
        for (method, path, body) in of_the_widget() {
            routes.push((method, format!("{base}{path}"), body));
        }
    }
    routes
}

type Route = (Method, String, Value);

fn of_the_widget() -> [(Method, &'static str, Value); 4] {
    let parts = json!({"parts": [{"PartNumber": 1, "ETag": "\"0\""}]});
    [
        (Method::GET, "/multipart/{uploadId}", json!(null)),
        (Method::DELETE, "/multipart/{uploadId}", json!(null)),
        (Method::GET, "/multipart/{uploadId}/{part}", json!(null)),
        (Method::POST, "/multipart/{uploadId}/complete", parts),
    ]
}

fn of_the_client() -> Vec<(Method, &'static str, Value)> {
    let until = json!({"until": "2090-01-01T00:00:00Z", "password": PASSWORD});
    let parts = json!({"parts": [{"partNumber": 1, "etag": "\"0\""}]});
    vec![
        (Method::GET, "/uploads/{id}", json!(null)),
        (Method::DELETE, "/uploads/{id}", json!(null)),
        (Method::GET, "/uploads/{id}/parts", json!(null)),
        (
            Method::POST,
            "/uploads/{id}/parts",
            json!({"partNumbers": [1]}),
        ),
        (Method::POST, "/uploads/{id}/complete", parts),
        (Method::GET, "/uploads/{id}/versions", json!(null)),
        (
            Method::POST,
            "/uploads/{id}/restore",
            json!({"versionId": "x"}),
        ),
        (Method::PUT, "/uploads/{id}/lock", until),
        (Method::GET, "/uploads/{id}/grants", json!(null)),
        (Method::PUT, "/uploads/{id}/grants/{grantee}", json!(null)),
        (
            Method::DELETE,
            "/uploads/{id}/grants/{grantee}",
            json!(null),
        ),
    ]
}

/// Routes that name something that everybody may see, that only an admin may use (`tests/admin`), or nothing but a grant.
fn is_nobodys(path: &str) -> bool {
    let no_file = path.starts_with("/s3/g/") && !path.contains("{uploadId}");
    no_file || path == "/users/{id}" || path.starts_with("/admin/")
}

#[test]
fn every_route_that_names_something_is_tried() {
    let document: Value = serde_json::from_str(include_str!("../docs/openapi.json")).unwrap();
    let mut routes = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        if path.contains('{') && !is_nobodys(path) {
            let methods = methods.as_object().unwrap().keys();
            routes.extend(methods.map(|method| format!("{} {path}", method.to_uppercase())));
        }
    }
    let mut tried: Vec<_> = owned()
        .iter()
        .map(|(method, path, _)| format!("{method} {path}"))
        .collect();
    routes.sort_unstable();
    tried.sort_unstable();
    assert_eq!(tried, routes);
}

/// What somebody has: an upload by its id and by the widget's names, and a grant to upload.
struct Owned {
    id: String,
    key: String,
    s3_id: String,
    grant: String,
}

async fn bring(owner: &SignedIn<'_>) -> Owned {
    let body = json!({"filename": "film.mp4", "type": "video/mp4"});
    let begun = owner.post("/s3/multipart", &body).await.expect(200).json();
    let text = |name: &str| begun[name].as_str().unwrap().to_owned();
    let (key, s3_id) = (text("key"), text("uploadId"));
    let (_, id) = key.split_once('/').unwrap();
    let grant = owner.post("/s3/grants", &json!({})).await.expect(201);
    let endpoint = grant.json()["companionEndpoint"].clone();
    let (_, grant) = endpoint.as_str().unwrap().rsplit_once('/').unwrap();
    Owned {
        id: id.to_owned(),
        key: key.clone(),
        s3_id,
        grant: grant.to_owned(),
    }
}

/// A request of somebody with this token and grant, about something that may be another's.
fn ask(
    (who, own): (&SignedIn<'_>, &Owned),
    of: &Owned,
    (method, path, body): &Route,
) -> RequestBuilder {
    let mut path = path
        .replace("{id}", &of.id)
        .replace("{uploadId}", &of.s3_id)
        .replace("{part}", "1")
        .replace("{grantee}", "everyone")
        .replace("{grant}", &own.grant);
    if path.starts_with("/s3/") {
        path = format!("{path}?key={}", of.key);
    }
    who.request(method.clone(), &path).json(body)
}

#[tokio::test]
async fn what_is_somebody_else_s_is_not_there() {
    let app = TestApp::start_with(&["MaxLockDays=36525"]);
    let mut people = Vec::new();
    for number in 0..PEOPLE {
        let person = app.new_user(&format!("{number}@example.com")).await;
        let owned = bring(&person).await;
        people.push((person, owned));
    }
    let routes = owned();
    let mut nothing = None;
    // Everybody tries the next one's.
    for (at, (who, own)) in people.iter().enumerate() {
        let (_, of) = &people[(at + 1) % PEOPLE];
        for route in &routes {
            let answer = Response::to(ask((who, own), of, route)).await;
            let what = format!("{} {}", route.0, route.1);
            assert_eq!(answer.status, 404, "{what}");
            assert_eq!(answer.problem(), "not_found", "{what}");
            let detail = answer.json()["detail"].clone();
            assert_eq!(nothing.get_or_insert(detail.clone()), &detail, "{what}");
        }
    }
    // The owner does find it, unharmed.
    let listed = (
        Method::GET,
        "/s3/multipart/{uploadId}".to_owned(),
        json!(null),
    );
    for (who, own) in &people {
        let upload = who.get(&format!("/uploads/{}", own.id)).await.expect(200);
        assert_eq!(upload.json()["upload"]["status"], "pending");
        let found = Response::to(ask((who, own), own, &listed)).await;
        found.expect(200);
    }
}

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::{Value, json};

use crate::support::{PASSWORD, SignedIn, TestApp};

/// The folders of earlier versions, as `ci/data_fixture.py` makes them.
fn fixtures() -> Vec<PathBuf> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/data");
    let entries = fs::read_dir(folder).unwrap();
    let folders = entries.map(|entry| entry.unwrap().path());
    folders.filter(|path| path.is_dir()).collect()
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        let target = to.join(path.file_name().unwrap());
        if path.is_dir() {
            copy(&path, &target);
        } else {
            fs::copy(path, target).unwrap();
        }
    }
}

async fn download(user: &SignedIn<'_>, id: &str) -> String {
    let shown = user.get(&format!("/uploads/{id}")).await.expect(200).json();
    let url = shown["download"]["url"].as_str().unwrap();
    reqwest::get(url).await.unwrap().text().await.unwrap()
}

/// Lists the caller's uploads as file names and ids.
async fn uploads(user: &SignedIn<'_>) -> Vec<(String, String)> {
    let page = user.get("/uploads").await.expect(200).json();
    let items = page["items"].as_array().unwrap().iter();
    let text = |item: &Value, name: &str| item[name].as_str().unwrap().to_owned();
    items
        .map(|item| (text(item, "filename"), text(item, "id")))
        .collect()
}

/// Signs in with an account of the folder, and uses what it holds.
async fn check(app: &TestApp) {
    let ada = SignedIn::new(app, app.sign_in("ada@example.com", PASSWORD).await);
    let bob = SignedIn::new(app, app.sign_in("bob@example.com", PASSWORD).await);
    let of_ada = uploads(&ada).await;
    let names: Vec<_> = of_ada.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["plan.txt", "notes.txt"]);
    let notes = &of_ada[1].1;
    assert_eq!(download(&ada, notes).await, "notes of 1843");
    // By the grants of the folder.
    assert_eq!(download(&bob, notes).await, "notes of 1843");
    let of_bob = uploads(&bob).await;
    assert_eq!(of_bob.len(), 1, "a deleted file is not listed: {of_bob:?}");
    assert_eq!(download(&ada, &of_bob[0].1).await, "bob's file");
    let grants = ada.get(&format!("/uploads/{notes}/grants")).await;
    let grants = grants.expect(200).json();
    assert_eq!(grants["items"].as_array().unwrap().len(), 1, "{grants}");
    // In the list of a later version: the grant to a user, and not the one to all users.
    let shared = bob.get("/uploads?shared=with-me").await.expect(200).json();
    assert_eq!(shared["items"].as_array().unwrap().len(), 1, "{shared}");
    app.new_user("new@example.com").await;
}

#[tokio::test]
async fn data_of_earlier_versions_can_be_used() {
    let fixtures = fixtures();
    assert!(fixtures.len() >= 2, "{fixtures:?}");
    for fixture in fixtures {
        let dir = tempfile::tempdir().unwrap();
        copy(&fixture, dir.path());
        // The second start finds what the first one has changed.
        for _ in 0..2 {
            let mut app = TestApp::start_in(dir.path(), &[]);
            if app.sign_in("new@example.com", PASSWORD).await.status == 401 {
                check(&app).await;
            }
            SignedIn::new(&app, app.sign_in("new@example.com", PASSWORD).await);
            assert!(app.stop_with("TERM").success());
        }
    }
}

/// The sessions table of the folder has other keys, so its items are saved in a file and users sign in again.
#[tokio::test]
async fn sessions_of_other_keys_are_saved_and_reported() {
    let dir = tempfile::tempdir().unwrap();
    let fixture = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/fixtures/data/adr-38");
    copy(Path::new(fixture), dir.path());
    let app = TestApp::start_in(dir.path(), &[]);
    let file = fs::canonicalize(dir.path())
        .unwrap()
        .join("replaced-tables/cloakroom-dev-SessionsTable.jsonl");
    let log = app.complete_log().await;
    let text = format!(
        "warning: cloakroom-dev-SessionsTable has other keys than in the template. As in a stack, an empty table replaces it: \
         users sign in again. Its items (3) are in {}",
        file.display()
    );
    assert!(log.contains(&text), "{log}");
    let saved = fs::read_to_string(file).unwrap();
    let items: Vec<Value> = saved
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    assert_eq!(items.len(), 3);
    assert!(
        items.iter().all(|item| item["user_id"]["S"].is_string()),
        "{items:?}"
    );
    let table = json!({"TableName": "cloakroom-dev-SessionsTable"});
    let target = "DynamoDB_20120810.Scan";
    let scan = app.call_engine("dynamodb", "local", target, &table).await;
    assert_eq!(scan.expect(200).json()["Count"], 0);
}

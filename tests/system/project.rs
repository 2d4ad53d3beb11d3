//! `cloakroom` without a checkout: in an empty folder, and in a project that `cloakroom new` wrote.

use std::{fs, path::Path, process::Command};

use super::{run_to_end, start_error};
use crate::support::{PASSWORD, TestApp, cloakroom, cloakroom_dev};

/// The files of a project that a command without functions writes, except those of the page.
const FILES: [&str; 5] = [
    ".gitignore",
    "README.md",
    "samconfig.toml",
    "template.yaml",
    "web",
];

fn names(folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    let name = |entry: fs::DirEntry| entry.file_name().into_string().unwrap();
    let mut names: Vec<_> = entries.map(|entry| name(entry.unwrap())).collect();
    names.sort();
    names
}

fn new(folder: &Path) -> Command {
    let mut command = cloakroom(["new"]);
    command.arg(folder);
    command
}

#[tokio::test]
async fn an_empty_folder_runs_the_built_in_template_and_page() {
    let home = tempfile::tempdir().unwrap();
    let data = home.path().join("data");
    let mut command = cloakroom_dev(&data);
    let mut app = TestApp::start_command(command.current_dir(home.path()), &data);
    app.new_user("ada@example.com").await;
    let page = app.get("/").await.expect(200).body;
    let original = concat!(env!("CARGO_MANIFEST_DIR"), "/../web/index.html");
    assert_eq!(page, fs::read(original).unwrap());
    app.get("/docs/").await.expect(200);
    app.log_with(&["cloakroom new FOLDER"]).await;
    app.stop_with("TERM");
    // Nothing but the data, and the next start finds it.
    assert_eq!(names(home.path()), ["data"]);
    let mut command = cloakroom_dev(&data);
    let app = TestApp::start_command(command.current_dir(home.path()), &data);
    app.sign_in("ada@example.com", PASSWORD).await.expect(200);
}

#[tokio::test]
async fn an_ephemeral_system_in_an_empty_folder_leaves_nothing() {
    let (home, temporary) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let data = home.path().join("data");
    let mut command = cloakroom_dev(&data);
    command
        .arg("--ephemeral")
        .env("TMPDIR", temporary.path())
        .current_dir(home.path());
    let mut app = TestApp::start_command(&mut command, &data);
    app.get("/").await.expect(200);
    assert_eq!(names(temporary.path()).len(), 1);
    app.stop_with("TERM");
    assert_eq!(names(temporary.path()), Vec::<String>::new());
}

#[test]
fn a_template_that_is_named_must_exist() {
    let (home, data) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut command = cloakroom_dev(data.path());
    command.args(["--template", "template.yaml"]);
    let error = start_error(command.current_dir(home.path()));
    let folder = home.path().canonicalize().unwrap();
    assert_eq!(
        error,
        format!(
            "there is no template.yaml in {} or a folder above it. It defines what the system runs. Go to the folder of the \
             project and try again, or pass its template with --template FILE",
            folder.display()
        )
    );
    assert_eq!(names(home.path()), Vec::<String>::new());
}

#[tokio::test]
async fn a_new_project_runs() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("deep/app");
    let output = run_to_end(&mut new(&folder));
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{text}");
    assert_eq!(names(&folder), FILES);
    assert!(
        text.contains(&format!("cd {}\n  cloakroom dev\n", folder.display())),
        "{text}"
    );

    // In a folder of the project: it is found above.
    let inside = folder.join("src");
    fs::create_dir(&inside).unwrap();
    let data = home.path().join("data");
    let mut command = cloakroom_dev(&data);
    let app = TestApp::start_command(command.current_dir(&inside), &data);
    app.new_user("ada@example.com").await;
    // The page is the project's own: a change is there at once.
    fs::write(
        folder.join("web/index.html"),
        "<!doctype html><title>My app</title>",
    )
    .unwrap();
    let page = app.get("/").await.expect(200).body;
    assert_eq!(page, b"<!doctype html><title>My app</title>");
}

#[test]
fn a_new_project_changes_no_file() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path();
    fs::write(folder.join("README.md"), "mine").unwrap();
    fs::write(folder.join("notes.txt"), "mine").unwrap();
    let error = start_error(&mut new(folder));
    let expected = format!(
        "{} already has README.md with other contents. Choose another folder, or remove what is there",
        folder.display()
    );
    assert_eq!(error, expected);
    assert_eq!(names(folder), ["README.md", "notes.txt"]);
    fs::remove_file(folder.join("README.md")).unwrap();
    assert!(run_to_end(&mut new(folder)).status.success());
    // An interrupted command can run again: it writes what is missing.
    fs::remove_file(folder.join("samconfig.toml")).unwrap();
    assert!(run_to_end(&mut new(folder)).status.success());
    assert!(folder.join("samconfig.toml").exists());
    assert_eq!(
        fs::read_to_string(folder.join("notes.txt")).unwrap(),
        "mine"
    );
}

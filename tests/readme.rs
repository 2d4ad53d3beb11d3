//! The README: its tour runs, and its tables are complete.

use std::{
    collections::{BTreeMap, BTreeSet},
    process::Command,
};

use sam_template::Template;

use crate::support::{TestApp, cloakroom};

const README: &str = include_str!("../README.md");

/// Returns the shell block after a marker.
fn block(marker: &str) -> &'static str {
    let (_, after) = README.split_once(marker).unwrap();
    let (_, after) = after.split_once("```sh\n").unwrap();
    after.split_once("```").unwrap().0
}

/// Runs a tour on a local system, and returns what it prints.
fn run(app: &TestApp, marker: &str) -> String {
    let operator = cloakroom([]);
    let tour = block(marker)
        .replace("http://127.0.0.1:3000", app.endpoint("api"))
        .replace("cargo run --", &operator.get_program().to_string_lossy())
        .replace("--local", &format!("--local={}", app.data_dir().display()));
    let ran = Command::new("bash")
        .args(["-euo", "pipefail", "-c", &tour])
        .output()
        .unwrap();
    let output = String::from_utf8(ran.stdout).unwrap();
    let errors = String::from_utf8_lossy(&ran.stderr);
    assert!(ran.status.success(), "{output}\n{errors}");
    output
}

#[tokio::test]
async fn the_tour_runs_as_written() {
    let app = TestApp::start();
    // The tour deletes what it creates, so it can be repeated.
    for _ in 0..2 {
        let output = run(&app, "<!-- tour:");
        for expected in [
            "\"email\":\"ada@example.com\"",
            "{\"items\":[],\"next\":null}",
            "\"code\":\"session_ended\"",
            "\"city\":\"London\",\"age\":36",
            "\"status\":\"stored\"",
            "\"download\":{\"url\":\"http",
            "\"pointer\":\"/password\"",
            "{\"keys\":[{",
        ] {
            assert!(output.contains(expected), "{expected} in {output}");
        }
    }
    assert_eq!(
        app.sign_in("ada@example.com", "difference engine")
            .await
            .status,
        401
    );
}

#[tokio::test]
async fn the_tour_of_the_shop_runs_as_written() {
    let app = TestApp::start();
    // It deletes the accounts and archives the product, so it can be repeated.
    for _ in 0..2 {
        let output = run(&app, "<!-- shop tour:");
        for expected in [
            "sue@example.com has the roles seller",
            "\"status\":\"published\"",
            "\"status\":\"paid\"",
            "\"filename\":\"tea.txt\"",
            "\"status\":\"archived\"",
        ] {
            assert!(output.contains(expected), "{expected} in {output}");
        }
        // The bytes of the file, before the response to the next command.
        assert!(output.contains("tea{\"product\":"), "{output}");
    }
    for (email, password) in [
        ("sue@example.com", "analytical engine"),
        ("bob@example.com", "difference engine"),
    ] {
        assert_eq!(app.sign_in(email, password).await.status, 401);
    }
}

#[test]
fn every_parameter_of_the_template_is_in_the_table() {
    let template = include_str!("../template.yaml");
    let (_, parameters) = template.split_once("\nParameters:\n").unwrap();
    let section = parameters
        .lines()
        .take_while(|line| line.is_empty() || line.starts_with([' ', '#']));
    let names = section.filter_map(|line| line.strip_prefix("  ")?.strip_suffix(':'));
    let names: Vec<_> = names.filter(|name| !name.starts_with([' ', '#'])).collect();
    assert!(names.len() >= 10, "{names:?}");
    for name in names {
        assert!(README.contains(&format!("`{name}`")), "{name}");
    }
}

/// Parses the routes in a line, written as `` `POST /users` ``.
fn routes_in(line: &str) -> impl Iterator<Item = String> {
    let spans = line.split('`').skip(1).step_by(2);
    spans.filter(|span| span.contains(" /")).map(str::to_owned)
}

#[test]
fn the_route_tables_match_the_template() {
    let (_, section) = README.split_once("\n## Routes\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let (routes, companion) = section.split_once("\n| operation |").unwrap();
    let mut listed = BTreeMap::new();
    for row in routes.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = row.split(" | ").collect();
        for route in routes_in(cells[0]) {
            let repeated = listed.insert(route.clone(), cells[1].trim_matches('`').to_owned());
            assert_eq!(repeated, None, "{route} is listed twice");
        }
    }
    // All of these belong to one function, so the table does not repeat it.
    for row in companion.lines().filter(|line| line.starts_with("| ")) {
        for route in routes_in(row) {
            let repeated = listed.insert(route.clone(), "uploads".to_owned());
            assert_eq!(repeated, None, "{route} is listed twice");
        }
    }
    let template = Template::parse(include_str!("../template.yaml"), &BTreeMap::new()).unwrap();
    let functions = template.functions().unwrap().into_iter();
    let deployed: BTreeMap<_, _> = functions
        .flat_map(|function| {
            let routes = function
                .routes
                .into_iter()
                .filter(|route| !route.is_default);
            routes.map(move |route| (route.key(), function.binary.clone()))
        })
        .collect();
    let text = |(route, function): (&String, &String)| format!("`{route}` | `{function}`");
    let listed: BTreeSet<_> = listed.iter().map(text).collect();
    let deployed: BTreeSet<_> = deployed.iter().map(text).collect();
    let missing: Vec<_> = deployed.difference(&listed).collect();
    let unknown: Vec<_> = listed.difference(&deployed).collect();
    assert!(
        missing.is_empty() && unknown.is_empty(),
        "README.md, step 5 (docs/ADDING_A_ROUTE.md): missing in the route tables: {missing:?}; not in template.yaml: \
         {unknown:?}"
    );
}

//! What the README tells people to type.

use std::{collections::BTreeMap, process::Command};

use sam_template::Template;

use crate::support::TestApp;

const README: &str = include_str!("../README.md");

/// The shell block after the marker.
fn tour() -> &'static str {
    let (_, after) = README.split_once("<!-- tour:").unwrap();
    let (_, after) = after.split_once("```sh\n").unwrap();
    after.split_once("```").unwrap().0
}

#[tokio::test]
async fn the_tour_runs_as_written() {
    let app = TestApp::start();
    let tour = tour().replace("http://127.0.0.1:3000", app.endpoint("api"));
    // Twice: it leaves nothing behind.
    for _ in 0..2 {
        let ran = Command::new("bash")
            .args(["-euo", "pipefail", "-c", &tour])
            .output()
            .unwrap();
        let output = String::from_utf8(ran.stdout).unwrap();
        assert!(ran.status.success(), "{output}");
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

/// The routes of a cell, like `` `POST /a/{id}/disable` · `POST …/enable` ``: `…` stands for the path before it without its
/// last segment.
fn routes_in(cell: &str) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    for span in cell.split('`').skip(1).step_by(2) {
        let Some((method, path)) = span.split_once(' ') else {
            continue;
        };
        let path = match path.strip_prefix('…') {
            Some(rest) => {
                let (_, before) = found.last().unwrap().split_once(' ').unwrap();
                let (parent, _) = before.rsplit_once('/').unwrap();
                format!("{parent}{rest}")
            }
            None => path.to_owned(),
        };
        found.push(format!("{method} {path}"));
    }
    found
}

#[test]
fn the_table_of_routes_is_the_templates() {
    let (_, section) = README.split_once("\n## Routes\n").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    let mut listed = BTreeMap::new();
    for row in section.lines().filter(|line| line.starts_with("| `")) {
        let cells: Vec<_> = row.split(" | ").collect();
        for route in routes_in(cells[0]) {
            let again = listed.insert(route.clone(), cells[1].trim_matches('`').to_owned());
            assert_eq!(again, None, "{route} stands there twice");
        }
    }
    let template = Template::parse(include_str!("../template.yaml"), &BTreeMap::new()).unwrap();
    let mut deployed = BTreeMap::new();
    for function in template.functions().unwrap() {
        for route in function.routes {
            // The table says once that the companion's routes are below a grant, too.
            if !route.is_default && !route.path.starts_with("/s3/g/{grant}/") {
                deployed.insert(route.key(), function.binary.clone());
            }
        }
    }
    assert_eq!(listed, deployed);
    assert!(section.contains("`/s3/g/{grant}`") && section.contains("`/s3/g/{grant}/s3`"));
}

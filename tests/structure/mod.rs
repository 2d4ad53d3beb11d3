//! `docs/ADDING_A_ROUTE.md`: every route has all five parts, and the test names a missing part.

mod paths;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use paths::requests;
use sam_template::Template;
use serde_json::Value;

const METHODS: [&str; 5] = ["GET", "POST", "PUT", "PATCH", "DELETE"];

/// The results of the steps of `docs/ADDING_A_ROUTE.md`.
#[derive(Clone)]
struct Project {
    /// `METHOD /path` and the directory of the function that serves it, from template.yaml.
    routes: BTreeMap<String, String>,
    /// The source of each function, by its directory.
    functions: BTreeMap<String, String>,
    /// The black-box tests, by file.
    tests: BTreeMap<PathBuf, String>,
    /// The routes of the sample events.
    samples: BTreeSet<String>,
    /// The operations of docs/openapi.json.
    operations: BTreeSet<String>,
}

impl Project {
    fn read() -> Self {
        let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/.."));
        let template = include_str!("../../template.yaml");
        let template = Template::parse(template, &BTreeMap::new()).unwrap();
        let mut routes = BTreeMap::new();
        let mut functions = BTreeMap::new();
        for function in template.functions().unwrap() {
            let sources = sources(&root.join("functions").join(&function.binary).join("src"));
            functions.insert(
                function.binary.clone(),
                sources.into_values().collect::<String>(),
            );
            let own = function
                .routes
                .into_iter()
                .filter(|route| !route.is_default);
            routes.extend(own.map(|route| (route.key(), function.binary.clone())));
        }
        let mut tests = sources(&root.join("tests"));
        tests.retain(|path, _| {
            !["tests/support", "tests/structure"]
                .iter()
                .any(|other| path.starts_with(root.join(other)))
        });
        Self {
            routes,
            functions,
            tests,
            samples: samples(&root.join("events")),
            operations: crate::support::routes::operations()
                .iter()
                .map(ToString::to_string)
                .collect(),
        }
    }

    /// Describes each missing part, with its step.
    fn missing(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut report = |route: &str, problem: &str| {
            found.push(format!("{route} {problem} (docs/ADDING_A_ROUTE.md)"));
        };
        for (route, function) in &self.routes {
            let source = &self.functions[function];
            let own = handlers(source);
            if !own.iter().any(|handler| handler.serves(route, source)) {
                report(
                    route,
                    &format!("has no handler in functions/{function}: step 1"),
                );
            }
            if !self.operations.contains(route) {
                report(
                    route,
                    "is not in docs/openapi.json, or its handler is not in the function's `ApiDoc`: step 5",
                );
            }
        }
        let known: BTreeSet<_> = self.routes.keys().chain(&self.operations).collect();
        for route in known {
            if !self.tests.values().any(|test| requests(test, route)) {
                report(route, "is not requested by a test in tests/: step 3");
            }
            if !self.samples.contains(route) {
                report(route, "has no sample event in events/: step 4");
            }
        }
        for (function, source) in &self.functions {
            for handler in handlers(source) {
                let own = self.routes.iter().filter(|(_, of)| *of == function);
                if !own
                    .map(|(route, _)| route)
                    .any(|route| handler.serves(route, source))
                {
                    let route = format!("{} {}", handler.method, handler.path);
                    report(
                        &route,
                        &format!("of functions/{function} is not in template.yaml: step 2"),
                    );
                }
            }
        }
        for operation in &self.operations {
            if !self.routes.contains_key(operation) {
                report(operation, "is not in template.yaml: step 2");
            }
        }
        found
    }
}

/// Reads the Rust files in a directory and its subdirectories.
fn sources(directory: &Path) -> BTreeMap<PathBuf, String> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(directory).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let text = fs::read_to_string(&path).unwrap();
            found.insert(path, text);
        }
    }
    found
}

/// Returns the routes of the sample events.
fn samples(directory: &Path) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for entry in fs::read_dir(directory).unwrap() {
        let text = fs::read_to_string(entry.unwrap().path()).unwrap();
        let event: Value = serde_json::from_str(&text).unwrap();
        found.extend(event["routeKey"].as_str().map(str::to_owned));
    }
    found
}

/// A method and path in a `.route(…)` call.
struct Handler {
    method: &'static str,
    path: String,
}

impl Handler {
    /// Tells whether the handler serves a route, possibly nested below a prefix.
    fn serves(&self, route: &str, source: &str) -> bool {
        let (method, path) = route.split_once(' ').unwrap();
        let prefixes = literals_after(source, ".nest(");
        let mut paths = prefixes
            .iter()
            .map(|prefix| format!("{prefix}{}", self.path));
        method == self.method && (path == self.path || paths.any(|nested| nested == path))
    }
}

/// Finds the handlers in the routers of a function.
fn handlers(source: &str) -> Vec<Handler> {
    let mut found = Vec::new();
    for call in calls(source, ".route(") {
        let path = first_literal(call);
        for method in METHODS {
            if calls_function(call, &method.to_lowercase()) {
                let path = path.to_owned();
                found.push(Handler { method, path });
            }
        }
    }
    found
}

/// Returns the arguments of each call that begins with `name`, which includes the parenthesis.
fn calls<'a>(source: &'a str, name: &str) -> Vec<&'a str> {
    let starts = source.match_indices(name);
    starts
        .map(|(at, name)| {
            let rest = &source[at + name.len()..];
            let mut depth = 1;
            let end = rest.find(|c| {
                depth += i32::from(c == '(') - i32::from(c == ')');
                depth == 0
            });
            &rest[..end.unwrap()]
        })
        .collect()
}

fn literals_after(source: &str, name: &str) -> Vec<String> {
    let calls = calls(source, name).into_iter();
    calls.map(|call| first_literal(call).to_owned()).collect()
}

fn first_literal(text: &str) -> &str {
    text.split('"').nth(1).unwrap_or_default()
}

/// Tells whether a text calls a function or method with this name.
fn calls_function(text: &str, name: &str) -> bool {
    text.match_indices(&format!("{name}(")).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        !before.is_some_and(|c| c.is_alphanumeric() || c == '_')
    })
}

#[test]
fn every_route_has_all_five_parts() {
    let missing = Project::read().missing();
    assert!(
        missing.is_empty(),
        "routes are incomplete:\n{}",
        missing.join("\n")
    );
}

/// A file without its `mod` line is not compiled, and its tests never run.
#[test]
fn every_test_file_is_compiled() {
    let root = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../tests"));
    let files = sources(root);
    let mut not_compiled = Vec::new();
    for path in files.keys().filter(|path| **path != root.join("main.rs")) {
        // A file is declared in the module file of its directory; a module file in the one above.
        let is_module_file = path.ends_with("mod.rs");
        let module = if is_module_file {
            path.parent().unwrap()
        } else {
            path
        };
        let directory = module.parent().unwrap();
        let name = module.file_stem().unwrap().to_str().unwrap();
        let parent = if directory == root {
            root.join("main.rs")
        } else {
            directory.join("mod.rs")
        };
        let declared = files[&parent]
            .lines()
            .any(|line| line.trim_end().ends_with(&format!("mod {name};")));
        if !declared {
            not_compiled.push(format!(
                "{}: add `mod {name};` to {}: step 3 (docs/ADDING_A_ROUTE.md)",
                path.display(),
                parent.display()
            ));
        }
    }
    assert!(
        not_compiled.is_empty(),
        "files are not compiled:\n{}",
        not_compiled.join("\n")
    );
}

#[test]
fn a_missing_step_is_reported() {
    const ROUTE: &str = "DELETE /users/me/sessions/{id}";
    let project = Project::read();
    let missing_after = |remove: fn(&mut Project)| {
        let mut project = project.clone();
        remove(&mut project);
        project.missing().join("\n")
    };
    for (step, missing) in [
        (
            1,
            missing_after(|project| {
                let source = project.functions.get_mut("session").unwrap();
                *source = source.replace("/users/me/sessions/{id}", "/elsewhere");
            }),
        ),
        (
            2,
            missing_after(|project| {
                project.routes.remove(ROUTE);
            }),
        ),
        (
            3,
            missing_after(|project| {
                project
                    .tests
                    .retain(|_, test| !test.contains("/users/me/sessions"));
            }),
        ),
        (
            4,
            missing_after(|project| {
                project.samples.remove(ROUTE);
            }),
        ),
        (
            5,
            missing_after(|project| {
                project.operations.remove(ROUTE);
            }),
        ),
    ] {
        let expected = missing
            .lines()
            .find(|line| line.starts_with(ROUTE) && line.contains(&format!("step {step}")));
        assert!(expected.is_some(), "step {step}: {missing}");
    }
}

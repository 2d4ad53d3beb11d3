//! The services, with their functions, routes and queues: ci/services.json and template.yaml.

use std::collections::{BTreeMap, BTreeSet};

use sam_template::{Function, Template};
use serde_json::Value;

/// A service, or the relay that publishes the events of all services.
#[derive(Debug, Clone)]
pub struct Service {
    pub name: String,
    /// The logical ids of its functions.
    pub functions: Vec<String>,
    /// `METHOD /path` of its routes.
    pub routes: BTreeSet<String>,
    /// The queues that its functions read, by logical id, with the types of events in them. Empty types are all types.
    pub queues: BTreeMap<String, Vec<String>>,
    /// The tables whose streams its functions read.
    pub streams: Vec<String>,
}

/// Returns the services, and last the relay.
pub fn services() -> Vec<Service> {
    let template = include_str!("../../template.yaml");
    let template = Template::parse(template, &BTreeMap::new()).unwrap();
    let functions = template.functions().unwrap();
    let listed: serde_json::Map<String, Value> =
        serde_json::from_str(include_str!("../../ci/services.json")).unwrap();
    let mut left: BTreeSet<_> = functions.iter().map(|it| it.logical_id.clone()).collect();
    let mut found = Vec::new();
    for (name, service) in &listed {
        let names = service["functions"].as_array().unwrap().iter();
        let ids: Vec<_> = names
            .map(|name| format!("{}Function", name.as_str().unwrap()))
            .collect();
        for id in &ids {
            assert!(
                left.remove(id),
                "{id} is not in template.yaml, or belongs to two services"
            );
        }
        found.push(service_of(&template, name, ids, &functions));
    }
    // The relay belongs to no service (ci/check_template.py).
    let relay = left.into_iter().collect();
    found.push(service_of(&template, "event-relay", relay, &functions));
    found
}

fn service_of(template: &Template, name: &str, ids: Vec<String>, all: &[Function]) -> Service {
    let own: Vec<_> = all
        .iter()
        .filter(|it| ids.contains(&it.logical_id))
        .collect();
    let routes = own.iter().flat_map(|it| &it.routes);
    let routes = routes.filter(|it| !it.is_default);
    let sources = own.iter().flat_map(|it| &it.queues);
    let streams = own.iter().flat_map(|it| &it.streams);
    Service {
        name: name.to_owned(),
        routes: routes.map(sam_template::Route::key).collect(),
        queues: sources
            .map(|source| (logical(&source.queue), types(template, &source.arn)))
            .collect(),
        streams: streams.map(|source| logical(&source.table)).collect(),
        functions: ids,
    }
}

/// Returns the logical id in a physical name of the template's default stack.
fn logical(name: &str) -> String {
    name.strip_prefix("sam-app-").unwrap().to_owned()
}

/// Returns the types of events that the rules send to a queue.
fn types(template: &Template, queue: &str) -> Vec<String> {
    let rules = template.rules().unwrap();
    let to_queue = rules
        .iter()
        .filter(|rule| rule.targets.iter().any(|target| target.arn == queue));
    to_queue
        .flat_map(|rule| rule.pattern.values("detail-type"))
        .map(|kind| kind.as_str().unwrap().to_owned())
        .collect()
}

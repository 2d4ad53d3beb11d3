use form_urlencoded::Serializer;
use sam_template::{DEFAULT_BUS, Function};
use serde_json::{Value, json};

use super::super::{Deployment, Doctor, Finding};
use crate::aws::{AwsError, Service};

const QUEUES: &str = "dead letters";
const SOURCES: &str = "event sources";
const RULES: &str = "event rules";

/// Checks that events arrive: dead-letter queues, the streams and queues that functions read, rules and schedules.
pub(in crate::doctor) async fn check(doctor: &Doctor, deployment: &Deployment) -> Vec<Finding> {
    if doctor.is_local() {
        return [QUEUES, SOURCES, RULES].map(Finding::not_local).into();
    }
    let functions = deployment.template.functions().unwrap_or_default();
    let mut findings = Vec::new();
    for (id, url) in deployment.resources_of("AWS::SQS::Queue") {
        if !is_read(deployment, &functions, id) {
            findings.push(dead_letters(doctor, id, url).await);
        }
    }
    findings.extend(sources(doctor, deployment, &functions).await);
    findings.extend(rules(doctor, deployment).await);
    findings
}

/// Whether a function reads this queue: otherwise it keeps dead letters.
fn is_read(deployment: &Deployment, functions: &[Function], id: &str) -> bool {
    let queues = deployment.template.queues().unwrap_or_default();
    let sources = || functions.iter().flat_map(|function| &function.queues);
    queues
        .iter()
        .any(|queue| queue.logical_id == id && sources().any(|source| source.queue == queue.name))
}

async fn dead_letters(doctor: &Doctor, id: &str, url: &str) -> Finding {
    let body = json!({"QueueUrl": url, "AttributeNames": ["ApproximateNumberOfMessages"]});
    let (action, target) = ("sqs:GetQueueAttributes", "AmazonSQS.GetQueueAttributes");
    let read = doctor
        .calls
        .json(action, Service::named("sqs"), target, &body);
    let attributes = match read.await {
        Ok(read) => read["Attributes"].clone(),
        Err(error) => return Finding::failed(id, &error),
    };
    let count = attributes["ApproximateNumberOfMessages"].as_str();
    match count.and_then(|count| count.parse::<u64>().ok()) {
        Some(0) => Finding::ok(id, "empty"),
        Some(count) => Finding::problem(
            id,
            format!("{count} messages failed permanently"),
            format!(
                "{}; docs/OPERATIONS.md says what to do with them",
                doctor.operator(&format!("queues show {id}"))
            ),
        ),
        None => Finding::not_checked(id, "SQS does not return the number of messages"),
    }
}

/// Checks the event source mappings of all functions: those of streams and those of queues.
async fn sources(doctor: &Doctor, deployment: &Deployment, functions: &[Function]) -> Vec<Finding> {
    let mappings = match all_mappings(doctor).await {
        Ok(mappings) => mappings,
        Err(error) => return vec![Finding::failed(SOURCES, &error)],
    };
    let streams = functions.iter().flat_map(|it| &it.streams);
    let queues = functions.iter().flat_map(|it| &it.queues);
    let names: Vec<_> = streams
        .map(|it| &it.name)
        .chain(queues.map(|it| &it.name))
        .collect();
    let problems: Vec<_> = names
        .iter()
        .filter_map(|name| {
            let uuid = deployment.resource(name)?;
            let mapping = mappings.iter().find(|mapping| mapping["UUID"] == uuid);
            problem(name, uuid, mapping.unwrap_or(&Value::Null), doctor)
        })
        .collect();
    if problems.is_empty() {
        let text = format!("{} streams and queues are read", names.len());
        return vec![Finding::ok(SOURCES, text)];
    }
    problems
}

/// Lists the event source mappings of all functions of the account. With the name of a function, Lambda would leave out the
/// mappings of its alias.
async fn all_mappings(doctor: &Doctor) -> Result<Vec<Value>, AwsError> {
    let action = "lambda:ListEventSourceMappings";
    let mut mappings = Vec::new();
    let mut marker = None;
    loop {
        let mut query = Serializer::new(String::new());
        query.append_pair("MaxItems", "100");
        query.extend_pairs(marker.iter().map(|marker: &String| ("Marker", marker)));
        let path = format!("/2015-03-31/event-source-mappings/?{}", query.finish());
        let service = Service::named("lambda");
        let page = doctor.calls.get(action, service, &path).await?;
        let found = page["EventSourceMappings"].as_array();
        mappings.extend(found.into_iter().flatten().cloned());
        marker = page["NextMarker"].as_str().map(str::to_owned);
        if marker.is_none() {
            return Ok(mappings);
        }
    }
}

fn problem(name: &str, uuid: &str, mapping: &Value, doctor: &Doctor) -> Option<Finding> {
    let Some(state) = mapping["State"].as_str() else {
        let text = format!("{name} does not exist, so its function gets no events");
        return Some(Finding::problem(SOURCES, text, doctor.deploy()));
    };
    if matches!(state, "Disabled" | "Disabling") {
        let enable = format!("aws lambda update-event-source-mapping --uuid {uuid} --enabled");
        let text = format!("{name} is {state}, so its function gets no events");
        return Some(Finding::problem(SOURCES, text, enable));
    }
    let result = mapping["LastProcessingResult"].as_str().unwrap_or_default();
    result.starts_with("PROBLEM").then(|| {
        let text = format!("{name} cannot be read: {result}");
        Finding::problem(SOURCES, text, doctor.deploy())
    })
}

/// Checks that all rules and schedules of the stack are enabled.
async fn rules(doctor: &Doctor, deployment: &Deployment) -> Vec<Finding> {
    let known = deployment.template.rules().unwrap_or_default();
    let mut findings = Vec::new();
    for (id, name) in deployment.resources_of("AWS::Events::Rule") {
        let (action, target) = ("events:DescribeRule", "AWSEvents.DescribeRule");
        let own_name = format!("{}-{id}", deployment.stack);
        let bus = known.iter().find(|rule| rule.name == own_name);
        let bus = bus.map_or(DEFAULT_BUS, |rule| &rule.bus);
        let name = name_in_bus(name);
        let body = json!({"Name": name, "EventBusName": bus});
        let read = doctor
            .calls
            .json(action, Service::named("events"), target, &body);
        match read.await {
            Ok(rule) if rule["State"] == "ENABLED" => {}
            Ok(_) => findings.push(Finding::problem(
                RULES,
                format!("the rule {id} is disabled, so what it starts does not run"),
                format!("aws events enable-rule --name {name} --event-bus-name {bus}"),
            )),
            Err(error) => findings.push(Finding::failed(RULES, &error)),
        }
    }
    if findings.is_empty() {
        findings.push(Finding::ok(RULES, "all rules and schedules are enabled"));
    }
    findings
}

/// Returns the name of a rule. The physical id of a rule of another bus than the default one is `bus|name`.
/// <https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/1131>
fn name_in_bus(id: &str) -> &str {
    id.split_once('|').map_or(id, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_id_of_a_rule_may_name_its_bus() {
        assert_eq!(name_in_bus("nightly"), "nightly");
        assert_eq!(name_in_bus("shop|orders"), "orders");
    }
}

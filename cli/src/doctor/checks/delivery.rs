use form_urlencoded::Serializer;
use serde_json::{Value, json};

use super::super::{Deployment, Doctor, Finding};
use crate::aws::{AwsError, Service};

const QUEUES: &str = "dead letters";
const STREAMS: &str = "outbox consumer";
const RULES: &str = "event rules";

/// Checks that events arrive: dead-letter queues, the consumer of the outbox, rules and schedules.
pub(in crate::doctor) async fn check(doctor: &Doctor, deployment: &Deployment) -> Vec<Finding> {
    if doctor.is_local() {
        return [QUEUES, STREAMS, RULES].map(Finding::not_local).into();
    }
    let mut findings = Vec::new();
    for (id, url) in deployment.resources_of("AWS::SQS::Queue") {
        findings.push(queue(doctor, id, url).await);
    }
    findings.extend(consumers(doctor, deployment).await);
    findings.extend(rules(doctor, deployment).await);
    findings
}

async fn queue(doctor: &Doctor, id: &str, url: &str) -> Finding {
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
                "Read them: aws sqs receive-message --queue-url {url} --max-number-of-messages 10; \
                 when their cause is corrected: aws sqs purge-queue --queue-url {url}"
            ),
        ),
        None => Finding::not_checked(id, "SQS does not return the number of messages"),
    }
}

/// Checks the event source mappings of all functions that read a stream.
async fn consumers(doctor: &Doctor, deployment: &Deployment) -> Vec<Finding> {
    let mappings = match all_mappings(doctor).await {
        Ok(mappings) => mappings,
        Err(error) => return vec![Finding::failed(STREAMS, &error)],
    };
    let functions = deployment.template.functions().unwrap_or_default();
    let functions = functions.iter().filter(|it| !it.streams.is_empty());
    functions
        .map(|function| {
            let id = &function.logical_id;
            let name = deployment.resource(id).unwrap_or(&function.name);
            let mapping = mappings.iter().find(|mapping| is_of(mapping, name));
            consumer(id, mapping.unwrap_or(&Value::Null), doctor)
        })
        .collect()
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

/// Returns whether a mapping invokes this function: by its ARN, or by that of a version or alias.
fn is_of(mapping: &Value, function: &str) -> bool {
    let arn = mapping["FunctionArn"].as_str().unwrap_or_default();
    arn.split(':').nth(6) == Some(function)
}

fn consumer(function: &str, mapping: &Value, doctor: &Doctor) -> Finding {
    let state = mapping["State"].as_str();
    let Some(state) = state else {
        let text = format!("{function} reads no stream, so no mail is sent");
        return Finding::problem(STREAMS, text, doctor.deploy());
    };
    let result = mapping["LastProcessingResult"].as_str().unwrap_or_default();
    if matches!(state, "Disabled" | "Disabling") {
        let uuid = mapping["UUID"].as_str().unwrap_or_default();
        let enable = format!("aws lambda update-event-source-mapping --uuid {uuid} --enabled");
        let text = format!("{function} does not read the stream: its mapping is {state}");
        return Finding::problem(STREAMS, text, enable);
    }
    if result.starts_with("PROBLEM") {
        let text = format!("{function} cannot read the stream: {result}");
        return Finding::problem(STREAMS, text, doctor.deploy());
    }
    Finding::ok(STREAMS, format!("{function} reads the stream ({state})"))
}

/// Checks that all rules and schedules of the stack are enabled.
async fn rules(doctor: &Doctor, deployment: &Deployment) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (id, name) in deployment.resources_of("AWS::Events::Rule") {
        let (action, target) = ("events:DescribeRule", "AWSEvents.DescribeRule");
        let body = json!({"Name": name});
        let read = doctor
            .calls
            .json(action, Service::named("events"), target, &body);
        match read.await {
            Ok(rule) if rule["State"] == "ENABLED" => {}
            Ok(_) => findings.push(Finding::problem(
                RULES,
                format!("the rule {id} is disabled, so its function does not run"),
                format!("aws events enable-rule --name {name}"),
            )),
            Err(error) => findings.push(Finding::failed(RULES, &error)),
        }
    }
    if findings.is_empty() {
        findings.push(Finding::ok(RULES, "all rules and schedules are enabled"));
    }
    findings
}

#![doc = include_str!("../README.md")]

mod bucket;
mod bus;
mod conditions;
mod cors;
mod error;
mod event;
mod function;
mod globals;
mod mail;
mod matcher;
mod naming;
mod parameters;
mod pattern;
mod policy;
mod policy_condition;
mod queue;
mod queue_source;
mod resolve;
mod resource_policy;
mod route;
mod stream;
mod table;
mod wildcard;
mod yaml;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

pub use self::{
    bucket::{AccessPoint, Bucket, CorsRule},
    bus::{DEFAULT_BUS, Rule, RuleTarget, TargetInput},
    cors::Cors,
    error::TemplateError,
    event::Schedule,
    function::Function,
    mail::ConfigurationSet,
    pattern::EventPattern,
    policy::{Effect, Statement},
    policy_condition::{PolicyCondition, Test},
    queue::{Queue, Redrive},
    queue_source::QueueSource,
    resource_policy::{PolicyPrincipal, ResourceStatement},
    route::Route,
    stream::StreamSource,
    table::Table,
    wildcard::matches_wildcard,
};

use self::parameters::Parameter;

/// The region of the local system.
pub const REGION: &str = "us-east-1";
/// The account id of the local system.
pub const ACCOUNT: &str = "000000000000";
/// The partition of every ARN.
pub const PARTITION: &str = "aws";

/// The stack name of a template that has no other.
const DEFAULT_STACK_NAME: &str = "sam-app";

/// A SAM template with parameter values.
#[derive(Debug)]
pub struct Template {
    stack_name: String,
    queue_endpoint: String,
    parameters: BTreeMap<String, Parameter>,
    mappings: Map<String, Value>,
    conditions: Map<String, Value>,
    globals: Map<String, Value>,
    resources: Map<String, Value>,
}

impl Template {
    /// Parses a template. `overrides` replace the parameters' defaults, as in `sam deploy --parameter-overrides`.
    ///
    /// # Errors
    ///
    /// When `text` is not a YAML mapping, or an override has an unknown name or a value that is not allowed.
    pub fn parse(text: &str, overrides: &BTreeMap<String, String>) -> Result<Self, TemplateError> {
        let mut document = yaml::read(text)?;
        let mut section = |name: &str| match document.remove(name) {
            None | Some(Value::Null) => Ok(Map::new()),
            Some(Value::Object(section)) => Ok(section),
            Some(_) => Err(TemplateError::at(name, "is not a mapping")),
        };
        let parameters = parameters::read(&section("Parameters")?, overrides)?;
        Ok(Self {
            stack_name: DEFAULT_STACK_NAME.to_owned(),
            queue_endpoint: format!("https://sqs.{REGION}.amazonaws.com"),
            parameters,
            mappings: section("Mappings")?,
            conditions: section("Conditions")?,
            globals: section("Globals")?,
            resources: section("Resources")?,
        })
    }

    /// Replaces the name of the stack.
    #[must_use]
    pub fn with_stack_name(mut self, stack_name: &str) -> Self {
        stack_name.clone_into(&mut self.stack_name);
        self
    }

    /// Replaces the endpoint in the URLs of queues, which has no trailing slash.
    #[must_use]
    pub fn with_queue_endpoint(mut self, url: &str) -> Self {
        url.clone_into(&mut self.queue_endpoint);
        self
    }

    /// Returns the name of the stack, which is `sam-app` by default, as in the SAM CLI.
    #[must_use]
    pub fn stack_name(&self) -> &str {
        &self.stack_name
    }

    /// Returns the value of the parameter `name` as text, lists joined by commas. `None` when it is not declared or has
    /// no value.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<String> {
        self.parameters.get(name).and_then(Parameter::text)
    }

    /// Whether the template declares the parameter `name`.
    #[must_use]
    pub fn has_parameter(&self, name: &str) -> bool {
        self.parameters.contains_key(name)
    }

    /// Returns a property of the resource `id` with its functions evaluated. `Null` when the property is not set.
    ///
    /// # Errors
    ///
    /// When the property contains a function that cannot be evaluated.
    pub fn property(&self, id: &str, name: &str) -> Result<Value, TemplateError> {
        let at = format!("Resources.{id}.Properties.{name}");
        self.resolve(&self.resources[id]["Properties"][name], &at)
    }

    /// Returns the values of all parameters that have one, as text.
    #[must_use]
    pub fn parameter_values(&self) -> BTreeMap<String, String> {
        let values = self.parameters.iter();
        values
            .filter_map(|(name, parameter)| Some((name.clone(), parameter.text()?)))
            .collect()
    }

    /// Returns the deployed resources of one type, sorted by logical id.
    fn resources_of(&self, kind: &str) -> Result<Vec<(&str, &Value)>, TemplateError> {
        let mut found = Vec::new();
        for (id, resource) in &self.resources {
            if resource["Type"] == kind && self.is_deployed(id)? {
                found.push((id.as_str(), resource));
            }
        }
        found.sort_by_key(|(id, _)| *id);
        Ok(found)
    }

    /// Whether the condition of the resource `id` is true. A resource without a condition is deployed.
    fn is_deployed(&self, id: &str) -> Result<bool, TemplateError> {
        match &self.resources[id]["Condition"] {
            Value::Null => Ok(true),
            Value::String(name) => self.condition(name, &format!("Resources.{id}.Condition")),
            _ => Err(TemplateError::at(
                format!("Resources.{id}.Condition"),
                "is not the name of a condition",
            )),
        }
    }
}

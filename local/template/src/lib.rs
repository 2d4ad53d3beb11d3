#![doc = include_str!("../README.md")]

mod bucket;
mod conditions;
mod cors;
mod error;
mod event;
mod function;
mod globals;
mod naming;
mod parameters;
mod policy;
mod policy_condition;
mod resolve;
mod route;
mod stream;
mod table;
mod yaml;

use std::collections::BTreeMap;

use serde_json::{Map, Value};

pub use self::{
    bucket::{AccessPoint, Bucket, CorsRule},
    cors::Cors,
    error::TemplateError,
    event::{EventRule, Schedule},
    function::Function,
    policy::{Effect, Statement},
    policy_condition::{PolicyCondition, Test},
    route::Route,
    stream::StreamSource,
    table::Table,
};

use self::parameters::Parameter;

/// The region everything is in, locally.
pub const REGION: &str = "us-east-1";
/// The account that owns everything, locally.
pub const ACCOUNT: &str = "000000000000";
/// The partition of every ARN.
pub const PARTITION: &str = "aws";

/// A SAM template with its parameters filled in.
#[derive(Debug)]
pub struct Template {
    stack_name: String,
    parameters: BTreeMap<String, Parameter>,
    mappings: Map<String, Value>,
    conditions: Map<String, Value>,
    globals: Map<String, Value>,
    resources: Map<String, Value>,
}

impl Template {
    /// Reads `text`, with `overrides` in place of the parameters' defaults, as
    /// `sam deploy --parameter-overrides` would.
    ///
    /// # Errors
    ///
    /// When `text` is no YAML mapping, and when an override names no parameter of the template
    /// or holds a value that the parameter does not allow.
    pub fn parse(text: &str, overrides: &BTreeMap<String, String>) -> Result<Self, TemplateError> {
        let mut document = yaml::read(text)?;
        let mut section = |name: &str| match document.remove(name) {
            None | Some(Value::Null) => Ok(Map::new()),
            Some(Value::Object(section)) => Ok(section),
            Some(_) => Err(TemplateError::at(name, "is not a mapping")),
        };
        let parameters = parameters::read(&section("Parameters")?, overrides)?;
        let stack_name = match parameters.get("Env").and_then(Parameter::text) {
            Some(env) => format!("cloakroom-{env}"),
            None => "cloakroom".to_owned(),
        };
        Ok(Self {
            stack_name,
            parameters,
            mappings: section("Mappings")?,
            conditions: section("Conditions")?,
            globals: section("Globals")?,
            resources: section("Resources")?,
        })
    }

    /// The stack's name: `cloakroom-` and the parameter `Env`.
    #[must_use]
    pub fn stack_name(&self) -> &str {
        &self.stack_name
    }

    /// The value of the parameter `name` as text; a list is joined by commas. `None` when the
    /// template has no such parameter, or no value for it.
    #[must_use]
    pub fn parameter(&self, name: &str) -> Option<String> {
        self.parameters.get(name).and_then(Parameter::text)
    }

    /// Whether the template declares the parameter `name`.
    #[must_use]
    pub fn has_parameter(&self, name: &str) -> bool {
        self.parameters.contains_key(name)
    }

    /// The resources of one type that their conditions leave in, in the order of their names.
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

    /// Whether the condition of the resource `id`, if it has one, holds.
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

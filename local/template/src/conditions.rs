//! The `Conditions` section.

use serde_json::Value;

use crate::{
    Template, TemplateError,
    resolve::{arguments, list, single_entry},
};

type Result<T> = std::result::Result<T, TemplateError>;

/// The maximum nesting of conditions. Deeper nesting means that they refer to each other in a cycle.
const MAX_DEPTH: usize = 32;

impl Template {
    /// Evaluates the condition `name`. `at` is the place that refers to it.
    pub(crate) fn condition(&self, name: &str, at: &str) -> Result<bool> {
        self.condition_within(name, at, MAX_DEPTH)
    }

    fn condition_within(&self, name: &str, at: &str, depth: usize) -> Result<bool> {
        let Some(condition) = self.conditions.get(name) else {
            return Err(TemplateError::at(at, format!("no condition `{name}`")));
        };
        let at = format!("Conditions.{name}");
        if depth == 0 {
            return Err(TemplateError::at(at, "refers to itself"));
        }
        self.evaluate(condition, &at, depth - 1)
    }

    fn evaluate(&self, condition: &Value, at: &str, depth: usize) -> Result<bool> {
        let all = |argument: &Value| -> Result<Vec<bool>> {
            list(argument, at)?
                .iter()
                .map(|each| self.evaluate(each, at, depth))
                .collect()
        };
        match single_entry(condition) {
            Some(("Condition", Value::String(name))) => self.condition_within(name, at, depth),
            Some(("Fn::And", argument)) => Ok(all(argument)?.into_iter().all(|holds| holds)),
            Some(("Fn::Or", argument)) => Ok(all(argument)?.into_iter().any(|holds| holds)),
            Some(("Fn::Not", argument)) => match all(argument)?.as_slice() {
                [holds] => Ok(!holds),
                _ => Err(TemplateError::at(at, "Fn::Not takes one condition")),
            },
            Some(("Fn::Equals", argument)) => {
                let [left, right] = arguments(argument, "Fn::Equals", at)?;
                Ok(self.resolve_text(left, at)? == self.resolve_text(right, at)?)
            }
            _ => Err(TemplateError::at(at, "is not a condition")),
        }
    }
}

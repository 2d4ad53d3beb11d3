//! The `Parameters` section and the parameters' values.

use std::collections::BTreeMap;

use regex_lite::Regex;
use serde_json::{Map, Value, json};

use crate::TemplateError;

/// A declared parameter. Its value is `None` when it has neither a default nor an override.
#[derive(Debug)]
pub(crate) struct Parameter(Option<Value>);

impl Parameter {
    /// Returns the value, which is a string or a list of strings.
    pub(crate) fn value(&self) -> Option<&Value> {
        self.0.as_ref()
    }

    /// Returns the value as text, lists joined by commas.
    pub(crate) fn text(&self) -> Option<String> {
        match self.0.as_ref()? {
            Value::Array(items) => {
                let items: Vec<_> = items.iter().filter_map(Value::as_str).collect();
                Some(items.join(","))
            }
            value => value.as_str().map(str::to_owned),
        }
    }
}

/// Determines the values of the declared parameters: the overrides, or else the defaults.
pub(crate) fn read(
    declared: &Map<String, Value>,
    overrides: &BTreeMap<String, String>,
) -> Result<BTreeMap<String, Parameter>, TemplateError> {
    if let Some(name) = overrides.keys().find(|name| !declared.contains_key(*name)) {
        let mut known: Vec<_> = declared.keys().map(String::as_str).collect();
        known.sort_unstable();
        return Err(TemplateError::UnknownParameter {
            name: name.clone(),
            known: if known.is_empty() {
                "none".to_owned()
            } else {
                known.join(", ")
            },
        });
    }
    declared
        .iter()
        .map(|(name, declaration)| {
            let text = match overrides.get(name) {
                Some(text) => Some(text.clone()),
                None => default_text(name, &declaration["Default"])?,
            };
            let value = text
                .map(|text| typed(name, declaration, &text))
                .transpose()?;
            Ok((name.clone(), Parameter(value)))
        })
        .collect()
}

fn default_text(name: &str, default: &Value) -> Result<Option<String>, TemplateError> {
    match default {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        Value::Number(number) => Ok(Some(number.to_string())),
        Value::Bool(value) => Ok(Some(value.to_string())),
        _ => Err(TemplateError::parameter(name, "the default is not a text")),
    }
}

fn typed(name: &str, declaration: &Value, text: &str) -> Result<Value, TemplateError> {
    match declaration["Type"].as_str() {
        Some("CommaDelimitedList" | "List<Number>") => {
            let items: Vec<_> = text.split(',').map(str::trim).collect();
            for item in &items {
                check_allowed(name, declaration, item)?;
                check_pattern(name, declaration, item)?;
            }
            Ok(json!(items))
        }
        Some("Number") => {
            check_number(name, declaration, text)?;
            check_allowed(name, declaration, text)?;
            Ok(json!(text))
        }
        Some("String") => {
            check_length(name, declaration, text)?;
            check_allowed(name, declaration, text)?;
            check_pattern(name, declaration, text)?;
            Ok(json!(text))
        }
        other => Err(TemplateError::parameter(
            name,
            format!(
                "its type {} is not supported locally",
                other.unwrap_or("(none)")
            ),
        )),
    }
}

fn check_allowed(name: &str, declaration: &Value, text: &str) -> Result<(), TemplateError> {
    let Some(allowed) = declaration["AllowedValues"].as_array() else {
        return Ok(());
    };
    let allowed: Vec<_> = allowed
        .iter()
        .map(|value| {
            value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned)
        })
        .collect();
    if allowed.iter().any(|value| value == text) {
        return Ok(());
    }
    Err(TemplateError::parameter(
        name,
        format!("`{text}` is not one of {}", allowed.join(", ")),
    ))
}

/// Checks the pattern against the whole text, or against each text of a list.
fn check_pattern(name: &str, declaration: &Value, text: &str) -> Result<(), TemplateError> {
    let Some(pattern) = declaration["AllowedPattern"].as_str() else {
        return Ok(());
    };
    let whole = Regex::new(&format!("^(?:{pattern})$")).map_err(|error| {
        let problem = format!("its AllowedPattern is not supported locally: {error}");
        TemplateError::parameter(name, problem)
    })?;
    if whole.is_match(text) {
        return Ok(());
    }
    let problem = format!("`{text}` does not match {pattern}");
    Err(TemplateError::parameter(name, problem))
}

fn check_number(name: &str, declaration: &Value, text: &str) -> Result<(), TemplateError> {
    let number: f64 = text
        .parse()
        .map_err(|_| TemplateError::parameter(name, format!("`{text}` is not a number")))?;
    let outside = |bound: &str, is_outside: fn(f64, f64) -> bool| {
        number_of(&declaration[bound]).filter(|bound| is_outside(number, *bound))
    };
    if let Some(least) = outside("MinValue", |number, bound| number < bound) {
        return Err(TemplateError::parameter(
            name,
            format!("{text} is less than {least}"),
        ));
    }
    if let Some(most) = outside("MaxValue", |number, bound| number > bound) {
        return Err(TemplateError::parameter(
            name,
            format!("{text} is more than {most}"),
        ));
    }
    Ok(())
}

fn check_length(name: &str, declaration: &Value, text: &str) -> Result<(), TemplateError> {
    let length = text.chars().count() as u64;
    let least = declaration["MinLength"].as_u64().unwrap_or(0);
    let most = declaration["MaxLength"].as_u64().unwrap_or(u64::MAX);
    if (least..=most).contains(&length) {
        return Ok(());
    }
    Err(TemplateError::parameter(
        name,
        format!("has {length} characters; {least} to {most} are allowed"),
    ))
}

fn number_of(value: &Value) -> Option<f64> {
    value.as_f64().or_else(|| value.as_str()?.parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn declared() -> Map<String, Value> {
        let declared = json!({
            "Env": {"Type": "String", "Default": "dev", "AllowedValues": ["dev", "prod"]},
            "Cost": {"Type": "Number", "Default": 12, "MinValue": 4, "MaxValue": "31"},
            "Origins": {
                "Type": "CommaDelimitedList", "Default": "http://a, http://b",
                "AllowedPattern": r"^https?://[^\s/*,]+$",
            },
            "Domain": {"Type": "String", "AllowedPattern": "[a-z]+"},
        });
        declared.as_object().unwrap().clone()
    }

    fn with(name: &str, value: &str) -> Result<BTreeMap<String, Parameter>, String> {
        let overrides = BTreeMap::from([(name.to_owned(), value.to_owned())]);
        read(&declared(), &overrides).map_err(|error| error.to_string())
    }

    #[test]
    fn an_override_replaces_the_default() {
        let parameters = with("Env", "prod").unwrap();
        assert_eq!(parameters["Env"].text().unwrap(), "prod");
        assert_eq!(parameters["Cost"].text().unwrap(), "12");
        assert_eq!(
            parameters["Origins"].value().unwrap(),
            &json!(["http://a", "http://b"])
        );
        assert!(parameters["Domain"].value().is_none());
    }

    #[test]
    fn an_unknown_override_lists_the_known_ones() {
        assert_eq!(
            with("Environment", "dev").unwrap_err(),
            "the template has no parameter `Environment`; it has Cost, Domain, Env, Origins"
        );
    }

    #[test]
    fn a_value_must_be_allowed() {
        assert_eq!(
            with("Env", "staging").unwrap_err(),
            "parameter `Env`: `staging` is not one of dev, prod"
        );
        assert_eq!(
            with("Cost", "3").unwrap_err(),
            "parameter `Cost`: 3 is less than 4"
        );
        assert_eq!(
            with("Cost", "32").unwrap_err(),
            "parameter `Cost`: 32 is more than 31"
        );
        assert_eq!(
            with("Cost", "many").unwrap_err(),
            "parameter `Cost`: `many` is not a number"
        );
    }

    #[test]
    fn a_value_matches_its_pattern_from_end_to_end() {
        assert!(with("Origins", "https://a:1,http://b").is_ok());
        assert_eq!(
            with("Origins", "http://a,*").unwrap_err(),
            r"parameter `Origins`: `*` does not match ^https?://[^\s/*,]+$"
        );
        assert!(with("Domain", "example").is_ok());
        assert_eq!(
            with("Domain", "example.com").unwrap_err(),
            "parameter `Domain`: `example.com` does not match [a-z]+"
        );
    }
}

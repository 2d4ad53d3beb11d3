//! The events that invoke a function besides requests: event rules and schedules.

use std::time::Duration;

use serde_json::{Map, Value};

use crate::{Template, TemplateError};

/// One `EventBridgeRule` event of a function.
#[derive(Debug, Clone, PartialEq)]
pub struct EventRule {
    /// The physical name of the rule.
    pub name: String,
    /// The event pattern: for each field the matching values, or a nested pattern.
    pub pattern: Map<String, Value>,
}

/// One `Schedule` event of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// The physical name of the rule.
    pub name: String,
    /// The time between two events.
    pub every: Duration,
    /// The JSON input that replaces the event.
    pub input: Option<String>,
}

impl EventRule {
    pub(crate) fn new(
        name: String,
        pattern: Map<String, Value>,
        at: &str,
    ) -> Result<Self, TemplateError> {
        check(&pattern, at)?;
        Ok(Self { name, pattern })
    }

    /// Whether `event` matches the rule: each field of the pattern has one of its values.
    #[must_use]
    pub fn matches(&self, event: &Value) -> bool {
        event
            .as_object()
            .is_some_and(|event| matches(&self.pattern, event))
    }
}

impl Template {
    pub(crate) fn rules_of(
        &self,
        id: &str,
        events: &Value,
    ) -> Result<Vec<EventRule>, TemplateError> {
        let rule = |name: &str, properties: &Value, at: &str| {
            let at = format!("{at}.Pattern");
            let Value::Object(pattern) = &properties["Pattern"] else {
                return Err(TemplateError::at(at, "is not a mapping"));
            };
            EventRule::new(self.rule_name(id, name), pattern.clone(), &at)
        };
        self.events_of(id, events, "EventBridgeRule", rule)
    }

    pub(crate) fn schedules_of(
        &self,
        id: &str,
        events: &Value,
    ) -> Result<Vec<Schedule>, TemplateError> {
        let schedule = |name: &str, properties: &Value, at: &str| {
            let text = properties["Schedule"].as_str().unwrap_or_default();
            let every = rate(text).ok_or_else(|| {
                TemplateError::at(
                    format!("{at}.Schedule"),
                    format!("`{text}` is not supported locally; use rate(… minutes)"),
                )
            })?;
            let input = properties["Input"].as_str().map(str::to_owned);
            Ok(Schedule {
                name: self.rule_name(id, name),
                every,
                input,
            })
        };
        self.events_of(id, events, "Schedule", schedule)
    }

    pub(crate) fn events_of<T>(
        &self,
        id: &str,
        events: &Value,
        kind: &str,
        read: impl Fn(&str, &Value, &str) -> Result<T, TemplateError>,
    ) -> Result<Vec<T>, TemplateError> {
        let mut found = Vec::new();
        for (name, event) in events.as_object().into_iter().flatten() {
            if event["Type"] == kind {
                let at = format!("Resources.{id}.Properties.Events.{name}.Properties");
                found.push(read(name, &self.resolve(&event["Properties"], &at)?, &at)?);
            }
        }
        Ok(found)
    }

    fn rule_name(&self, function: &str, event: &str) -> String {
        format!("{}-{function}{event}", self.stack_name())
    }
}

/// Checks that `pattern` uses only features that [`matches`] supports.
fn check(pattern: &Map<String, Value>, at: &str) -> Result<(), TemplateError> {
    for (name, value) in pattern {
        let at = format!("{at}.{name}");
        match value {
            Value::Object(_) if name.starts_with('$') => {
                return Err(TemplateError::at(at, "is not supported locally"));
            }
            Value::Object(inner) => check(inner, &at)?,
            Value::Array(values)
                if values
                    .iter()
                    .any(|value| value.is_object() || value.is_array()) =>
            {
                return Err(TemplateError::at(
                    at,
                    "has a comparison operator; only exact values are supported locally",
                ));
            }
            Value::Array(_) if !name.starts_with('$') => {}
            _ => {
                return Err(TemplateError::at(
                    at,
                    "is neither a list of values nor a mapping",
                ));
            }
        }
    }
    Ok(())
}

fn matches(pattern: &Map<String, Value>, event: &Map<String, Value>) -> bool {
    pattern.iter().all(|(name, wanted)| {
        let is_wanted = |value: &Value| match wanted {
            Value::Array(values) => values.contains(value),
            _ => false,
        };
        match (wanted, event.get(name)) {
            (Value::Object(inner), Some(Value::Object(value))) => matches(inner, value),
            // One of a list is enough.
            (Value::Array(_), Some(Value::Array(values))) => values.iter().any(is_wanted),
            (Value::Array(_), Some(value)) => is_wanted(value),
            _ => false,
        }
    })
}

/// `rate(15 minutes)`
fn rate(text: &str) -> Option<Duration> {
    let (number, unit) = text
        .strip_prefix("rate(")?
        .strip_suffix(')')?
        .split_once(' ')?;
    let number: u64 = number.parse().ok().filter(|number| *number > 0)?;
    let minutes = match unit {
        "minute" | "minutes" => 1,
        "hour" | "hours" => 60,
        "day" | "days" => 24 * 60,
        _ => return None,
    };
    Some(Duration::from_secs(
        number.checked_mul(minutes)?.checked_mul(60)?,
    ))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;
    use crate::Function;

    fn function(events: &str) -> Result<Function, String> {
        let text = format!(
            "
Resources:
  Files: {{Type: 'AWS::S3::Bucket'}}
  F:
    Type: AWS::Serverless::Function
    Metadata: {{BuildProperties: {{Binary: f}}}}
    Properties:
      EventInvokeConfig: {{MaximumRetryAttempts: 1}}
      Events: {events}
"
        );
        let template = Template::parse(&text, &BTreeMap::new()).unwrap();
        match template.functions() {
            Ok(mut functions) => Ok(functions.remove(0)),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn a_rule_matches_events_with_its_values() {
        let function = function(
            "{Created: {Type: EventBridgeRule, Properties: {Pattern: \
             {source: [aws.s3, mine], detail: {bucket: {name: [!Ref Files]}}}}}}",
        )
        .unwrap();
        let rule = &function.rules[0];
        assert_eq!(rule.name, "sam-app-FCreated");
        let event = |source: &str, bucket: &str| json!({"source": source, "detail": {"bucket": {"name": bucket}, "size": 1}});
        assert!(rule.matches(&event("aws.s3", "sam-app-files")));
        assert!(rule.matches(&event("mine", "sam-app-files")));
        assert!(!rule.matches(&event("aws.ec2", "sam-app-files")));
        assert!(!rule.matches(&event("aws.s3", "other")));
        assert!(!rule.matches(&json!({"source": "aws.s3"})));
        assert_eq!(function.max_retries, 1);
    }

    #[test]
    fn a_schedule_has_a_rate() {
        let schedule = |rate: &str| {
            function(&format!(
                "{{Tick: {{Type: Schedule, Properties: {{Schedule: {rate}}}}}}}"
            ))
        };
        let minutes = |count: u64| Duration::from_secs(count * 60);
        for (text, expected) in [
            ("rate(1 minute)", minutes(1)),
            ("rate(15 minutes)", minutes(15)),
            ("rate(2 hours)", minutes(120)),
            ("rate(1 day)", minutes(1440)),
        ] {
            assert_eq!(schedule(text).unwrap().schedules[0].every, expected);
        }
        assert_eq!(
            schedule("cron(0 12 * * ? *)").unwrap_err(),
            "Resources.F.Properties.Events.Tick.Properties.Schedule: `cron(0 12 * * ? *)` is not \
             supported locally; use rate(… minutes)"
        );
    }

    #[test]
    fn an_unsupported_construct_is_an_error() {
        for (pattern, expected) in [
            (
                "{source: [{prefix: aws}]}",
                ".source: has a comparison operator; only exact values are supported locally",
            ),
            (
                "{source: aws.s3}",
                ".source: is neither a list of values nor a mapping",
            ),
            (
                "{$or: [a]}",
                ".$or: is neither a list of values nor a mapping",
            ),
        ] {
            let events =
                format!("{{E: {{Type: EventBridgeRule, Properties: {{Pattern: {pattern}}}}}}}");
            let error = function(&events).unwrap_err();
            assert!(error.ends_with(expected), "{error}");
        }
    }
}

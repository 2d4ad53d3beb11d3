//! Schedules, and how the events of a function are read.

use std::time::Duration;

use serde_json::Value;

use crate::{Template, TemplateError};

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

impl Template {
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

    /// Returns the name of the rule that SAM creates for an event of a function.
    pub(crate) fn rule_name(&self, function: &str, event: &str) -> String {
        format!("{}-{function}{event}", self.stack_name())
    }
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

    use super::*;
    use crate::Function;

    fn function(events: &str) -> Result<Function, String> {
        let text = format!(
            "
Resources:
  F:
    Type: AWS::Serverless::Function
    Metadata: {{BuildProperties: {{Binary: f}}}}
    Properties:
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
}

//! Event buses and their rules.
//! <https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-rule.html>

use serde_json::Value;

use crate::{ACCOUNT, EventPattern, Function, PARTITION, REGION, Template, TemplateError, resolve};

/// The bus of AWS services, which every account has.
pub const DEFAULT_BUS: &str = "default";

/// One rule of a bus: an `AWS::Events::Rule`, or an `EventBridgeRule` event of a function.
#[derive(Debug, Clone, PartialEq)]
pub struct Rule {
    /// The physical name.
    pub name: String,
    /// The ARN.
    pub arn: String,
    /// The name of the bus.
    pub bus: String,
    /// The events that it delivers.
    pub pattern: EventPattern,
    /// The destinations of the events.
    pub targets: Vec<RuleTarget>,
}

/// One target of a rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleTarget {
    /// The ARN of a queue or a function.
    pub arn: String,
    /// What the target receives.
    pub input: TargetInput,
    /// The ARN of the queue for events that cannot be delivered.
    pub dead_letters: Option<String>,
}

/// What a target receives of an event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetInput {
    /// The event.
    Event,
    /// The part at the path with these names.
    Path(Vec<String>),
    /// A constant JSON text.
    Constant(String),
}

impl TargetInput {
    /// Returns what the target receives. `None` when the event has no such part.
    #[must_use]
    pub fn of(&self, event: &Value) -> Option<String> {
        match self {
            Self::Event => Some(event.to_string()),
            Self::Constant(text) => Some(text.clone()),
            Self::Path(names) => {
                let part = names.iter().try_fold(event, |part, name| part.get(name))?;
                Some(part.to_string())
            }
        }
    }
}

impl Template {
    /// Returns the names of the event buses: the default bus, and those of the template.
    ///
    /// # Errors
    ///
    /// When a property cannot be resolved.
    pub fn event_buses(&self) -> Result<Vec<String>, TemplateError> {
        let own = self.resources_of("AWS::Events::EventBus")?;
        let own = own.into_iter().map(|(id, _)| {
            let at = format!("Resources.{id}.Properties");
            self.physical_name(id, &at)
        });
        std::iter::once(Ok(DEFAULT_BUS.to_owned()))
            .chain(own)
            .collect()
    }

    /// Returns the enabled rules, those of functions too, sorted by name.
    ///
    /// # Errors
    ///
    /// When a property is missing or not supported, or a target is not in the template.
    pub fn rules(&self) -> Result<Vec<Rule>, TemplateError> {
        let mut rules = Vec::new();
        for (id, resource) in self.resources_of("AWS::Events::Rule")? {
            let at = format!("Resources.{id}.Properties");
            let properties = self.resolve(&resource["Properties"], &at)?;
            if properties["State"] != "DISABLED" {
                rules.push(self.rule(id, &properties, &at)?);
            }
        }
        for (id, resource) in self.resources_of(Function::KIND)? {
            rules.extend(self.rules_of_function(id, resource)?);
        }
        rules.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(rules)
    }

    fn rule(&self, id: &str, properties: &Value, at: &str) -> Result<Rule, TemplateError> {
        if !properties["ScheduleExpression"].is_null() {
            return Err(TemplateError::at(
                format!("{at}.ScheduleExpression"),
                "is not supported locally; use a `Schedule` event of a function",
            ));
        }
        let pattern = &properties["EventPattern"];
        let pattern = EventPattern::read_property(pattern, &format!("{at}.EventPattern"))?;
        let bus = self.bus_name(&properties["EventBusName"], at)?;
        let name = self.physical_name(id, at)?;
        let targets = properties["Targets"]
            .as_array()
            .into_iter()
            .flatten()
            .enumerate();
        let targets = targets.map(|(index, target)| {
            let at = format!("{at}.Targets.{index}");
            let arn = resolve::text(&target["Arn"], &format!("{at}.Arn"))?;
            self.target(arn, target, &at)
        });
        Ok(Rule {
            arn: rule_arn(&bus, &name),
            targets: targets.collect::<Result<_, _>>()?,
            name,
            bus,
            pattern,
        })
    }

    /// Returns the rules that SAM creates for the `EventBridgeRule` events of a function.
    fn rules_of_function(&self, id: &str, resource: &Value) -> Result<Vec<Rule>, TemplateError> {
        let properties = self.properties("Function", id, resource)?;
        let events = properties.get("Events").unwrap_or(&Value::Null);
        let found = self.events_of(id, events, "EventBridgeRule", |event, properties, at| {
            if properties["State"] == "DISABLED" {
                return Ok(None);
            }
            let pattern = &properties["Pattern"];
            let bus = self.bus_name(&properties["EventBusName"], at)?;
            let name = self.rule_name(id, event);
            let arn = self.attribute(id, "Arn", at)?;
            Ok(Some(Rule {
                pattern: EventPattern::read_property(pattern, &format!("{at}.Pattern"))?,
                targets: vec![self.target(arn, properties, at)?],
                arn: rule_arn(&bus, &name),
                name,
                bus,
            }))
        });
        Ok(found?.into_iter().flatten().collect())
    }

    fn target(&self, arn: String, target: &Value, at: &str) -> Result<RuleTarget, TemplateError> {
        for property in ["InputTransformer", "RoleArn", "SqsParameters"] {
            if !target[property].is_null() {
                let at = format!("{at}.{property}");
                return Err(TemplateError::at(at, "is not supported locally"));
            }
        }
        self.check_target(&arn, &format!("{at}.Arn"))?;
        let input = match (&target["Input"], &target["InputPath"]) {
            (Value::Null, Value::Null) => TargetInput::Event,
            (Value::String(text), Value::Null) => TargetInput::Constant(text.clone()),
            (Value::Null, Value::String(path)) => {
                TargetInput::Path(names_of(path).ok_or_else(|| unsupported_path(path, at))?)
            }
            _ => return Err(TemplateError::at(at, "has an invalid Input or InputPath")),
        };
        let dead_letters = &target["DeadLetterConfig"]["Arn"];
        let dead_letters = dead_letters.as_str().map(str::to_owned);
        if let Some(arn) = &dead_letters {
            self.check_target(arn, &format!("{at}.DeadLetterConfig.Arn"))?;
        }
        Ok(RuleTarget {
            arn,
            input,
            dead_letters,
        })
    }

    fn check_target(&self, arn: &str, at: &str) -> Result<(), TemplateError> {
        for kind in ["AWS::SQS::Queue", Function::KIND] {
            for (id, _) in self.resources_of(kind)? {
                let known = self.attribute(id, "Arn", at)?;
                // An alias of a function is the function, locally.
                let rest = arn.strip_prefix(&known);
                if rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':')) {
                    return Ok(());
                }
            }
        }
        let what = format!("`{arn}` is not a queue or function of this template");
        Err(TemplateError::at(at, what))
    }

    fn bus_name(&self, value: &Value, at: &str) -> Result<String, TemplateError> {
        let at = format!("{at}.EventBusName");
        let text = match value {
            Value::Null => return Ok(DEFAULT_BUS.to_owned()),
            value => resolve::text(value, &at)?,
        };
        let name = text
            .rsplit_once(":event-bus/")
            .map_or(text.as_str(), |(_, name)| name);
        if self.event_buses()?.iter().any(|known| known == name) {
            return Ok(name.to_owned());
        }
        let what = format!("`{name}` is not an event bus of this template");
        Err(TemplateError::at(at, what))
    }

    /// Returns the ARN of a rule of the template.
    pub(crate) fn arn_of_rule(&self, id: &str, at: &str) -> Result<String, TemplateError> {
        let bus = self.bus_name(&self.property(id, "EventBusName")?, at)?;
        Ok(rule_arn(&bus, &self.physical_name(id, at)?))
    }
}

fn rule_arn(bus: &str, name: &str) -> String {
    let path = match bus {
        DEFAULT_BUS => name.to_owned(),
        bus => format!("{bus}/{name}"),
    };
    format!("arn:{PARTITION}:events:{REGION}:{ACCOUNT}:rule/{path}")
}

/// `$.detail.order` has the names `detail` and `order`.
fn names_of(path: &str) -> Option<Vec<String>> {
    let rest = path.strip_prefix('$')?;
    let is_name = |name: &str| {
        !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
    };
    let names = rest.split('.').skip(1);
    let names: Option<Vec<_>> = names
        .map(|name| is_name(name).then(|| name.to_owned()))
        .collect();
    names.filter(|_| rest.is_empty() || rest.starts_with('.'))
}

fn unsupported_path(path: &str, at: &str) -> TemplateError {
    let what = format!("`{path}` is not supported locally; use names, such as `$.detail.order`");
    TemplateError::at(format!("{at}.InputPath"), what)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::json;

    use super::*;

    fn template(rule: &str, event: &str) -> Template {
        let text = format!(
            "
Resources:
  Bus: {{Type: 'AWS::Events::EventBus', Properties: {{Name: shop}}}}
  Orders: {{Type: 'AWS::SQS::Queue'}}
  Rule: {{Type: 'AWS::Events::Rule', Properties: {rule}}}
  F:
    Type: AWS::Serverless::Function
    Metadata: {{BuildProperties: {{Binary: f}}}}
    Properties: {{Events: {{Heard: {{Type: EventBridgeRule, Properties: {event}}}}}}}
"
        );
        Template::parse(&text, &BTreeMap::new()).unwrap()
    }

    const RULE: &str = "{EventBusName: !Ref Bus, EventPattern: {detail-type: [order.paid]}, Targets: [\
        {Id: a, Arn: !GetAtt Orders.Arn, InputPath: $.detail, DeadLetterConfig: {Arn: !GetAtt Orders.Arn}}]}";
    const EVENT: &str = "{Pattern: {source: [aws.s3]}}";

    #[test]
    fn rules_of_the_template_and_of_functions_are_read() {
        let template = template(RULE, EVENT);
        let rules = template.rules().unwrap();
        let [heard, rule] = rules.as_slice() else {
            panic!("two rules: {rules:?}")
        };
        let arn = "arn:aws:events:us-east-1:000000000000:rule";
        assert_eq!(
            (heard.name.as_str(), heard.bus.as_str()),
            ("sam-app-FHeard", "default")
        );
        assert_eq!(heard.arn, format!("{arn}/sam-app-FHeard"));
        assert_eq!(
            heard.targets[0].arn,
            "arn:aws:lambda:us-east-1:000000000000:function:sam-app-F"
        );
        assert_eq!(heard.targets[0].input, TargetInput::Event);
        assert_eq!(rule.arn, format!("{arn}/shop/sam-app-Rule"));
        assert_eq!(template.attribute("Rule", "Arn", "X").unwrap(), rule.arn);
        let queue = "arn:aws:sqs:us-east-1:000000000000:sam-app-Orders";
        assert_eq!(rule.targets[0].arn, queue);
        assert_eq!(rule.targets[0].dead_letters.as_deref(), Some(queue));
        let event = json!({"detail-type": "order.paid", "detail": {"id": 1}});
        assert!(rule.pattern.matches(&event));
        assert_eq!(rule.targets[0].input.of(&event).unwrap(), "{\"id\":1}");
        assert_eq!(template.event_buses().unwrap(), ["default", "shop"]);
    }

    #[test]
    fn a_path_selects_a_part() {
        let event = json!({"detail": {"order": {"id": 1}, "text": "a"}});
        for (path, expected) in [
            ("$", Some(event.to_string())),
            ("$.detail.order", Some("{\"id\":1}".to_owned())),
            ("$.detail.text", Some("\"a\"".to_owned())),
            ("$.detail.none", None),
        ] {
            let input = TargetInput::Path(names_of(path).unwrap());
            assert_eq!(input.of(&event), expected, "{path}");
        }
        for path in ["", "detail", "$detail", "$.a[0]", "$..a"] {
            assert_eq!(names_of(path), None, "{path}");
        }
    }

    #[test]
    fn a_disabled_rule_is_left_out() {
        let template = template(
            &RULE.replace("{EventBusName", "{State: DISABLED, EventBusName"),
            "{Pattern: {source: [a]}, State: DISABLED}",
        );
        assert_eq!(template.rules().unwrap(), []);
    }

    #[test]
    fn an_unsupported_construct_is_an_error() {
        for (rule, event, expected) in [
            (
                "{ScheduleExpression: rate(1 day)}",
                EVENT,
                "Rule.Properties.ScheduleExpression: is not supported locally; use a `Schedule` event of a function",
            ),
            (
                "{EventPattern: {a: [1]}, EventBusName: other}",
                EVENT,
                "Rule.Properties.EventBusName: `other` is not an event bus of this template",
            ),
            (
                "{EventPattern: {a: [1]}, Targets: [{Arn: 'arn:aws:sns:x'}]}",
                EVENT,
                "Rule.Properties.Targets.0.Arn: `arn:aws:sns:x` is not a queue or function of this template",
            ),
            (
                "{EventPattern: {a: [1]}, Targets: [{Arn: !GetAtt Orders.Arn, InputTransformer: {}}]}",
                EVENT,
                "Rule.Properties.Targets.0.InputTransformer: is not supported locally",
            ),
            (
                "{EventPattern: {a: [1]}, Targets: [{Arn: !GetAtt Orders.Arn, InputPath: '$.a[0]'}]}",
                EVENT,
                "Rule.Properties.Targets.0.InputPath: `$.a[0]` is not supported locally; use names, such as `$.detail.order`",
            ),
            (
                RULE,
                "{Pattern: {source: [{cidr: 10.0.0.0/8}]}}",
                "F.Properties.Events.Heard.Properties.Pattern.source: has a comparison `cidr` that is invalid or not \
                 supported locally",
            ),
        ] {
            let error = template(rule, event).rules().unwrap_err().to_string();
            assert_eq!(error, format!("Resources.{expected}"));
        }
    }
}

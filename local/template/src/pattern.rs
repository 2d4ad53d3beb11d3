//! Event patterns of rules and filters.
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>

use serde_json::{Map, Value};

use crate::{TemplateError, matcher::Matcher};

/// A pattern of events: for each field the matching values, or a nested pattern.
#[derive(Debug, Clone, PartialEq)]
pub struct EventPattern {
    fields: Vec<(String, Field)>,
    /// The alternatives of each `$or`.
    alternatives: Vec<Vec<EventPattern>>,
}

#[derive(Debug, Clone, PartialEq)]
enum Field {
    Nested(EventPattern),
    /// One of these is enough.
    OneOf(Vec<Matcher>),
}

impl EventPattern {
    /// Reads a pattern. The error names a construct that is not supported.
    pub(crate) fn read(pattern: &Map<String, Value>, at: &str) -> Result<Self, TemplateError> {
        let mut read = Self {
            fields: Vec::new(),
            alternatives: Vec::new(),
        };
        for (name, value) in pattern {
            let at = format!("{at}.{name}");
            match (name.as_str(), value) {
                ("$or", Value::Array(values)) => {
                    read.alternatives.push(alternatives(values, &at)?);
                }
                (name, _) if name.starts_with('$') => {
                    return Err(TemplateError::at(at, "is not supported locally"));
                }
                (_, Value::Object(inner)) => {
                    let inner = Self::read(inner, &at)?;
                    read.fields.push((name.clone(), Field::Nested(inner)));
                }
                (_, Value::Array(values)) if !values.is_empty() => {
                    let matchers = values.iter().map(|value| Matcher::read(value, &at));
                    let matchers = matchers.collect::<Result<_, _>>()?;
                    read.fields.push((name.clone(), Field::OneOf(matchers)));
                }
                _ => {
                    return Err(TemplateError::at(
                        at,
                        "is neither a list of values nor a mapping",
                    ));
                }
            }
        }
        Ok(read)
    }

    /// Reads a pattern in a property: a mapping, or JSON as text.
    pub(crate) fn read_property(value: &Value, at: &str) -> Result<Self, TemplateError> {
        match value {
            Value::Object(pattern) => Self::read(pattern, at),
            Value::String(text) => {
                let pattern: Map<String, Value> = serde_json::from_str(text)
                    .map_err(|_| TemplateError::at(at, "is not a JSON object, as text"))?;
                Self::read(&pattern, at)
            }
            _ => Err(TemplateError::at(at, "is not a mapping")),
        }
    }

    /// Whether `event` matches: each field of the pattern has one of its values.
    #[must_use]
    pub fn matches(&self, event: &Value) -> bool {
        self.matches_optional(Some(event))
    }

    /// Returns the exact values that the pattern names for this field.
    #[must_use]
    pub fn values(&self, field: &str) -> Vec<&Value> {
        let fields = self.fields.iter().filter(|(name, _)| name == field);
        let matchers = fields.flat_map(|(_, field)| match field {
            Field::OneOf(matchers) => matchers.as_slice(),
            Field::Nested(_) => &[],
        });
        let values = matchers.filter_map(|matcher| match matcher {
            Matcher::Is(value) => Some(value),
            _ => None,
        });
        values.collect()
    }

    fn matches_optional(&self, event: Option<&Value>) -> bool {
        // One of a list of objects is enough.
        if let Some(Value::Array(events)) = event {
            return events.iter().any(|event| self.matches(event));
        }
        let has_field = |(name, field): &(String, Field)| {
            let value = event.and_then(|event| event.get(name));
            match field {
                Field::Nested(pattern) => pattern.matches_optional(value),
                Field::OneOf(matchers) => matchers.iter().any(|matcher| matcher.matches(value)),
            }
        };
        let has_one = |patterns: &Vec<Self>| patterns.iter().any(|one| one.matches_optional(event));
        self.fields.iter().all(has_field) && self.alternatives.iter().all(has_one)
    }
}

fn alternatives(values: &[Value], at: &str) -> Result<Vec<EventPattern>, TemplateError> {
    if values.len() < 2 {
        return Err(TemplateError::at(at, "must have at least two patterns"));
    }
    let alternatives = values.iter().enumerate().map(|(index, value)| {
        let at = format!("{at}.{index}");
        match value {
            Value::Object(pattern) => EventPattern::read(pattern, &at),
            _ => Err(TemplateError::at(at, "is not a mapping")),
        }
    });
    alternatives.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pattern(pattern: &Value) -> Result<EventPattern, String> {
        EventPattern::read_property(pattern, "X").map_err(|error| error.to_string())
    }

    #[test]
    fn a_pattern_names_values_of_fields() {
        let pattern = pattern(&json!({"source": ["a", "b"], "detail": {"n": [1], "tags": ["x"]}}));
        let pattern = pattern.unwrap();
        let event = |source: &str, n: i64, tags: Value| json!({"source": source, "detail": {"n": n, "tags": tags}, "more": 1});
        assert!(pattern.matches(&event("a", 1, json!(["y", "x"]))));
        assert!(pattern.matches(&event("b", 1, json!("x"))));
        assert!(!pattern.matches(&event("c", 1, json!("x"))));
        assert!(!pattern.matches(&event("a", 2, json!("x"))));
        assert!(!pattern.matches(&event("a", 1, json!([]))));
        assert!(!pattern.matches(&json!({"source": "a"})));
        assert_eq!(pattern.values("source"), ["a", "b"]);
    }

    #[test]
    fn one_pattern_of_an_or_is_enough() {
        let pattern = pattern(&json!({"a": [1], "$or": [{"b": [2]}, {"c": {"d": [3]}}]})).unwrap();
        assert!(pattern.matches(&json!({"a": 1, "b": 2})));
        assert!(pattern.matches(&json!({"a": 1, "c": {"d": 3}})));
        assert!(!pattern.matches(&json!({"a": 1, "b": 3})));
        assert!(!pattern.matches(&json!({"b": 2})));
    }

    #[test]
    fn a_missing_field_matches_only_its_absence() {
        let absent = pattern(&json!({"detail": {"error": [{"exists": false}]}})).unwrap();
        assert!(absent.matches(&json!({})));
        assert!(absent.matches(&json!({"detail": {"ok": 1}})));
        assert!(!absent.matches(&json!({"detail": {"error": null}})));
    }

    #[test]
    fn one_object_of_a_list_is_enough() {
        let pattern = pattern(&json!({"items": {"id": ["a"]}})).unwrap();
        assert!(pattern.matches(&json!({"items": [{"id": "b"}, {"id": "a"}]})));
        assert!(!pattern.matches(&json!({"items": [{"id": "b"}]})));
    }

    #[test]
    fn a_pattern_can_be_text() {
        assert!(
            pattern(&json!("{\"a\": [1]}"))
                .unwrap()
                .matches(&json!({"a": 1}))
        );
        assert_eq!(
            pattern(&json!("x")).unwrap_err(),
            "X: is not a JSON object, as text"
        );
    }

    #[test]
    fn an_unsupported_construct_is_an_error() {
        for (text, expected) in [
            (
                json!({"a": "b"}),
                "X.a: is neither a list of values nor a mapping",
            ),
            (
                json!({"a": []}),
                "X.a: is neither a list of values nor a mapping",
            ),
            (
                json!({"$or": [{"a": [1]}]}),
                "X.$or: must have at least two patterns",
            ),
            (json!({"$or": [1, 2]}), "X.$or.0: is not a mapping"),
            (json!({"$and": [1]}), "X.$and: is not supported locally"),
            (json!(1), "X: is not a mapping"),
        ] {
            assert_eq!(pattern(&text).unwrap_err(), expected);
        }
    }
}

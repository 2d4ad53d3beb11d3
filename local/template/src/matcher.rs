//! The comparisons of event patterns.
//! <https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html>

use serde_json::Value;

use crate::{TemplateError, resolve::single_entry, wildcard::matches_star};

/// A comparison with the value of a field.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Matcher {
    /// Equal to this text, number, boolean or null.
    Is(Value),
    /// A text with this form.
    Text(TextTest),
    /// Equal to none of these.
    IsNot(Vec<Value>),
    /// A text with none of these forms.
    NotText(Vec<TextTest>),
    /// Present, or absent.
    Exists(bool),
    /// A number for which all comparisons hold.
    Numeric(Vec<(Comparison, f64)>),
}

/// The form of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TextTest {
    kind: TextKind,
    text: String,
    ignores_case: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum TextKind {
    Prefix,
    Suffix,
    Whole,
    Wildcard,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    Equal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Matcher {
    pub(crate) fn read(value: &Value, at: &str) -> Result<Self, TemplateError> {
        let invalid = |what: &str| TemplateError::at(at, what);
        match value {
            Value::Array(_) => return Err(invalid("has a list in a list of values")),
            Value::Object(_) => {}
            literal => return Ok(Self::Is(literal.clone())),
        }
        let (operator, argument) = single_entry(value)
            .ok_or_else(|| invalid("has a comparison that does not have one operator"))?;
        match (operator, argument) {
            ("exists", Value::Bool(exists)) => Ok(Self::Exists(*exists)),
            ("numeric", Value::Array(parts)) => {
                Ok(Self::Numeric(comparisons(parts).ok_or_else(|| {
                    invalid("has an invalid numeric comparison")
                })?))
            }
            ("anything-but", argument) => anything_but(argument, at),
            _ => match TextTest::read(operator, argument) {
                Some(test) => Ok(Self::Text(test)),
                None => Err(invalid(&format!(
                    "has a comparison `{operator}` that is invalid or not supported locally"
                ))),
            },
        }
    }

    /// Whether the value of a field matches. For a list, one of its values is enough.
    pub(crate) fn matches(&self, value: Option<&Value>) -> bool {
        match (self, value) {
            (Self::Exists(exists), value) => *exists == value.is_some(),
            (_, None) => false,
            (_, Some(Value::Array(values))) => values.iter().any(|value| self.matches_one(value)),
            (_, Some(value)) => self.matches_one(value),
        }
    }

    fn matches_one(&self, value: &Value) -> bool {
        match self {
            Self::Is(wanted) => wanted == value,
            Self::IsNot(unwanted) => !unwanted.contains(value),
            Self::Text(test) => value.as_str().is_some_and(|text| test.holds(text)),
            Self::NotText(tests) => match value.as_str() {
                Some(text) => !tests.iter().any(|test| test.holds(text)),
                None => true,
            },
            Self::Exists(exists) => *exists,
            Self::Numeric(comparisons) => value.as_f64().is_some_and(|number| {
                comparisons
                    .iter()
                    .all(|(comparison, limit)| comparison.holds(number, *limit))
            }),
        }
    }
}

impl TextTest {
    fn read(operator: &str, argument: &Value) -> Option<Self> {
        let kind = match operator {
            "prefix" => TextKind::Prefix,
            "suffix" => TextKind::Suffix,
            "equals-ignore-case" => TextKind::Whole,
            "wildcard" => TextKind::Wildcard,
            _ => return None,
        };
        let (text, ignores_case) = match (argument, kind) {
            (Value::String(text), TextKind::Whole) => (text.to_lowercase(), true),
            // EventBridge refuses consecutive stars; escapes are not supported locally.
            (Value::String(text), TextKind::Wildcard)
                if text.contains("**") || text.contains('\\') =>
            {
                return None;
            }
            (Value::String(text), _) => (text.clone(), false),
            (argument, TextKind::Prefix | TextKind::Suffix) => {
                let (operator, text) = single_entry(argument)?;
                let text = text.as_str().filter(|_| operator == "equals-ignore-case")?;
                (text.to_lowercase(), true)
            }
            _ => return None,
        };
        Some(Self {
            kind,
            text,
            ignores_case,
        })
    }

    fn holds(&self, text: &str) -> bool {
        if self.ignores_case {
            return self.holds_exactly(&text.to_lowercase());
        }
        self.holds_exactly(text)
    }

    fn holds_exactly(&self, text: &str) -> bool {
        match self.kind {
            TextKind::Prefix => text.starts_with(&self.text),
            TextKind::Suffix => text.ends_with(&self.text),
            TextKind::Whole => text == self.text,
            TextKind::Wildcard => matches_star(&self.text, text),
        }
    }
}

impl Comparison {
    fn holds(self, number: f64, limit: f64) -> bool {
        match self {
            Self::Equal => number.total_cmp(&limit).is_eq(),
            Self::Less => number < limit,
            Self::LessOrEqual => number <= limit,
            Self::Greater => number > limit,
            Self::GreaterOrEqual => number >= limit,
        }
    }
}

/// Reads the argument of `anything-but`: values, or the form of texts.
fn anything_but(argument: &Value, at: &str) -> Result<Matcher, TemplateError> {
    let invalid = || TemplateError::at(at, "has an invalid `anything-but`");
    let is_literal = |value: &Value| value.is_string() || value.is_number();
    match argument {
        Value::Object(_) => {
            let (operator, words) = single_entry(argument).ok_or_else(invalid)?;
            // EventBridge refuses an empty text and a nested operator here.
            let is_text = |text: &Value| text.as_str().is_some_and(|text| !text.is_empty());
            let tests: Option<Vec<_>> = one_or_more(words)
                .iter()
                .map(|text| TextTest::read(operator, text).filter(|_| is_text(text)))
                .collect();
            tests.map(Matcher::NotText).ok_or_else(invalid)
        }
        argument => {
            let values = one_or_more(argument);
            if values.is_empty() || !values.iter().all(is_literal) {
                return Err(invalid());
            }
            Ok(Matcher::IsNot(values.to_vec()))
        }
    }
}

fn one_or_more(value: &Value) -> &[Value] {
    match value {
        Value::Array(values) => values,
        single => std::slice::from_ref(single),
    }
}

/// `[">", 0, "<=", 5]`
fn comparisons(parts: &[Value]) -> Option<Vec<(Comparison, f64)>> {
    if parts.is_empty() {
        return None;
    }
    let pairs = parts.chunks(2).map(|pair| {
        let [operator, number] = pair else {
            return None;
        };
        let comparison = match operator.as_str()? {
            "=" => Comparison::Equal,
            "<" => Comparison::Less,
            "<=" => Comparison::LessOrEqual,
            ">" => Comparison::Greater,
            ">=" => Comparison::GreaterOrEqual,
            _ => return None,
        };
        Some((comparison, number.as_f64()?))
    });
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn operators_compare_as_in_event_bridge() {
        for (matcher, matching, others) in [
            (
                json!("a"),
                vec![json!("a"), json!(["b", "a"])],
                vec![json!("A"), json!(1)],
            ),
            (json!(1), vec![json!(1)], vec![json!("1"), json!(2)]),
            (json!(null), vec![json!(null)], vec![json!(""), json!(0)]),
            (
                json!({"prefix": "ab"}),
                vec![json!("abc")],
                vec![json!("Abc"), json!("cab"), json!(1)],
            ),
            (
                json!({"prefix": {"equals-ignore-case": "aB"}}),
                vec![json!("Abc")],
                vec![json!("cab")],
            ),
            (
                json!({"suffix": ".png"}),
                vec![json!("a.png")],
                vec![json!("a.jpg")],
            ),
            (
                json!({"suffix": {"equals-ignore-case": ".PNG"}}),
                vec![json!("a.png")],
                vec![json!("a")],
            ),
            (
                json!({"equals-ignore-case": "Alice"}),
                vec![json!("aLICE")],
                vec![json!("alices")],
            ),
            (
                json!({"wildcard": "a*c?"}),
                vec![json!("abc?")],
                vec![json!("abcd"), json!("bc?")],
            ),
            (
                json!({"anything-but": "a"}),
                vec![json!("b"), json!(["a", "b"])],
                vec![json!("a")],
            ),
            (
                json!({"anything-but": ["a", 1]}),
                vec![json!("b"), json!(2)],
                vec![json!("a"), json!(1)],
            ),
            (
                json!({"anything-but": {"prefix": "a"}}),
                vec![json!("b")],
                vec![json!("ab")],
            ),
            (
                json!({"anything-but": {"suffix": ["a", "b"]}}),
                vec![json!("c")],
                vec![json!("xa"), json!("xb")],
            ),
            (
                json!({"anything-but": {"equals-ignore-case": "a"}}),
                vec![json!("b")],
                vec![json!("A")],
            ),
            (
                json!({"numeric": ["=", 3]}),
                vec![json!(3), json!(3.0)],
                vec![json!(4), json!("3")],
            ),
            (
                json!({"numeric": [">", 0, "<=", 5]}),
                vec![json!(5), json!(0.5)],
                vec![json!(0), json!(6)],
            ),
            (
                json!({"exists": true}),
                vec![json!(null), json!("")],
                vec![],
            ),
        ] {
            let read = Matcher::read(&matcher, "X").unwrap();
            for value in matching {
                assert!(read.matches(Some(&value)), "{matcher} {value}");
            }
            for value in others {
                assert!(!read.matches(Some(&value)), "{matcher} {value}");
            }
            assert!(!read.matches(None), "{matcher}");
        }
        let absent = Matcher::read(&json!({"exists": false}), "X").unwrap();
        assert!(absent.matches(None) && !absent.matches(Some(&json!(null))));
    }

    #[test]
    fn an_unsupported_comparison_is_an_error() {
        for (matcher, expected) in [
            (json!([1]), "has a list in a list of values"),
            (
                json!({}),
                "has a comparison that does not have one operator",
            ),
            (
                json!({"prefix": "a", "suffix": "b"}),
                "has a comparison that does not have one operator",
            ),
            (
                json!({"cidr": "10.0.0.0/8"}),
                "has a comparison `cidr` that is invalid or not supported locally",
            ),
            (
                json!({"prefix": 1}),
                "has a comparison `prefix` that is invalid or not supported locally",
            ),
            (
                json!({"exists": "yes"}),
                "has a comparison `exists` that is invalid or not supported locally",
            ),
            (
                json!({"numeric": [">"]}),
                "has an invalid numeric comparison",
            ),
            (json!({"anything-but": []}), "has an invalid `anything-but`"),
            (
                json!({"anything-but": {"cidr": "x"}}),
                "has an invalid `anything-but`",
            ),
            (
                json!({"anything-but": {"prefix": ""}}),
                "has an invalid `anything-but`",
            ),
            (
                json!({"anything-but": {"prefix": {"equals-ignore-case": "a"}}}),
                "has an invalid `anything-but`",
            ),
            (
                json!({"wildcard": "a**b"}),
                "has a comparison `wildcard` that is invalid or not supported locally",
            ),
            (
                json!({"wildcard": "a\\*b"}),
                "has a comparison `wildcard` that is invalid or not supported locally",
            ),
        ] {
            let error = Matcher::read(&matcher, "X").unwrap_err();
            assert_eq!(error.to_string(), format!("X: {expected}"));
        }
    }
}

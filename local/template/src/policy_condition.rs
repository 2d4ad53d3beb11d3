//! The supported conditions of IAM statements.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html>

use serde_json::Value;

use crate::{TemplateError, matches_wildcard, resolve};

/// One condition: a condition key of the request and a comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PolicyCondition {
    /// The condition key, for example `ses:FromAddress`.
    pub key: String,
    /// The comparison with the request's values of the key.
    pub test: Test,
}

/// How a condition compares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Test {
    /// The key is present and has one of these values.
    Is(Vec<String>),
    /// The key is present and matches one of these texts with wildcards.
    IsLike(Vec<String>),
    /// The key is absent or has one of these values.
    IsOrIsAbsent(Vec<String>),
    /// All values of the key are in this list. Also true for a key without values.
    AllAreOf(Vec<String>),
    /// The key is present.
    Present,
    /// The key is absent.
    Absent,
}

impl PolicyCondition {
    /// Whether a request with these values of the key meets the condition.
    #[must_use]
    pub fn holds(&self, found: Option<&[String]>) -> bool {
        let one_of =
            |values: &[String], found: &[String]| found.iter().any(|value| values.contains(value));
        match (&self.test, found) {
            (Test::Is(values) | Test::IsOrIsAbsent(values), Some(found)) => one_of(values, found),
            (Test::IsLike(patterns), Some(found)) => found.iter().any(|value| {
                patterns
                    .iter()
                    .any(|pattern| matches_wildcard(pattern, value))
            }),
            (Test::Is(_) | Test::IsLike(_) | Test::Present, None) | (Test::Absent, Some(_)) => {
                false
            }
            (Test::AllAreOf(values), Some(found)) => {
                found.iter().all(|value| values.contains(value))
            }
            (Test::IsOrIsAbsent(_) | Test::AllAreOf(_) | Test::Absent, None)
            | (Test::Present, Some(_)) => true,
        }
    }
}

/// Parses a `Condition`. A missing one is an empty list.
pub(crate) fn read(value: &Value, at: &str) -> Result<Vec<PolicyCondition>, TemplateError> {
    let mut found = Vec::new();
    for (operator, keys) in value.as_object().into_iter().flatten() {
        let at = format!("{at}.{operator}");
        for (key, values) in keys.as_object().into_iter().flatten() {
            let values = match values {
                Value::Array(values) => values.as_slice(),
                single => std::slice::from_ref(single),
            };
            let texts: Result<Vec<_>, _> = values
                .iter()
                .map(|value| resolve::text(value, &format!("{at}.{key}")))
                .collect();
            found.push(PolicyCondition {
                key: key.clone(),
                test: test(operator, texts?, &at)?,
            });
        }
    }
    Ok(found)
}

fn test(operator: &str, values: Vec<String>, at: &str) -> Result<Test, TemplateError> {
    match (operator, values.first().map(String::as_str)) {
        ("StringLike" | "ArnEquals" | "ArnLike", _) => Ok(Test::IsLike(values)),
        ("StringEquals" | "Bool", _) => Ok(Test::Is(values)),
        ("StringEqualsIfExists", _) => Ok(Test::IsOrIsAbsent(values)),
        ("ForAllValues:StringEquals", _) => Ok(Test::AllAreOf(values)),
        ("Null", Some("false")) => Ok(Test::Present),
        ("Null", Some("true")) => Ok(Test::Absent),
        _ => Err(TemplateError::at(at, "is not supported locally")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn holds(condition: &Value, found: Option<&[&str]>) -> bool {
        let conditions = read(condition, "X").unwrap();
        let found: Option<Vec<_>> =
            found.map(|found| found.iter().map(|&value| value.to_owned()).collect());
        conditions
            .iter()
            .all(|condition| condition.holds(found.as_deref()))
    }

    #[test]
    fn operators_compare_as_in_iam() {
        let of = |operator: &str| json!({operator: {"k": ["a", "b"]}});
        for (operator, found, expected) in [
            ("StringEquals", Some(&["a"][..]), true),
            ("StringEquals", Some(&["c"]), false),
            ("StringEquals", None, false),
            ("Bool", Some(&["a"]), true),
            ("ArnEquals", Some(&["b"]), true),
            ("ArnLike", Some(&["c"]), false),
            ("StringLike", None, false),
            ("StringEqualsIfExists", Some(&["b"]), true),
            ("StringEqualsIfExists", Some(&["c"]), false),
            ("StringEqualsIfExists", None, true),
            ("ForAllValues:StringEquals", Some(&["a", "b"]), true),
            ("ForAllValues:StringEquals", Some(&["a", "c"]), false),
            ("ForAllValues:StringEquals", None, true),
        ] {
            assert_eq!(
                holds(&of(operator), found),
                expected,
                "{operator} {found:?}"
            );
        }
        let present = json!({"Null": {"k": "false"}});
        assert!(holds(&present, Some(&["a"])) && !holds(&present, None));
        let absent = json!({"Null": {"k": true}});
        assert!(holds(&absent, None) && !holds(&absent, Some(&["a"])));
    }

    #[test]
    fn a_missing_condition_is_an_empty_list() {
        assert_eq!(read(&Value::Null, "X").unwrap(), Vec::new());
    }

    #[test]
    fn an_unsupported_operator_is_an_error() {
        let condition = json!({"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}});
        assert_eq!(
            read(&condition, "X").unwrap_err().to_string(),
            "X.IpAddress: is not supported locally"
        );
    }
}

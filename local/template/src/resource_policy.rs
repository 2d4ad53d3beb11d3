//! The statements of resource policies, which name principals.

use serde_json::Value;

use crate::{
    Statement, TemplateError,
    policy::{one_or_more, statement},
    resolve,
    wildcard::matches_wildcard,
};

/// One statement of a resource policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceStatement {
    /// The principals that it is about.
    pub principals: Vec<PolicyPrincipal>,
    /// The other parts.
    pub statement: Statement,
}

/// A principal in a resource policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PolicyPrincipal {
    /// Every principal: `*`.
    Everyone,
    /// An AWS service, such as `events.amazonaws.com`.
    Service(String),
    /// An account or a role, by its id or ARN.
    Aws(String),
}

impl ResourceStatement {
    pub(crate) fn read_all(document: &Value, at: &str) -> Result<Vec<Self>, TemplateError> {
        let statements = one_or_more(&document["Statement"]).iter().enumerate();
        statements
            .map(|(index, value)| {
                let at = format!("{at}.Statement.{index}");
                Ok(Self {
                    principals: principals(&value["Principal"], &format!("{at}.Principal"))?,
                    statement: statement(value, &at)?,
                })
            })
            .collect()
    }

    /// Whether the statement is about an AWS service.
    #[must_use]
    pub fn is_for_service(&self, service: &str) -> bool {
        self.principals.iter().any(|principal| match principal {
            PolicyPrincipal::Everyone => true,
            PolicyPrincipal::Service(name) => name == service,
            PolicyPrincipal::Aws(_) => false,
        })
    }

    /// Whether the statement applies to an action on a resource, in a request with these condition keys.
    #[must_use]
    pub fn applies(&self, action: &str, resource: &str, context: &[(&str, &str)]) -> bool {
        let Statement {
            actions,
            resources,
            conditions,
            ..
        } = &self.statement;
        let action = action.to_ascii_lowercase();
        let is_action = |pattern: &String| matches_wildcard(&pattern.to_ascii_lowercase(), &action);
        actions.iter().any(is_action)
            && resources
                .iter()
                .any(|pattern| matches_wildcard(pattern, resource))
            && conditions.iter().all(|condition| {
                // Names of condition keys are case-insensitive.
                let found = context
                    .iter()
                    .find(|(key, _)| key.eq_ignore_ascii_case(&condition.key));
                let values = found.map(|(_, value)| vec![(*value).to_owned()]);
                condition.holds(values.as_deref())
            })
    }
}

fn principals(value: &Value, at: &str) -> Result<Vec<PolicyPrincipal>, TemplateError> {
    let kinds = match value {
        Value::String(all) if all == "*" => return Ok(vec![PolicyPrincipal::Everyone]),
        Value::Object(kinds) if !kinds.is_empty() => kinds,
        _ => return Err(TemplateError::at(at, "is neither `*` nor a mapping")),
    };
    let mut found = Vec::new();
    for (kind, names) in kinds {
        for name in one_or_more(names) {
            let name = resolve::text(name, at)?;
            found.push(match kind.as_str() {
                "AWS" if name == "*" => PolicyPrincipal::Everyone,
                "AWS" => PolicyPrincipal::Aws(name),
                "Service" => PolicyPrincipal::Service(name),
                _ => {
                    let what = format!("has a kind `{kind}` that is not supported locally");
                    return Err(TemplateError::at(at, what));
                }
            });
        }
    }
    Ok(found)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn principals_are_read() {
        let read = |value: Value| principals(&value, "X").map_err(|error| error.to_string());
        let service = PolicyPrincipal::Service("events.amazonaws.com".to_owned());
        assert_eq!(read(json!("*")).unwrap(), [PolicyPrincipal::Everyone]);
        assert_eq!(
            read(json!({"AWS": ["*"]})).unwrap(),
            [PolicyPrincipal::Everyone]
        );
        assert_eq!(
            read(json!({"Service": "events.amazonaws.com"})).unwrap(),
            [service]
        );
        assert_eq!(
            read(json!(null)).unwrap_err(),
            "X: is neither `*` nor a mapping"
        );
        assert_eq!(
            read(json!({"Federated": "x"})).unwrap_err(),
            "X: has a kind `Federated` that is not supported locally"
        );
    }
}

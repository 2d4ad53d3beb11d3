//! What the statements of a role allow: IAM's evaluation of identity-based policies.
//! <https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html>

use sam_template::{Effect, Statement, matches_wildcard};

use super::Context;
use crate::calls::Grant;

/// Finds the first statement that allows a request, unless another one denies it. The error is the reason of a denial.
pub(super) fn decide<'a>(
    statements: &'a [Statement],
    action: &str,
    resource: &str,
    context: &Context,
) -> Result<(&'a Statement, Grant<'a>), String> {
    let mut allowed = None;
    for statement in statements {
        let Some(grant) = applies(statement, action, resource, context) else {
            continue;
        };
        if statement.effect == Effect::Deny {
            return Err("with an explicit deny in an identity-based policy".to_owned());
        }
        allowed = allowed.or(Some((statement, grant)));
    }
    allowed.ok_or_else(|| format!("because no identity-based policy allows the {action} action"))
}

/// Returns the action and the resource by which a statement applies to a request; `None` if it does not apply.
fn applies<'a>(
    statement: &'a Statement,
    action: &str,
    resource: &str,
    context: &Context,
) -> Option<Grant<'a>> {
    // Action names are case-insensitive; ARNs are case-sensitive.
    let action = action.to_ascii_lowercase();
    let is_action = |pattern: &String| matches_wildcard(&pattern.to_ascii_lowercase(), &action);
    let is_resource = |pattern: &String| matches_wildcard(pattern, resource);
    let grant = Grant {
        statement: &statement.at,
        action: statement.actions.iter().position(is_action)?,
        resource: statement.resources.iter().position(is_resource)?,
    };
    let holds = statement.conditions.iter().all(|condition| {
        let found = context.get(condition.key.as_str());
        condition.holds(found.map(Vec::as_slice))
    });
    holds.then_some(grant)
}

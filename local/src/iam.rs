//! Who calls an engine, and what the template's policies let them do.

use std::collections::{BTreeMap, HashMap};

use http::request::Parts;
use sam_template::{ACCOUNT, Effect, Function, PARTITION, Statement};
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use time::OffsetDateTime;

use crate::{
    keys::Keys,
    signature::{Signature, Unauthenticated},
};

/// The operator's access key id; it may do anything.
pub const OPERATOR_KEY: &str = "local";
/// The session token of the functions' keys.
pub(crate) const SESSION_TOKEN: &str = "local";

/// The callers an engine knows, by access key id.
#[derive(Debug, Default)]
pub struct Principals(HashMap<String, Principal>);

/// One caller.
#[derive(Debug)]
pub struct Principal {
    arn: String,
    secret: SecretString,
    rights: Rights,
}

#[derive(Debug)]
enum Rights {
    Everything,
    Policy(Vec<Statement>),
}

/// What policies can ask of a request besides action and resource: the values of its condition keys.
pub(crate) type Context = BTreeMap<&'static str, Vec<String>>;

/// A request without the right to what it asks for. The text is AWS's own.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("User: {caller} is not authorized to perform: {action} on resource: {resource} {why}")]
pub struct Denied {
    caller: String,
    action: String,
    resource: String,
    why: String,
}

/// The access key id of the function `logical_id`: each has its own, so that an engine knows who
/// calls. [`secret_key`](crate::secret_key) is what it signs with.
#[must_use]
pub fn function_key(logical_id: &str) -> String {
    format!("LOCAL{}", logical_id.to_ascii_uppercase())
}

impl Principals {
    /// The operator and `functions`, with their `keys`.
    pub(crate) fn new(functions: &[Function], keys: &Keys) -> Self {
        let operator = Principal {
            secret: keys.secret_of(OPERATOR_KEY),
            arn: format!("arn:{PARTITION}:iam::{ACCOUNT}:user/{OPERATOR_KEY}"),
            rights: Rights::Everything,
        };
        let functions = functions.iter().map(|function| {
            let key = function_key(&function.logical_id);
            let principal = Principal {
                secret: keys.secret_of(&key),
                arn: format!(
                    "arn:{PARTITION}:sts::{ACCOUNT}:assumed-role/{}/{}",
                    function.role, function.name
                ),
                rights: Rights::Policy(function.statements.clone()),
            };
            (key, principal)
        });
        Self(
            functions
                .chain([(OPERATOR_KEY.to_owned(), operator)])
                .collect(),
        )
    }

    /// The caller that signed the request `parts` with `body` to `service`, a short time before `now`.
    ///
    /// # Errors
    ///
    /// When there is no signature, or not the one that a known key makes.
    pub(crate) fn authenticate(
        &self,
        service: &'static str,
        (parts, body): (&Parts, &[u8]),
        now: OffsetDateTime,
    ) -> Result<&Principal, Unauthenticated> {
        let signature = Signature::read(&parts.headers)?;
        let principal = self
            .get(signature.access_key_id)
            .ok_or(Unauthenticated::UnknownKey)?;
        signature.verify((parts, body), principal.secret(), service, now)?;
        Ok(principal)
    }

    /// The caller with the access key id `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Principal> {
        self.0.get(key)
    }
}

impl Principal {
    /// What the caller signs with.
    pub(crate) fn secret(&self) -> &str {
        self.secret.expose_secret()
    }

    /// Whether the caller may do `action` to `resource`.
    ///
    /// # Errors
    ///
    /// When nothing allows it, or something denies it.
    pub fn check(&self, action: &str, resource: &str) -> Result<(), Denied> {
        self.check_in(action, resource, &Context::new())
    }

    /// Whether the caller may do `action` to `resource` by a request with this `context`.
    ///
    /// # Errors
    ///
    /// When nothing allows it, or something denies it.
    pub(crate) fn check_in(
        &self,
        action: &str,
        resource: &str,
        context: &Context,
    ) -> Result<(), Denied> {
        let Rights::Policy(statements) = &self.rights else {
            return Ok(());
        };
        let mut matching = statements
            .iter()
            .filter(|statement| applies(statement, action, resource, context))
            .peekable();
        let why = if matching.peek().is_none() {
            format!("because no identity-based policy allows the {action} action")
        } else if matching.any(|statement| statement.effect == Effect::Deny) {
            "with an explicit deny in an identity-based policy".to_owned()
        } else {
            return Ok(());
        };
        Err(Denied {
            caller: self.arn.clone(),
            action: action.to_owned(),
            resource: resource.to_owned(),
            why,
        })
    }
}

fn applies(statement: &Statement, action: &str, resource: &str, context: &Context) -> bool {
    // The names of actions know no case, ARNs do.
    let action = action.to_ascii_lowercase();
    let is_action = |pattern: &String| matches(&pattern.to_ascii_lowercase(), &action);
    statement.actions.iter().any(is_action)
        && statement
            .resources
            .iter()
            .any(|pattern| matches(pattern, resource))
        && statement.conditions.iter().all(|condition| {
            let found = context.get(condition.key.as_str());
            condition.holds(found.map(Vec::as_slice))
        })
}

/// IAM's wildcards: `*` is any text, `?` any one character.
fn matches(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    // Where to go on when a `*` has to swallow one more character.
    let mut retry = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                retry = Some((p + 1, t));
                p += 1;
            }
            Some(&byte) if byte == b'?' || byte == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match retry {
                Some((after_star, from)) => {
                    retry = Some((after_star, from + 1));
                    p = after_star;
                    t = from + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}

#[cfg(test)]
mod tests {
    use sam_template::{PolicyCondition, Test};

    use super::*;

    const TABLE: &str = "arn:aws:dynamodb:us-east-1:000000000000:table/users";

    fn principal(statements: &[(Effect, &str, &str)]) -> Principal {
        let statements = statements
            .iter()
            .map(|(effect, action, resource)| Statement {
                effect: *effect,
                actions: vec![(*action).to_owned()],
                resources: vec![(*resource).to_owned()],
                conditions: Vec::new(),
            })
            .collect();
        Principal {
            arn: "arn:aws:sts::000000000000:assumed-role/role/function".to_owned(),
            secret: SecretString::default(),
            rights: Rights::Policy(statements),
        }
    }

    #[test]
    fn wildcards_match_as_in_policies() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("a*c", "abbc", true),
            ("a*c", "abbd", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*/index/*", "table/a/index/b", true),
            ("a*b*c", "aXbYbZc", true),
            ("abc", "abcd", false),
            ("", "", true),
            ("", "a", false),
        ] {
            assert_eq!(matches(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn what_nothing_allows_is_denied() {
        let principal = principal(&[(Effect::Allow, "dynamodb:GetItem", TABLE)]);
        assert_eq!(principal.check("dynamodb:GetItem", TABLE), Ok(()));
        let denied = principal.check("dynamodb:PutItem", TABLE).unwrap_err();
        assert_eq!(
            denied.to_string(),
            "User: arn:aws:sts::000000000000:assumed-role/role/function is not authorized to \
             perform: dynamodb:PutItem on resource: \
             arn:aws:dynamodb:us-east-1:000000000000:table/users because no identity-based \
             policy allows the dynamodb:PutItem action"
        );
        let index = format!("{TABLE}/index/listing");
        assert!(principal.check("dynamodb:GetItem", &index).is_err());
    }

    #[test]
    fn a_deny_wins() {
        let principal = principal(&[
            (Effect::Allow, "dynamodb:*", "*"),
            (Effect::Deny, "DYNAMODB:deleteitem", TABLE),
        ]);
        assert_eq!(principal.check("dynamodb:GetItem", TABLE), Ok(()));
        let denied = principal.check("dynamodb:DeleteItem", TABLE).unwrap_err();
        assert!(
            denied
                .to_string()
                .ends_with("with an explicit deny in an identity-based policy")
        );
    }

    #[test]
    fn a_statement_counts_where_its_conditions_hold() {
        let mut principal = principal(&[(Effect::Allow, "ses:SendEmail", "*")]);
        let Rights::Policy(statements) = &mut principal.rights else {
            panic!("it has a policy")
        };
        statements[0].conditions.push(PolicyCondition {
            key: "ses:FromAddress".to_owned(),
            test: Test::Is(vec!["a@example.com".to_owned()]),
        });
        let from = |address: &str| {
            let context = Context::from([("ses:FromAddress", vec![address.to_owned()])]);
            principal.check_in("ses:SendEmail", "x", &context).is_ok()
        };
        assert!(from("a@example.com") && !from("b@example.com"));
        assert!(principal.check("ses:SendEmail", "x").is_err());
    }
}

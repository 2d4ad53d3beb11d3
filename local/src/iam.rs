//! Who calls an engine, and what the template's policies let them do.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use http::request::Parts;
use sam_template::{ACCOUNT, Effect, Function, PARTITION, Statement};
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use time::OffsetDateTime;

use crate::{
    calls::{Call, Cause, Grant, Recorder},
    keys::Keys,
    signature::{Signature, Unauthenticated},
};

/// The operator's access key id; it may do anything.
pub const OPERATOR_KEY: &str = "local";
/// The session token of the functions' keys.
pub(crate) const SESSION_TOKEN: &str = "local";

/// The principals that an engine knows, by access key id.
#[derive(Debug, Default)]
pub struct Principals {
    by_key: HashMap<String, Principal>,
    recorder: Arc<Recorder>,
}

/// The operator or a function: an access key and the rights behind it.
#[derive(Debug)]
pub struct Principal {
    arn: String,
    secret: SecretString,
    rights: Rights,
    recorder: Arc<Recorder>,
}

#[derive(Debug)]
enum Rights {
    /// The operator's.
    Everything,
    /// A function's: its logical id and the statements of its role.
    Policy(String, Vec<Statement>),
}

/// A principal in one request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller<'a> {
    principal: &'a Principal,
    cause: Cause<'a>,
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
    /// The operator and `functions`, with their `keys`; `recorder` records the calls of the functions.
    pub(crate) fn new(functions: &[Function], keys: &Keys, recorder: Recorder) -> Self {
        let recorder = Arc::new(recorder);
        let operator = Principal {
            secret: keys.secret_of(OPERATOR_KEY),
            arn: format!("arn:{PARTITION}:iam::{ACCOUNT}:user/{OPERATOR_KEY}"),
            rights: Rights::Everything,
            recorder: Arc::clone(&recorder),
        };
        let functions = functions.iter().map(|function| {
            let key = function_key(&function.logical_id);
            let principal = Principal {
                secret: keys.secret_of(&key),
                arn: format!(
                    "arn:{PARTITION}:sts::{ACCOUNT}:assumed-role/{}/{}",
                    function.role, function.name
                ),
                rights: Rights::Policy(
                    function.logical_id.clone(),
                    function.statements.clone(),
                ),
                recorder: Arc::clone(&recorder),
            };
            (key, principal)
        });
        let by_key = functions
            .chain([(OPERATOR_KEY.to_owned(), operator)])
            .collect();
        Self { by_key, recorder }
    }

    /// The caller that signed the request `parts` with `body` to `service`, a short time before `now`.
    ///
    /// # Errors
    ///
    /// When there is no signature, or not the one that a known key makes.
    pub(crate) fn authenticate<'a>(
        &'a self,
        service: &'static str,
        (parts, body): (&'a Parts, &[u8]),
        now: OffsetDateTime,
    ) -> Result<Caller<'a>, Unauthenticated> {
        let signature = Signature::read(&parts.headers)?;
        let principal = self
            .get(signature.access_key_id)
            .ok_or(Unauthenticated::UnknownKey)?;
        signature.verify((parts, body), principal.secret(), service, now)?;
        Ok(principal.because_of(Cause::of(&parts.headers)))
    }

    /// The principal with the access key id `key`.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Principal> {
        self.by_key.get(key)
    }

    /// The role of the function `logical_id`, as Lambda uses it.
    pub(crate) fn role_of(&self, logical_id: &str) -> Option<Caller<'_>> {
        let principal = self.get(&function_key(logical_id))?;
        Some(principal.because_of(Cause::Lambda))
    }

    /// Where the calls of the functions are recorded.
    pub(crate) fn recorder(&self) -> &Recorder {
        &self.recorder
    }
}

impl Principal {
    /// The secret access key.
    pub(crate) fn secret(&self) -> &str {
        self.secret.expose_secret()
    }

    /// The principal in a request that has this cause.
    pub(crate) fn because_of<'a>(&'a self, cause: Cause<'a>) -> Caller<'a> {
        Caller {
            principal: self,
            cause,
        }
    }
}

impl Caller<'_> {
    /// Checks that the caller may do `action` to `resource`, and records the call.
    ///
    /// # Errors
    ///
    /// When no statement allows it, or a statement denies it.
    pub(crate) fn check(&self, action: &str, resource: &str) -> Result<(), Denied> {
        self.check_in(action, resource, &Context::new())
    }

    /// Checks that the caller may do `action` to `resource` by a request with this `context`, and records the call.
    ///
    /// # Errors
    ///
    /// When no statement allows it, or a statement denies it.
    pub(crate) fn check_in(
        &self,
        action: &str,
        resource: &str,
        context: &Context,
    ) -> Result<(), Denied> {
        let principal = self.principal;
        let Rights::Policy(function, statements) = &principal.rights else {
            return Ok(());
        };
        let (allowed, why) = match decide(statements, action, resource, context) {
            Decision::Allowed(statement, grant) => (Some((statement, grant)), String::new()),
            Decision::Unmentioned => {
                let why = format!("because no identity-based policy allows the {action} action");
                (None, why)
            }
            Decision::Denied => {
                let why = "with an explicit deny in an identity-based policy";
                (None, why.to_owned())
            }
        };
        if principal.recorder.is_on() {
            let call = call(function, (action, resource), context, allowed);
            principal.recorder.record(&call, self.cause);
        }
        if allowed.is_some() {
            return Ok(());
        }
        Err(Denied {
            caller: principal.arn.clone(),
            action: action.to_owned(),
            resource: resource.to_owned(),
            why,
        })
    }
}

/// What the statements of a role say about one request.
enum Decision<'a> {
    Allowed(&'a Statement, Grant<'a>),
    Denied,
    /// No statement applies.
    Unmentioned,
}

/// Finds the first statement that allows a request, unless one denies it.
fn decide<'a>(
    statements: &'a [Statement],
    action: &str,
    resource: &str,
    context: &Context,
) -> Decision<'a> {
    let mut decision = Decision::Unmentioned;
    for statement in statements {
        let Some(grant) = applies(statement, action, resource, context) else {
            continue;
        };
        match (statement.effect, &decision) {
            (Effect::Deny, _) => return Decision::Denied,
            (Effect::Allow, Decision::Unmentioned) => {
                decision = Decision::Allowed(statement, grant);
            }
            (Effect::Allow, _) => {}
        }
    }
    decision
}

/// The parts of a statement by which it applies to a request.
fn applies<'a>(
    statement: &'a Statement,
    action: &str,
    resource: &str,
    context: &Context,
) -> Option<Grant<'a>> {
    // The names of actions know no case, ARNs do.
    let action = action.to_ascii_lowercase();
    let is_action = |pattern: &String| matches(&pattern.to_ascii_lowercase(), &action);
    let is_resource = |pattern: &String| matches(pattern, resource);
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

/// The line to record. Of a call that is allowed it has the resource of the grant: under a wildcard there is no end of others.
fn call<'a>(
    function: &'a str,
    (action, resource): (&'a str, &'a str),
    context: &'a Context,
    allowed: Option<(&'a Statement, Grant<'a>)>,
) -> Call<'a> {
    let Some((statement, grant)) = allowed else {
        return Call {
            function,
            action,
            resource,
            grant: None,
            conditions: BTreeMap::new(),
        };
    };
    let conditions = statement.conditions.iter().filter_map(|condition| {
        let key = condition.key.as_str();
        context.get(key).map(|values| (key, values.as_slice()))
    });
    Call {
        function,
        action,
        resource: &statement.resources[grant.resource],
        grant: Some(grant),
        conditions: conditions.collect(),
    }
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
                at: "Resources.Role.Statement.0".to_owned(),
                effect: *effect,
                actions: vec![(*action).to_owned()],
                resources: vec![(*resource).to_owned()],
                conditions: Vec::new(),
            })
            .collect();
        Principal {
            arn: "arn:aws:sts::000000000000:assumed-role/role/function".to_owned(),
            secret: SecretString::default(),
            rights: Rights::Policy("Function".to_owned(), statements),
            recorder: Arc::default(),
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
        let caller = principal.because_of(Cause::Lambda);
        assert_eq!(caller.check("dynamodb:GetItem", TABLE), Ok(()));
        let denied = caller.check("dynamodb:PutItem", TABLE).unwrap_err();
        assert_eq!(
            denied.to_string(),
            "User: arn:aws:sts::000000000000:assumed-role/role/function is not authorized to \
             perform: dynamodb:PutItem on resource: \
             arn:aws:dynamodb:us-east-1:000000000000:table/users because no identity-based \
             policy allows the dynamodb:PutItem action"
        );
        let index = format!("{TABLE}/index/listing");
        assert!(caller.check("dynamodb:GetItem", &index).is_err());
    }

    #[test]
    fn a_deny_wins() {
        let principal = principal(&[
            (Effect::Allow, "dynamodb:*", "*"),
            (Effect::Deny, "DYNAMODB:deleteitem", TABLE),
        ]);
        let caller = principal.because_of(Cause::Lambda);
        assert_eq!(caller.check("dynamodb:GetItem", TABLE), Ok(()));
        let denied = caller.check("dynamodb:DeleteItem", TABLE).unwrap_err();
        assert!(
            denied
                .to_string()
                .ends_with("with an explicit deny in an identity-based policy")
        );
    }

    #[test]
    fn a_statement_counts_where_its_conditions_hold() {
        let mut principal = principal(&[(Effect::Allow, "ses:SendEmail", "*")]);
        let Rights::Policy(_, statements) = &mut principal.rights else {
            panic!("it has a policy")
        };
        statements[0].conditions.push(PolicyCondition {
            key: "ses:FromAddress".to_owned(),
            test: Test::Is(vec!["a@example.com".to_owned()]),
        });
        let caller = principal.because_of(Cause::Lambda);
        let from = |address: &str| {
            let context = Context::from([("ses:FromAddress", vec![address.to_owned()])]);
            caller.check_in("ses:SendEmail", "x", &context).is_ok()
        };
        assert!(from("a@example.com") && !from("b@example.com"));
        assert!(caller.check("ses:SendEmail", "x").is_err());
    }
}

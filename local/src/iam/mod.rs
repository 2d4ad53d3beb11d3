//! The principals that call the engines, and what the policies of the template allow them.

mod policy;
#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use http::request::Parts;
use sam_template::{ACCOUNT, Function, PARTITION, PolicyPrincipal, Statement};
use secrecy::{ExposeSecret, SecretString};
use thiserror::Error;
use time::OffsetDateTime;

use self::policy::decide;
use crate::{
    calls::{Call, Cause, Grant, Recorder},
    keys::Keys,
    signature::{Signature, Unauthenticated},
    usage::Ledger,
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
    ledger: Arc<Ledger>,
}

/// The operator or a function: an access key and its permissions.
#[derive(Debug)]
pub struct Principal {
    arn: String,
    /// The ARN that resource policies name: of the user, or of the function's role.
    policy_arn: String,
    secret: SecretString,
    rights: Rights,
    recorder: Arc<Recorder>,
    ledger: Arc<Ledger>,
}

#[derive(Debug)]
enum Rights {
    /// The operator's: all actions.
    Everything,
    /// A function's: the logical id and the statements of its role.
    Policy(String, Vec<Statement>),
}

/// A principal in one request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Caller<'a> {
    principal: &'a Principal,
    cause: Cause<'a>,
}

/// The condition keys of a request, with their values.
pub(crate) type Context = BTreeMap<&'static str, Vec<String>>;

/// A request without permission. The text is AWS's own.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("User: {caller} is not authorized to perform: {action} on resource: {resource} {why}")]
pub struct Denied {
    caller: String,
    action: String,
    resource: String,
    why: String,
}

impl Denied {
    /// Whether no statement allows the request, and none denies it.
    pub(crate) fn is_implicit(&self) -> bool {
        !self.why.contains("explicit deny")
    }
}

/// Returns the access key id of a function. Each function has its own, so that engines can identify the caller. It signs with
/// its [`secret_key`](crate::secret_key).
#[must_use]
pub fn function_key(logical_id: &str) -> String {
    format!("LOCAL{}", logical_id.to_ascii_uppercase())
}

impl Principals {
    /// Creates the operator and one principal for each function. `recorder` records the calls of the functions, and `ledger`
    /// what they use.
    pub(crate) fn new(
        functions: &[Function],
        keys: &Keys,
        recorder: Recorder,
        ledger: Ledger,
    ) -> Self {
        let (recorder, ledger) = (Arc::new(recorder), Arc::new(ledger));
        let operator = Principal {
            secret: keys.secret_of(OPERATOR_KEY),
            arn: format!("arn:{PARTITION}:iam::{ACCOUNT}:user/{OPERATOR_KEY}"),
            policy_arn: format!("arn:{PARTITION}:iam::{ACCOUNT}:user/{OPERATOR_KEY}"),
            rights: Rights::Everything,
            recorder: Arc::clone(&recorder),
            ledger: Arc::clone(&ledger),
        };
        let functions = functions.iter().map(|function| {
            let key = function_key(&function.logical_id);
            let principal = Principal {
                secret: keys.secret_of(&key),
                policy_arn: format!("arn:{PARTITION}:iam::{ACCOUNT}:role/{}", function.role),
                arn: format!(
                    "arn:{PARTITION}:sts::{ACCOUNT}:assumed-role/{}/{}",
                    function.role, function.name
                ),
                rights: Rights::Policy(function.logical_id.clone(), function.statements.clone()),
                recorder: Arc::clone(&recorder),
                ledger: Arc::clone(&ledger),
            };
            (key, principal)
        });
        let by_key = functions
            .chain([(OPERATOR_KEY.to_owned(), operator)])
            .collect();
        Self {
            by_key,
            recorder,
            ledger,
        }
    }

    /// Authenticates a request to `service` by its signature, and returns the caller.
    ///
    /// # Errors
    ///
    /// If the signature is missing, invalid, expired at `now`, or of an unknown key.
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
        Ok(principal.with_cause(Cause::of(&parts.headers)))
    }

    /// Finds a principal by its access key id.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Principal> {
        self.by_key.get(key)
    }

    /// Returns the role of a function as the caller, for calls that the Lambda service makes with it.
    pub(crate) fn role_of(&self, logical_id: &str) -> Option<Caller<'_>> {
        let principal = self.get(&function_key(logical_id))?;
        Some(principal.with_cause(Cause::Lambda))
    }

    /// Returns the recorder of the functions' calls.
    pub(crate) fn recorder(&self) -> &Recorder {
        &self.recorder
    }

    /// Returns the recording of what the functions use.
    pub(crate) fn ledger(&self) -> &Ledger {
        &self.ledger
    }
}

impl Principal {
    /// Returns the secret access key.
    pub(crate) fn secret(&self) -> &str {
        self.secret.expose_secret()
    }

    /// Returns the principal as the caller of a request with this cause.
    pub(crate) fn with_cause<'a>(&'a self, cause: Cause<'a>) -> Caller<'a> {
        Caller {
            principal: self,
            cause,
        }
    }
}

impl Caller<'_> {
    /// Returns the recording of what the functions use.
    pub(crate) fn ledger(&self) -> &Ledger {
        &self.principal.ledger
    }

    /// Returns the id of the principal, as services store it: `AIDALOCAL` or `ROLE:FUNCTION`.
    pub(crate) fn id(&self) -> String {
        match &self.principal.rights {
            Rights::Everything => "AIDALOCAL".to_owned(),
            Rights::Policy(..) => {
                let (_, session) = self.principal.arn.split_once('/').unwrap_or_default();
                session.replace('/', ":")
            }
        }
    }

    /// Whether a resource policy's statement with these principals is about the caller. The operator may do everything, so no
    /// statement is about it.
    pub(crate) fn is_one_of(&self, principals: &[PolicyPrincipal]) -> bool {
        let is_function = matches!(self.principal.rights, Rights::Policy(..));
        is_function
            && principals.iter().any(|principal| match principal {
                PolicyPrincipal::Everyone => true,
                PolicyPrincipal::Aws(arn) => {
                    [&self.principal.arn, &self.principal.policy_arn].contains(&arn)
                }
                PolicyPrincipal::Service(_) => false,
            })
    }

    /// Returns the error of a request that something else than the caller's policies denies.
    pub(crate) fn denied(&self, action: &str, resource: &str, why: &str) -> Denied {
        Denied {
            caller: self.principal.arn.clone(),
            action: action.to_owned(),
            resource: resource.to_owned(),
            why: why.to_owned(),
        }
    }

    /// Records what a request used, if a function sent it.
    pub(crate) fn record_usage(&self, used: serde_json::Value) {
        if matches!(self.principal.rights, Rights::Policy(..)) {
            self.principal.ledger.record(self.cause, used);
        }
    }

    /// Checks that the policies allow an action on a resource, and records the call.
    ///
    /// # Errors
    ///
    /// If no statement allows the action, or a statement denies it.
    pub(crate) fn check(&self, action: &str, resource: &str) -> Result<(), Denied> {
        self.check_in(action, resource, &Context::new())
    }

    /// Checks that the policies allow an action on a resource in a request with this context, and records the call.
    ///
    /// # Errors
    ///
    /// If no statement allows the action, or a statement denies it.
    pub(crate) fn check_in(
        &self,
        action: &str,
        resource: &str,
        context: &Context,
    ) -> Result<(), Denied> {
        self.check_call((action, resource), context, false)
    }

    /// Checks a part of a transaction. AWS does not document whether `dynamodb:Attributes` is present for it, so the policies
    /// must allow the part with and without this key.
    ///
    /// # Errors
    ///
    /// If no statement allows the action, or a statement denies it.
    pub(crate) fn check_part(
        &self,
        action: &str,
        resource: &str,
        context: &Context,
    ) -> Result<(), Denied> {
        self.check_call((action, resource), context, true)?;
        let mut without = context.clone();
        without.remove("dynamodb:Attributes");
        self.check_call((action, resource), &without, true)
    }

    fn check_call(
        &self,
        (action, resource): (&str, &str),
        context: &Context,
        transaction: bool,
    ) -> Result<(), Denied> {
        let principal = self.principal;
        let Rights::Policy(function, statements) = &principal.rights else {
            return Ok(());
        };
        let decision = decide(statements, action, resource, context);
        if principal.recorder.is_on() {
            let allowed = decision.as_ref().ok().copied();
            let mut call = call(function, (action, resource), context, allowed);
            call.transaction = transaction;
            principal.recorder.record(&call, self.cause);
        }
        decision.map(drop).map_err(|why| Denied {
            caller: principal.arn.clone(),
            action: action.to_owned(),
            resource: resource.to_owned(),
            why,
        })
    }
}

/// Describes a call for the recording. An allowed call has the resource of its grant, so that calls under one wildcard are one
/// line.
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
            transaction: false,
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
        transaction: false,
        conditions: conditions.collect(),
    }
}

//! The embedded Parameter Store: the few operations that Cloakroom and its operator use, in the
//! wire format of the real one.

mod error;
mod filters;
mod name;
mod operations;
mod page;
mod store;

use std::sync::{Arc, Mutex, MutexGuard};

use axum::{Router, body::Body, extract::State};
use domain::Clock;
use http::{Request, Response};
use sam_template::{ACCOUNT, PARTITION, REGION};
use serde_json::Value;

use crate::{
    aws_json::{self, AwsError, Dialect},
    iam::{Caller, Principals},
};

pub(crate) use self::store::{Kind, NewParameter, ParameterStore};

/// The running Parameter Store.
pub(crate) struct Ssm {
    store: Mutex<ParameterStore>,
    principals: Arc<Principals>,
    clock: Clock,
}

impl Ssm {
    pub(crate) fn new(store: ParameterStore, principals: Arc<Principals>, clock: Clock) -> Self {
        Self {
            store: Mutex::new(store),
            principals,
            clock,
        }
    }

    /// The store as an HTTP service.
    pub(crate) fn into_router(self) -> Router {
        Router::new().fallback(handle).with_state(Arc::new(self))
    }

    async fn answer(&self, request: Request<Body>) -> Result<Value, AwsError> {
        let (parts, body) = aws_json::read(request).await?;
        let now = self.clock.now();
        let caller = self.principals.authenticate("ssm", (&parts, &body), now)?;
        let operation = Dialect::Ssm
            .operation(&parts.headers)
            .ok_or_else(|| AwsError::bare("UnknownOperationException"))?;
        self.run(operation, caller, &aws_json::parse(&body)?)
    }

    fn run(&self, operation: &str, caller: Caller<'_>, body: &Value) -> Result<Value, AwsError> {
        authorize(operation, caller, body)?;
        let mut store = self.lock();
        let answer = match operation {
            "PutParameter" => operations::put(&mut store, self.clock.now(), body),
            "GetParameter" => operations::get(&store, body),
            "GetParameters" => operations::get_many(&store, body),
            "GetParametersByPath" => operations::get_by_path(&store, body),
            "DeleteParameter" => operations::delete(&mut store, body),
            "DescribeParameters" => operations::describe(&store, body),
            _ => return Err(AwsError::bare("UnknownOperationException")),
        };
        answer.map_err(AwsError::from)
    }

    /// A panic while the lock was held cannot leave the store half-changed: see
    /// [`ParameterStore::put`].
    fn lock(&self) -> MutexGuard<'_, ParameterStore> {
        self.store
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

async fn handle(State(ssm): State<Arc<Ssm>>, request: Request<Body>) -> Response<Body> {
    match ssm.answer(request).await {
        Ok(answer) => Dialect::Ssm.success(&answer),
        Err(error) => Dialect::Ssm.error(&error),
    }
}

/// Checks the right to every parameter, or to the path, that `body` names.
fn authorize(operation: &str, caller: Caller<'_>, body: &Value) -> Result<(), AwsError> {
    let action = format!("ssm:{operation}");
    let check = |name: Option<&str>| caller.check(&action, &parameter_arn(name.unwrap_or("*")));
    match operation {
        // The right to a path covers everything below it; a trailing slash is another path.
        "GetParametersByPath" => check(body["Path"].as_str())?,
        "GetParameters" => {
            for name in body["Names"].as_array().into_iter().flatten() {
                check(name.as_str())?;
            }
        }
        // Listing knows no resource but the account.
        "DescribeParameters" => {
            caller.check(
                &action,
                &format!("arn:{PARTITION}:ssm:{REGION}:{ACCOUNT}:*"),
            )?;
        }
        _ => check(body["Name"].as_str())?,
    }
    Ok(())
}

/// The ARN of the parameter, or path, `name`.
fn parameter_arn(name: &str) -> String {
    let name = name.strip_prefix('/').unwrap_or(name);
    format!("arn:{PARTITION}:ssm:{REGION}:{ACCOUNT}:parameter/{name}")
}

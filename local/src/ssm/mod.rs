//! The SSM Parameter Store engine.
//! <https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html>

mod error;
mod filters;
mod name;
mod operations;
mod page;
mod store;

use std::sync::{Arc, Mutex, MutexGuard};

use axum::{Router, body::Body, extract::State};
use clock::Clock;
use http::{Request, Response};
use sam_template::{ACCOUNT, PARTITION, REGION};
use serde_json::{Value, json};

use crate::{
    aws_json::{self, AwsError, Dialect},
    iam::{Caller, Principals},
};

pub(crate) use self::store::{Kind, NewParameter, ParameterStore};

/// The Parameter Store engine.
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

    /// Returns the HTTP service.
    pub(crate) fn into_router(self) -> Router {
        Router::new().fallback(handle).with_state(Arc::new(self))
    }

    async fn handle(&self, request: Request<Body>) -> Result<Value, AwsError> {
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
        caller.record_usage(json!({"service": "ssm", "operation": operation}));
        let mut store = self.lock();
        let response = match operation {
            "PutParameter" => operations::put(&mut store, self.clock.now(), body),
            "GetParameter" => operations::get(&store, body),
            "GetParameters" => operations::get_many(&store, body),
            "GetParametersByPath" => operations::get_by_path(&store, body),
            "DeleteParameter" => operations::delete(&mut store, body),
            "DescribeParameters" => operations::describe(&store, body),
            _ => return Err(AwsError::bare("UnknownOperationException")),
        };
        response.map_err(AwsError::from)
    }

    /// Locks the store. A panic cannot leave it inconsistent: see [`ParameterStore::put`].
    fn lock(&self) -> MutexGuard<'_, ParameterStore> {
        self.store
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

async fn handle(State(ssm): State<Arc<Ssm>>, request: Request<Body>) -> Response<Body> {
    match ssm.handle(request).await {
        Ok(response) => Dialect::Ssm.success(&response),
        Err(error) => Dialect::Ssm.error(&error),
    }
}

/// Checks that the caller may access every parameter or the path in `body`.
fn authorize(operation: &str, caller: Caller<'_>, body: &Value) -> Result<(), AwsError> {
    let action = format!("ssm:{operation}");
    let check = |name: Option<&str>| caller.check(&action, &parameter_arn(name.unwrap_or("*")));
    match operation {
        // A permission on a path covers all parameters below it. A path with a trailing slash is a different resource.
        "GetParametersByPath" => check(body["Path"].as_str())?,
        "GetParameters" => {
            for name in body["Names"].as_array().into_iter().flatten() {
                check(name.as_str())?;
            }
        }
        // DescribeParameters has no resource other than the account.
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

/// Returns the ARN of a parameter or a path.
fn parameter_arn(name: &str) -> String {
    let name = name.strip_prefix('/').unwrap_or(name);
    format!("arn:{PARTITION}:ssm:{REGION}:{ACCOUNT}:parameter/{name}")
}

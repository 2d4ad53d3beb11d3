use serde_json::Value;

use super::super::{Deployment, Doctor, Finding};
use crate::aws::{AwsError, Service};

const LAMBDA: &str = "Lambda concurrency";
const PARAMETERS: &str = "Parameter Store throughput";

/// Seconds for one bcrypt hash of cost 12 in a function with one full vCPU (1,769 MB), measured. Each step of the cost
/// doubles it.
const HASH_SECONDS: f64 = 0.285;
/// The cost that was measured.
const HASH_COST: f64 = 12.0;
/// The number of simultaneous cold starts up to which no request fails with Parameter Store's standard throughput.
const COLD_STARTS: f64 = 1000.0;

/// Compares the quotas of the AWS account with the stack's throttles.
pub(in crate::doctor) async fn check(doctor: &Doctor, deployment: &Deployment) -> Vec<Finding> {
    if doctor.is_local() {
        return vec![Finding::not_local(LAMBDA), Finding::not_local(PARAMETERS)];
    }
    vec![
        lambda(doctor, deployment).await,
        parameter_store(doctor, deployment).await,
    ]
}

async fn lambda(doctor: &Doctor, deployment: &Deployment) -> Finding {
    let action = "lambda:GetAccountSettings";
    let path = "/2016-08-19/account-settings/";
    let settings = doctor.calls.get(action, Service::named("lambda"), path);
    match settings.await {
        Ok(settings) => rate(&settings, &Load::of(deployment)),
        Err(error) => Finding::failed(LAMBDA, &error),
    }
}

/// What the throttles of the API let through to the routes that hash passwords.
struct Load {
    /// Instances that one route can occupy.
    per_route: f64,
    routes: usize,
    /// `HashingRateLimit`.
    requests: f64,
}

impl Load {
    fn of(deployment: &Deployment) -> Self {
        let requests = deployment.number("HashingRateLimit");
        let cost = deployment.number("BcryptCost");
        let functions = deployment.template.functions().unwrap_or_default();
        let hashing = functions
            .iter()
            .filter(|function| function.environment.contains_key("BCRYPT_COST"));
        Self {
            per_route: requests * HASH_SECONDS * (cost - HASH_COST).exp2(),
            routes: hashing.map(|function| function.routes.len()).sum(),
            requests,
        }
    }
}

fn rate(settings: &Value, load: &Load) -> Finding {
    let limit = |name: &str| settings["AccountLimit"][name].as_f64();
    let (Some(all), Some(unreserved)) = (
        limit("ConcurrentExecutions"),
        limit("UnreservedConcurrentExecutions"),
    ) else {
        return Finding::not_checked(LAMBDA, "the account settings have no limits");
    };
    let one = load.per_route.ceil();
    #[expect(clippy::cast_precision_loss, reason = "there are few routes")]
    let every = (load.per_route * load.routes as f64).ceil();
    let text = format!(
        "{unreserved} of {all} instances are unreserved; the throttle of {} requests/s is {one} instances for one route \
         that hashes, {every} for all {}",
        load.requests, load.routes
    );
    let fix = format!(
        "aws service-quotas request-service-quota-increase --service-code lambda --quota-code L-B99A9384 \
         --desired-value {}, or deploy with a lower HashingRateLimit",
        (every + all - unreserved).max(1000.0)
    );
    if unreserved < one {
        return Finding::problem(LAMBDA, text, fix);
    }
    if unreserved < every {
        return Finding::warning(LAMBDA, text, fix);
    }
    Finding::ok(LAMBDA, text)
}

async fn parameter_store(doctor: &Doctor, deployment: &Deployment) -> Finding {
    const SETTING: &str = "/ssm/parameter-store/high-throughput-enabled";
    let (client, endpoint) = doctor.connection.ssm();
    let read = client
        .get_service_setting()
        .setting_id(SETTING)
        .send()
        .await;
    let value = match read {
        Ok(read) => read
            .service_setting
            .and_then(|setting| setting.setting_value),
        Err(error) => {
            let action = "ssm:GetServiceSetting";
            let error = AwsError::from_call(action, SETTING, &endpoint, &error);
            return Finding::failed(PARAMETERS, &error);
        }
    };
    let is_high = value.as_deref() == Some("true");
    throughput(is_high, deployment.number("ThrottlingBurstLimit"))
}

fn throughput(is_high: bool, burst: f64) -> Finding {
    let kind = if is_high { "high" } else { "standard" };
    let text = format!("the throughput is {kind}; up to {burst} instances can start at once");
    if is_high || burst <= COLD_STARTS {
        return Finding::ok(PARAMETERS, text);
    }
    let enable = "aws ssm update-service-setting --setting-id /ssm/parameter-store/high-throughput-enabled \
                  --setting-value true (AWS bills it by use)";
    Finding::warning(PARAMETERS, text, enable)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{super::super::report::Status, *};

    #[test]
    fn a_quota_below_the_throttles_is_reported() {
        let load = Load {
            per_route: 28.5,
            routes: 5,
            requests: 100.0,
        };
        let of = |unreserved: u32| {
            let limits =
                json!({"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": unreserved});
            rate(&json!({"AccountLimit": limits}), &load)
        };
        assert_eq!(of(143).status, Status::Ok);
        assert_eq!(of(142).status, Status::Warning);
        assert_eq!(of(29).status, Status::Warning);
        let problem = of(28);
        assert_eq!(problem.status, Status::Problem);
        assert!(
            problem.text.contains("29 instances for one route"),
            "{problem:?}"
        );
        assert!(problem.fix.unwrap().contains("--desired-value 1115"));
        assert_eq!(rate(&json!({}), &load).status, Status::NotChecked);
    }

    #[test]
    fn many_cold_starts_need_high_throughput() {
        assert_eq!(throughput(false, 200.0).status, Status::Ok);
        assert_eq!(throughput(false, 5000.0).status, Status::Warning);
        assert_eq!(throughput(true, 5000.0).status, Status::Ok);
    }
}

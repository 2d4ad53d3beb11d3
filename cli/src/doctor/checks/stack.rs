use super::super::{Deployment, Doctor, Finding};

const CHECK: &str = "stack";

/// Checks that the last deployment succeeded, and that it is of this version.
pub(in crate::doctor) fn check(doctor: &Doctor, deployment: &Deployment) -> Vec<Finding> {
    let mut findings = vec![rate(doctor, deployment)];
    let unknown = &deployment.unknown_parameters;
    if !unknown.is_empty() {
        let text = format!(
            "the stack has parameters that this version does not accept: {}",
            unknown.join(", ")
        );
        findings.push(Finding::warning(
            "version",
            text,
            "Use the version of this command that the stack was deployed with, or deploy this version",
        ));
    }
    let env = deployment.parameter("Env");
    if env != doctor.target.env.as_str() {
        let text = format!("the stack was deployed with Env={env}");
        let fix = format!("Pass --env {env}");
        findings.push(Finding::problem("stage", text, fix));
    }
    findings
}

fn rate(doctor: &Doctor, deployment: &Deployment) -> Finding {
    let Some(status) = &deployment.status else {
        return Finding::not_local(CHECK);
    };
    let text = format!("{} is {status}", deployment.stack);
    if status.ends_with("_IN_PROGRESS") {
        return Finding::warning(CHECK, text, "Wait until the deployment ends");
    }
    match status.as_str() {
        "CREATE_COMPLETE" | "UPDATE_COMPLETE" | "IMPORT_COMPLETE" => Finding::ok(CHECK, text),
        "UPDATE_ROLLBACK_COMPLETE" => Finding::warning(
            CHECK,
            format!("{text}: the last deployment failed, and the previous one is still there"),
            doctor.deploy(),
        ),
        _ => {
            let events = format!(
                "Find the first failure: aws cloudformation describe-stack-events --stack-name {}",
                deployment.stack
            );
            Finding::problem(CHECK, text, events)
        }
    }
}

use super::super::{Doctor, Finding};
use crate::secrets::{KeyState, KeyStateError, key_state};

const CHECK: &str = "signing keys";

/// Checks that the functions can sign and verify access tokens.
pub(in crate::doctor) async fn check(doctor: &Doctor) -> Vec<Finding> {
    match key_state(&doctor.target, doctor.clock.now()).await {
        Ok(state) => rate(doctor, &state),
        Err(KeyStateError::Aws(error)) => vec![Finding::failed(CHECK, &error)],
        Err(KeyStateError::Unusable(problem)) => vec![unusable(doctor, &problem)],
    }
}

fn unusable(doctor: &Doctor, problem: &str) -> Finding {
    let text = format!("the functions cannot use the keys: {problem}");
    // A private key without its public half, and no key at all, are completed by `init`.
    let fix = if problem.contains("there are no keys") || problem.contains("not published") {
        doctor.operator("secrets init")
    } else {
        let list = doctor.operator("secrets list");
        let path = doctor.target.parameter_path();
        let private = format!("aws ssm delete-parameter --name {path}/keys/private/KEY");
        let public =
            "aws dynamodb delete-item --table-name TABLE --key '{\"kid\": {\"S\": \"KEY\"}}'";
        let init = doctor.operator("secrets init");
        format!("{list} shows where the named key is: {private}, or {public}, then {init}")
    };
    Finding::problem(CHECK, text, fix)
}

fn rate(doctor: &Doctor, state: &KeyState) -> Vec<Finding> {
    let mut findings = vec![match &state.current {
        Some(kid) => {
            let published = state.published.len();
            let text = format!("{kid} signs access tokens; number of published keys: {published}");
            Finding::ok(CHECK, text)
        }
        None => Finding::problem(
            CHECK,
            "no private key signs yet, so sign-ins fail",
            doctor.operator("secrets init"),
        ),
    }];
    if state.is_rotation_unfinished {
        findings.push(Finding::problem(
            "key rotation",
            "a rotation was interrupted, so the next one cannot start",
            doctor.operator("secrets rotate-signing-key"),
        ));
    }
    if let Some((kid, from)) = &state.waiting {
        let text = format!("{kid} is published and starts to sign at {from}");
        findings.push(Finding::ok("key rotation", text));
    }
    findings
}

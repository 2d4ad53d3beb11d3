use super::super::{Doctor, Finding};
use crate::aws::Service;

const CHECK: &str = "account";

/// Shows which account and region are checked.
pub(in crate::doctor) async fn check(doctor: &Doctor) -> Vec<Finding> {
    if doctor.is_local() {
        return vec![Finding::not_local(CHECK)];
    }
    let region = doctor.connection.config().region();
    let region = region.map_or("unknown", AsRef::as_ref);
    vec![match identity(doctor).await {
        Ok((account, arn)) => {
            let text = format!("account {account}, region {region}, signed in as {arn}");
            Finding::ok(CHECK, text)
        }
        Err(finding) => finding,
    }]
}

/// Returns the account id and the ARN of the operator.
pub(super) async fn identity(doctor: &Doctor) -> Result<(String, String), Finding> {
    let action = "sts:GetCallerIdentity";
    let called = doctor
        .calls
        .query(action, Service::named("sts"), "2011-06-15", &[]);
    let called = called
        .await
        .map_err(|error| Finding::failed(CHECK, &error))?;
    let found = called.at(&["GetCallerIdentityResult"]);
    let text = |name| found.and_then(|found| found.text_of(name));
    Ok((
        text("Account").unwrap_or_default(),
        text("Arn").unwrap_or_default(),
    ))
}

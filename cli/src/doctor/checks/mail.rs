use aws_sdk_sesv2::{
    Client,
    operation::{get_account::GetAccountOutput, get_email_identity::GetEmailIdentityError},
    types::{SendQuota, SuppressionAttributes, SuppressionListReason},
};

use super::super::{Deployment, Doctor, Finding};
use crate::aws::AwsError;

const IDENTITY: &str = "SES identity";
const ACCOUNT: &str = "SES account";

/// Checks that SES sends the stack's mails.
pub(in crate::doctor) async fn check(doctor: &Doctor, deployment: &Deployment) -> Vec<Finding> {
    if doctor.is_local() {
        return vec![Finding::not_local(IDENTITY), Finding::not_local(ACCOUNT)];
    }
    let from = deployment.parameter("MailFrom");
    if from.is_empty() {
        let text = "the stack sends no mail: the parameter MailFrom is empty";
        return vec![Finding::not_used(IDENTITY, text)];
    }
    let (client, endpoint) = doctor.connection.ses();
    let mut findings = vec![identity(&client, &endpoint, &from).await];
    match client.get_account().send().await {
        Ok(account) => findings.extend(rate(&account, deployment.number("MailsPerDay"))),
        Err(error) => {
            let error = AwsError::from_call("ses:GetAccount", "*", &endpoint, &error);
            findings.push(Finding::failed(ACCOUNT, &error));
        }
    }
    findings
}

/// Finds the identity of the sender: the address itself, or its domain.
async fn identity(client: &Client, endpoint: &str, from: &str) -> Finding {
    let domain = from.rsplit_once('@').map_or(from, |(_, domain)| domain);
    let mut unverified = None;
    for identity in [from, domain] {
        let found = client.get_email_identity().email_identity(identity);
        match found.send().await {
            Ok(found) if found.verified_for_sending_status() => {
                return Finding::ok(IDENTITY, format!("{identity} is verified"));
            }
            Ok(_) => unverified = Some(identity),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(GetEmailIdentityError::is_not_found_exception) => {}
            Err(error) => {
                let action = "ses:GetEmailIdentity";
                let error = AwsError::from_call(action, identity, endpoint, &error);
                return Finding::failed(IDENTITY, &error);
            }
        }
    }
    match unverified {
        Some(identity) => Finding::problem(
            IDENTITY,
            format!("{identity} is not verified, so SES refuses all mails"),
            format!(
                "Add the DNS records, or open the link in SES's mail: aws sesv2 get-email-identity --email-identity {identity}"
            ),
        ),
        None => Finding::problem(
            IDENTITY,
            format!("SES knows neither {from} nor {domain}, so it refuses all mails"),
            format!("aws sesv2 create-email-identity --email-identity {domain}"),
        ),
    }
}

fn rate(account: &GetAccountOutput, mails_per_day: f64) -> Vec<Finding> {
    let mut findings = vec![sending(account)];
    if !account.production_access_enabled() {
        findings.push(Finding::warning(
            "SES sandbox",
            "SES is in the sandbox: it sends to verified addresses only",
            "Request production access: SES console, Account dashboard, Get set up",
        ));
    }
    let quota = account.send_quota().map(SendQuota::max24_hour_send);
    // -1 means no limit.
    if let Some(quota) = quota.filter(|quota| (0.0..mails_per_day).contains(quota)) {
        findings.push(Finding::problem(
            "SES quota",
            format!("SES sends {quota} mails a day, fewer than MailsPerDay ({mails_per_day})"),
            format!("Deploy with MailsPerDay={quota}, or request a higher quota for SES"),
        ));
    }
    findings.extend(suppression(account));
    findings
}

fn sending(account: &GetAccountOutput) -> Finding {
    let status = account.enforcement_status().unwrap_or("unknown");
    if !account.sending_enabled() || status == "SHUTDOWN" {
        let text = format!("SES does not send mails of this account (status {status})");
        let enable = "aws sesv2 put-account-sending-attributes --sending-enabled";
        return Finding::problem(ACCOUNT, text, enable);
    }
    if status == "PROBATION" {
        let text = "SES reviews this account: too many mails bounced";
        return Finding::warning(ACCOUNT, text, "Read the SES console, Reputation metrics");
    }
    Finding::ok(ACCOUNT, "SES sends mails of this account")
}

fn suppression(account: &GetAccountOutput) -> Option<Finding> {
    let reasons = account.suppression_attributes();
    let reasons = reasons
        .map(SuppressionAttributes::suppressed_reasons)
        .unwrap_or_default();
    let is_on = [
        SuppressionListReason::Bounce,
        SuppressionListReason::Complaint,
    ]
    .iter()
    .all(|reason| reasons.contains(reason));
    (!is_on).then(|| {
        Finding::warning(
            "SES suppression list",
            "SES sends again to addresses that bounced or complained",
            "aws sesv2 put-account-suppression-attributes --suppressed-reasons BOUNCE COMPLAINT",
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn account(quota: f64, is_enabled: bool) -> GetAccountOutput {
        let suppressed = SuppressionAttributes::builder()
            .suppressed_reasons(SuppressionListReason::Bounce)
            .suppressed_reasons(SuppressionListReason::Complaint);
        GetAccountOutput::builder()
            .sending_enabled(is_enabled)
            .production_access_enabled(true)
            .enforcement_status("HEALTHY")
            .send_quota(SendQuota::builder().max24_hour_send(quota).build())
            .suppression_attributes(suppressed.build())
            .build()
    }

    fn problems(account: &GetAccountOutput) -> Vec<String> {
        let findings = rate(account, 150.0).into_iter();
        let problems = findings.filter(|finding| finding.fix.is_some());
        problems.map(|finding| finding.check).collect()
    }

    #[test]
    fn a_low_quota_and_disabled_sending_are_problems() {
        assert!(problems(&account(200.0, true)).is_empty());
        assert!(problems(&account(-1.0, true)).is_empty());
        assert_eq!(problems(&account(149.0, true)), ["SES quota"]);
        assert_eq!(problems(&account(200.0, false)), [ACCOUNT]);
        let empty = GetAccountOutput::builder().sending_enabled(true).build();
        assert_eq!(problems(&empty), ["SES sandbox", "SES suppression list"]);
    }
}

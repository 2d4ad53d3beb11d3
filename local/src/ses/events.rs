//! The events of the addresses of SES's mailbox simulator. No other mail bounces here.
//! <https://docs.aws.amazon.com/ses/latest/dg/send-an-email-from-console.html>

use sam_template::{ACCOUNT, ConfigurationSet, REGION};
use serde_json::{Value, json};
use uuid::Uuid;

use super::outbox::Mail;

/// The domain of the mailbox simulator.
const SIMULATOR: &str = "simulator.amazonses.com";

/// Returns the events that SES sends for a mail: one for each recipient at the mailbox simulator whose kind of event the
/// configuration set sends.
pub(super) fn events(set: &ConfigurationSet, mail: &Mail) -> Vec<Value> {
    let events = mail.to.iter().filter_map(|to| {
        let (matching, kind, member, content) = outcome(to, &mail.sent_at)?;
        set.events
            .iter()
            .any(|name| name == matching)
            .then(|| event(set, mail, to, kind, member, &content))
    });
    events.collect()
}

/// Returns the type of the event and its content for an address of the simulator. An address may have a label:
/// `bounce+1@simulator.amazonses.com`.
fn outcome(address: &str, at: &str) -> Option<(&'static str, &'static str, &'static str, Value)> {
    let (local, domain) = address.rsplit_once('@')?;
    if !domain.eq_ignore_ascii_case(SIMULATOR) {
        return None;
    }
    let name = local.split_once('+').map_or(local, |(name, _)| name);
    let bounce = |sub_type: &str| {
        let content = json!({
            "feedbackId": Uuid::new_v4(), "bounceType": "Permanent", "bounceSubType": sub_type, "timestamp": at,
            "bouncedRecipients": [{"emailAddress": address, "action": "failed", "status": "5.1.1",
                "diagnosticCode": "smtp; 550 5.1.1 user unknown"}],
            "reportingMTA": format!("dns; {SIMULATOR}"),
        });
        ("BOUNCE", "Email Bounced", "bounce", content)
    };
    match name.to_ascii_lowercase().as_str() {
        "bounce" => Some(bounce("General")),
        "suppressionlist" => Some(bounce("Suppressed")),
        "complaint" => {
            let content = json!({
                "feedbackId": Uuid::new_v4(), "complaintSubType": null, "complaintFeedbackType": "abuse", "timestamp": at,
                "complainedRecipients": [{"emailAddress": address}],
            });
            Some((
                "COMPLAINT",
                "Email Complaint Received",
                "complaint",
                content,
            ))
        }
        // `success`, `ooto` and unknown names.
        _ => None,
    }
}

fn event(
    set: &ConfigurationSet,
    mail: &Mail,
    to: &str,
    kind: &str,
    member: &str,
    content: &Value,
) -> Value {
    let event_type = if member == "bounce" {
        "Bounce"
    } else {
        "Complaint"
    };
    json!({
        "version": "0",
        "id": Uuid::new_v4(),
        "detail-type": kind,
        "source": "aws.ses",
        "account": ACCOUNT,
        "time": mail.sent_at,
        "region": REGION,
        "resources": [format!("arn:aws:ses:{REGION}:{ACCOUNT}:configuration-set/{}", set.name)],
        "detail": {
            "eventType": event_type,
            "mail": {
                "timestamp": mail.sent_at,
                "source": mail.from,
                "sendingAccountId": ACCOUNT,
                "messageId": mail.id,
                "destination": [to],
                "tags": {"ses:configuration-set": [set.name], "ses:from-domain": [domain_of(&mail.from)]},
            },
            member: content,
        },
    })
}

fn domain_of(address: &str) -> &str {
    address.rsplit_once('@').map_or("", |(_, domain)| domain)
}

#[cfg(test)]
mod tests {
    use super::{super::outbox::tests::mail, *};

    fn kinds(matching: &[&str], to: &[&str]) -> Vec<(String, Value)> {
        let set = ConfigurationSet {
            name: "mails".to_owned(),
            events: matching.iter().map(|&name| name.to_owned()).collect(),
        };
        let mut mail = mail(1);
        mail.to = to.iter().map(|&to| to.to_owned()).collect();
        let kind = |event: Value| {
            let name = event["detail-type"].as_str().unwrap().to_owned();
            (name, event["detail"]["mail"]["destination"][0].clone())
        };
        events(&set, &mail).into_iter().map(kind).collect()
    }

    #[test]
    fn only_the_mailbox_simulator_causes_events_and_only_those_of_the_set() {
        let (bounce, complaint) = (
            "bounce+7@simulator.amazonses.com",
            "complaint@simulator.amazonses.com",
        );
        let other = ["success@simulator.amazonses.com", "bounce@example.com"];
        let all = ["BOUNCE", "COMPLAINT"];
        assert_eq!(kinds(&all, &other), []);
        assert_eq!(kinds(&[], &[bounce, complaint]), []);
        assert_eq!(
            kinds(&all, &[bounce, other[0], complaint]),
            [
                ("Email Bounced".to_owned(), json!(bounce)),
                ("Email Complaint Received".to_owned(), json!(complaint)),
            ]
        );
        assert_eq!(kinds(&["COMPLAINT"], &[bounce]), []);
    }
}

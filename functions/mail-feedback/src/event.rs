use domain::{Email, MailBlockReason};
use serde::Deserialize;
use serde_json::Value;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// What happened to a mail.
#[derive(Debug, PartialEq, Eq)]
pub struct Feedback {
    /// The address that the mail was sent to. The address that bounced can be another, to which it was forwarded.
    pub to: Email,
    pub mailed_at: OffsetDateTime,
    /// Why no more mail is sent to the address; `None` if the next mail may arrive.
    pub reason: Option<MailBlockReason>,
    /// SES's type of the bounce or the complaint, for the log.
    pub kind: String,
}

/// An event of SES in `EventBridge`'s envelope, without the members that are not needed
/// (<https://docs.aws.amazon.com/ses/latest/dg/event-publishing-retrieving-sns-contents.html>).
#[derive(Debug, Deserialize)]
struct Event {
    detail: Detail,
}

#[derive(Debug, Deserialize)]
struct Detail {
    mail: Mail,
    bounce: Option<Bounce>,
    complaint: Option<Complaint>,
}

#[derive(Debug, Deserialize)]
struct Mail {
    timestamp: String,
    destination: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Bounce {
    bounce_type: String,
    #[serde(default)]
    bounce_sub_type: String,
}

/// Both members are missing or null if the mail provider does not report them.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Complaint {
    complaint_feedback_type: Option<String>,
    complaint_sub_type: Option<String>,
}

/// Why an event has no effect: it is not what SES sends for a mail of the mailer.
#[derive(Debug, thiserror::Error)]
pub enum UnexpectedEvent {
    #[error("not an event of SES: {0}")]
    Json(#[from] serde_json::Error),
    #[error("an event of SES without {0}")]
    Without(&'static str),
}

/// Parses an event.
pub fn parse(event: &Value) -> Result<Feedback, UnexpectedEvent> {
    let Event { detail } = Event::deserialize(event)?;
    let (reason, kind) = match (detail.bounce, detail.complaint) {
        (Some(bounce), _) => of_bounce(&bounce),
        (None, Some(complaint)) => of_complaint(complaint),
        (None, None) => return Err(UnexpectedEvent::Without("a bounce or a complaint")),
    };
    // The mailer sends each mail to one address.
    let to = detail.mail.destination.first();
    let to = to.and_then(|address| Email::parse(address).ok());
    let mailed_at = OffsetDateTime::parse(&detail.mail.timestamp, &Rfc3339).ok();
    Ok(Feedback {
        to: to.ok_or(UnexpectedEvent::Without("an address"))?,
        mailed_at: mailed_at.ok_or(UnexpectedEvent::Without("the time of the mail"))?,
        reason,
        kind,
    })
}

/// A transient bounce, as of a full mailbox or an automatic reply, blocks nothing. SES has tried it again for hours.
fn of_bounce(bounce: &Bounce) -> (Option<MailBlockReason>, String) {
    let is_permanent = bounce.bounce_type == "Permanent";
    let kind = format!("{} {}", bounce.bounce_type, bounce.bounce_sub_type);
    (is_permanent.then_some(MailBlockReason::Bounce), kind)
}

/// `not-spam` is the report of a recipient who takes the mail out of the spam folder (RFC 5965, section 7.3).
fn of_complaint(complaint: Complaint) -> (Option<MailBlockReason>, String) {
    let kind = complaint.complaint_feedback_type;
    let is_not_spam = kind.as_deref() == Some("not-spam");
    let kind = kind.or(complaint.complaint_sub_type).unwrap_or_default();
    (
        (!is_not_spam).then_some(MailBlockReason::Complaint),
        format!("complaint {kind}"),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::*;

    /// An event with the members that matter.
    fn event(member: &str, content: &Value) -> Value {
        json!({"source": "aws.ses", "detail": {
            "mail": {"timestamp": "2026-01-01T00:00:00.123Z", "destination": ["Ada@example.com"]},
            member: content,
        }})
    }

    #[test]
    fn the_sample_event_is_a_permanent_bounce() {
        let event = include_str!("../../../events/mail-bounced.json");
        let feedback = parse(&serde_json::from_str(event).unwrap()).unwrap();
        assert_eq!(feedback.reason, Some(MailBlockReason::Bounce));
        assert_eq!(feedback.kind, "Permanent General");
    }

    #[test]
    fn permanent_bounces_and_complaints_block_and_other_events_do_not() {
        let (bounce, complaint) = (MailBlockReason::Bounce, MailBlockReason::Complaint);
        for (member, content, reason, kind) in [
            (
                "bounce",
                json!({"bounceType": "Permanent", "bounceSubType": "NoEmail"}),
                Some(bounce),
                "Permanent NoEmail",
            ),
            (
                "bounce",
                json!({"bounceType": "Permanent", "bounceSubType": "OnAccountSuppressionList"}),
                Some(bounce),
                "Permanent OnAccountSuppressionList",
            ),
            (
                "bounce",
                json!({"bounceType": "Transient", "bounceSubType": "MailboxFull"}),
                None,
                "Transient MailboxFull",
            ),
            (
                "bounce",
                json!({"bounceType": "Undetermined"}),
                None,
                "Undetermined ",
            ),
            (
                "complaint",
                json!({"complaintFeedbackType": "abuse"}),
                Some(complaint),
                "complaint abuse",
            ),
            (
                "complaint",
                json!({"complaintSubType": null, "complaintFeedbackType": "not-spam"}),
                None,
                "complaint not-spam",
            ),
            (
                "complaint",
                json!({"complaintSubType": "OnAccountSuppressionList"}),
                Some(complaint),
                "complaint OnAccountSuppressionList",
            ),
            ("complaint", json!({}), Some(complaint), "complaint "),
        ] {
            let feedback = parse(&event(member, &content)).unwrap();
            assert_eq!((feedback.reason, feedback.kind.as_str()), (reason, kind));
            assert_eq!(feedback.to.canonical(), "ada@example.com");
            assert_eq!(feedback.mailed_at, datetime!(2026-01-01 00:00:00.123 UTC));
        }
    }

    #[test]
    fn other_events_are_errors() {
        for event in [
            json!({}),
            event("delivery", &json!({})),
            event("bounce", &json!({})),
            json!({"detail": {"bounce": {"bounceType": "Permanent"}, "mail": {"timestamp": "x", "destination": ["a@b.example"]}}}),
            json!({"detail": {"bounce": {"bounceType": "Permanent"}, "mail": {"timestamp": "2026-01-01T00:00:00Z", "destination": []}}}),
        ] {
            parse(&event).unwrap_err();
        }
    }
}

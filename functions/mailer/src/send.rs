use std::time::Duration;

use aws_sdk_sesv2::{
    Client,
    config::{Builder, retry::RetryConfig, timeout::TimeoutConfig},
    error::{BuildError, ProvideErrorMetadata as _, SdkError},
    operation::send_email::SendEmailError,
    types::{Body, Content, Destination, EmailContent, Message},
};
use domain::Email;
use settings::{Env, aws::SdkConfig};

use crate::mail::Mail;

/// The timeout of a request to SES, without retries: SES may send the mail of a request that timed out, and a retry would
/// send it twice. Two timeouts fit into the function's time.
const SEND_TIMEOUT: Duration = Duration::from_secs(20);

/// Sends mail with SES.
#[derive(Debug)]
pub struct Ses {
    client: Client,
    /// The sender; without one, no mail is sent.
    from: Option<String>,
    /// The configuration set, which sends events about bounces and complaints.
    configuration_set: Option<String>,
}

/// Why a mail was not sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// SES refuses this mail or its address permanently.
    #[error("{0}")]
    Refused(String),
    /// SES may accept it later.
    #[error("{0}")]
    Failed(String),
    /// There is no sender.
    #[error("MAIL_FROM is not set")]
    NoSender,
    /// The request is incomplete.
    #[error("{0}")]
    Request(#[from] BuildError),
}

impl Ses {
    /// Reads the sender from `MAIL_FROM`, the configuration set from `CONFIGURATION_SET`, and another endpoint from `AWS_ENDPOINT_URL_SESV2`.
    pub fn from_env(env: &Env, config: &SdkConfig) -> Self {
        let mut config = Builder::from(config);
        config.set_endpoint_url(env.get("AWS_ENDPOINT_URL_SESV2").map(str::to_owned));
        config.set_retry_config(Some(RetryConfig::disabled()));
        let timeout = TimeoutConfig::builder().operation_timeout(SEND_TIMEOUT);
        config.set_timeout_config(Some(timeout.build()));
        Self {
            client: Client::from_conf(config.build()),
            from: env.get("MAIL_FROM").map(str::to_owned),
            configuration_set: env.get("CONFIGURATION_SET").map(str::to_owned),
        }
    }

    /// Whether the stack sends mail.
    pub fn has_sender(&self) -> bool {
        self.from.is_some()
    }

    /// Sends a mail, in one attempt: if it fails, the stream delivers the order again.
    pub async fn send(&self, to: &Email, mail: &Mail) -> Result<(), SendError> {
        let from = self.from.as_ref().ok_or(SendError::NoSender)?;
        let to = address(to);
        let text = |data: &str| Content::builder().data(data).charset("UTF-8").build();
        let body = Body::builder()
            .text(text(&mail.text)?)
            .html(text(&mail.html)?)
            .build();
        let message = Message::builder()
            .subject(text(&mail.subject)?)
            .body(body)
            .build();
        let sent = self
            .client
            .send_email()
            .from_email_address(from)
            .set_configuration_set_name(self.configuration_set.clone())
            .destination(Destination::builder().to_addresses(&to).build())
            .content(EmailContent::builder().simple(message).build())
            .send()
            .await;
        let Err(error) = sent else {
            return Ok(());
        };
        let text = redacted(&settings::aws::explain(&error), &to);
        if is_final(&error, from) {
            Err(SendError::Refused(text))
        } else {
            Err(SendError::Failed(text))
        }
    }
}

/// Returns whether SES refuses this mail because of its address or content, or denies it because of the recipient's identity.
/// A paused account or a missing permission for the sender is not final, nor is an unverified sender, which SES names in the
/// message.
fn is_final<R>(error: &SdkError<SendEmailError, R>, from: &str) -> bool {
    error.as_service_error().is_some_and(|error| {
        let message = error.message().unwrap_or_default();
        if error.code() == Some("AccessDeniedException") {
            message.contains("identity/") && !names_sender(message, from)
        } else {
            let is_of_mail = error.is_bad_request_exception() || error.is_message_rejected();
            is_of_mail && !names_sender(message, from)
        }
    })
}

/// Returns whether a message names the sender: its address, or as an identity the address, its domain or a parent domain
/// (<https://docs.aws.amazon.com/ses/latest/dg/creating-identities.html>).
fn names_sender(message: &str, from: &str) -> bool {
    let from = from.to_ascii_lowercase();
    let domain = from.rsplit_once('@').map_or("", |(_, domain)| domain);
    let domain = format!(".{domain}");
    let message = message.to_ascii_lowercase();
    message.split([' ', ',', ':', '\'', '`', '"']).any(|word| {
        let identity = word.strip_prefix("identity/");
        let is_domain = |identity: &str| domain.ends_with(&format!(".{identity}"));
        identity.unwrap_or(word) == from || identity.is_some_and(is_domain)
    })
}

/// Replaces the recipient in a message of SES, because the log contains no e-mail addresses.
fn redacted(message: &str, to: &str) -> String {
    message.replace(to, "<recipient>")
}

/// Returns the address with an ASCII domain, which SES requires, and the local part as the owner entered it.
fn address(email: &Email) -> String {
    let local = email.display().rsplit_once('@');
    let domain = email.canonical().rsplit_once('@');
    match (local, domain) {
        (Some((local, _)), Some((_, domain))) => format!("{local}@{domain}"),
        _ => email.display().to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_an_ascii_domain_and_the_local_part_as_entered() {
        let email = Email::parse("Ada.L@B\u{fc}cher.Example").unwrap();
        assert_eq!(address(&email), "Ada.L@xn--bcher-kva.example");
    }

    #[test]
    fn a_denial_names_the_sender_by_its_address_or_a_domain_above_it() {
        let denial = |identity: &str| {
            format!(
                "not authorized to perform `ses:SendEmail' on resource `arn:aws:ses:us-east-1:123456789012:identity/{identity}'"
            )
        };
        let from = "app@mail.example.com";
        for identity in [
            "app@mail.example.com",
            "APP@mail.example.com",
            "mail.example.com",
            "example.com",
        ] {
            assert!(names_sender(&denial(identity), from), "{identity}");
        }
        for identity in [
            "ada@example.org",
            "ada@mail.example.com",
            "ail.example.com",
            "x.mail.example.com",
            "",
        ] {
            assert!(!names_sender(&denial(identity), from), "{identity}");
        }
        assert!(names_sender(
            "Email address is not verified: app@mail.example.com",
            from
        ));
        assert!(!names_sender(
            "Email address is not verified: ada@example.org",
            from
        ));
    }
}

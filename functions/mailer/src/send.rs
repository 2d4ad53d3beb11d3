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

use crate::texts::Mail;

/// The timeout of a request to SES, without retries: SES may send the mail of a request that timed out, and a retry would
/// send it twice. Two timeouts fit into the function's time.
const SEND_TIMEOUT: Duration = Duration::from_secs(20);

/// Sends mail with SES.
#[derive(Debug)]
pub struct Ses {
    client: Client,
    /// The sender; without one, no mail is sent.
    from: Option<String>,
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
    /// Reads the sender from `MAIL_FROM`, and another endpoint from `AWS_ENDPOINT_URL_SESV2`.
    pub fn from_env(env: &Env, config: &SdkConfig) -> Self {
        let mut config = Builder::from(config);
        config.set_endpoint_url(env.get("AWS_ENDPOINT_URL_SESV2").map(str::to_owned));
        config.set_retry_config(Some(RetryConfig::disabled()));
        let timeout = TimeoutConfig::builder().operation_timeout(SEND_TIMEOUT);
        config.set_timeout_config(Some(timeout.build()));
        Self {
            client: Client::from_conf(config.build()),
            from: env.get("MAIL_FROM").map(str::to_owned),
        }
    }

    /// Sends a mail, in one attempt: if it fails, the stream delivers the order again.
    pub async fn send(&self, to: &Email, mail: &Mail) -> Result<(), SendError> {
        let from = self.from.as_ref().ok_or(SendError::NoSender)?;
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
            .destination(Destination::builder().to_addresses(address(to)).build())
            .content(EmailContent::builder().simple(message).build())
            .send()
            .await;
        match sent {
            Ok(_) => Ok(()),
            Err(error) if is_final(&error, from) => {
                Err(SendError::Refused(settings::aws::explain(&error)))
            }
            Err(error) => Err(SendError::Failed(settings::aws::explain(&error))),
        }
    }
}

/// Returns whether SES refuses this mail because of its address or content. A paused account or a missing permission is
/// not final, nor is an unverified sender, which SES names in the message.
fn is_final<R>(error: &SdkError<SendEmailError, R>, from: &str) -> bool {
    let names_sender = |message: Option<&str>| {
        let mut words = message.unwrap_or_default().split([' ', ',', ':']);
        words.any(|word| word.eq_ignore_ascii_case(from))
    };
    error.as_service_error().is_some_and(|error| {
        let is_of_mail = error.is_bad_request_exception() || error.is_message_rejected();
        is_of_mail && !names_sender(error.message())
    })
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
}

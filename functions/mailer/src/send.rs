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

/// SES takes a mail once for each time that it is asked, also by who did not wait for its answer: so it is asked once, and
/// waited for. Two of a batch fit into the function's time.
const PATIENCE: Duration = Duration::from_secs(20);

/// The way to SES.
#[derive(Debug)]
pub struct Post {
    client: Client,
    /// Without a sender, nothing is sent.
    from: Option<String>,
}

/// Why a mail was not sent.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// SES will never take this mail to this address.
    #[error("{0}")]
    Refused(String),
    /// It may, later.
    #[error("{0}")]
    Failed(String),
    /// There is no address to send from.
    #[error("MAIL_FROM is not set")]
    NoSender,
    /// We left something out.
    #[error("{0}")]
    Request(#[from] BuildError),
}

impl Post {
    /// From `MAIL_FROM`, through SES; `AWS_ENDPOINT_URL_SESV2` sends it elsewhere.
    pub fn from_env(env: &Env, config: &SdkConfig) -> Self {
        let mut config = Builder::from(config);
        config.set_endpoint_url(env.get("AWS_ENDPOINT_URL_SESV2").map(str::to_owned));
        config.set_retry_config(Some(RetryConfig::disabled()));
        let patience = TimeoutConfig::builder().operation_timeout(PATIENCE).build();
        config.set_timeout_config(Some(patience));
        Self {
            client: Client::from_conf(config.build()),
            from: env.get("MAIL_FROM").map(str::to_owned),
        }
    }

    /// Sends a mail, in one attempt: the stream brings its order again when it fails.
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

/// What is wrong with this one mail: its address, or what it says. A paused account or a missing permission is not, nor
/// a sender that SES does not know yet: it names that one in its message.
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

/// SES takes domains in ASCII only. What is before the `@` is as the owner typed it.
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
    fn a_domain_goes_in_ascii_and_the_rest_as_typed() {
        let email = Email::parse("Ada.L@B\u{fc}cher.Example").unwrap();
        assert_eq!(address(&email), "Ada.L@xn--bcher-kva.example");
    }
}

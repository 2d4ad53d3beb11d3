use auth::{NoRandomness, email_token::EmailToken};
use domain::{Email, EmailTokenPurpose, Languages, Status, StoredEmailToken};
use metrics::Metric;
use store::{CredentialSummary, MailClaim, MailLimit, MailOrder, OrderRef, StoreError};

use crate::{
    App,
    mail::{self, Mail, Subject},
    send::SendError,
};

/// Why an order could not be fulfilled.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Send(#[from] SendError),
    #[error(transparent)]
    NoRandomness(#[from] NoRandomness),
    #[error("the texts of a language are damaged: {0}")]
    Texts(#[from] serde_json::Error),
}

impl OrderError {
    /// Whether the cause is this mail or its order, so that it would fail again and others do not. All other causes concern
    /// every mail, such as an outage or a sender that is not verified.
    pub fn is_of_this_mail(&self) -> bool {
        match self {
            Self::Store(StoreError::Corrupt(_) | StoreError::Request(_))
            | Self::Send(SendError::Refused(_) | SendError::Request(_))
            | Self::Texts(_) => true,
            Self::Store(StoreError::Unavailable(_) | StoreError::Conflict)
            | Self::Send(SendError::Failed(_) | SendError::NoSender)
            | Self::NoRandomness(_) => false,
        }
    }
}

/// Sends the mail of an order, or none if mail to the address is blocked, or if it needs an active account that the address does not have.
///
/// Lambda delivers an order at least once. A repeated delivery sends a second mail with its own token, because a duplicate
/// mail does less harm than a missing one.
pub async fn fulfil(
    app: &App,
    id: &str,
    order: &MailOrder,
    languages: &Languages,
) -> Result<(), OrderError> {
    if let Some(block) = app.blocks.find(order.email(), app.clock.now()).await? {
        let reason = block.reason.as_str();
        tracing::info!(kind = order.kind(), reason, "mail_blocked");
        return Ok(());
    }
    let write = |subject: Subject<'_>| mail::write(&app.product, languages, &subject);
    let mail = match order {
        MailOrder::Verify { user_id, email } => {
            let purpose = EmailTokenPurpose::Verify {
                user_id: *user_id,
                email: email.clone(),
            };
            let token = create_token(app, purpose).await?;
            Some((email.clone(), write(Subject::Verify(&token))?))
        }
        MailOrder::Reset { email } => match owner(app, email).await? {
            Some(Owner::Active(holder, address)) => {
                let purpose = EmailTokenPurpose::Reset {
                    user_id: holder.user_id,
                    // Not the address of the request, because an equivalent one may be another mailbox.
                    email: address.clone(),
                    epoch: holder.session_epoch,
                };
                let token = create_token(app, purpose).await?;
                Some((address, write(Subject::Reset(&token))?))
            }
            Some(Owner::Disabled) | None => None,
        },
        MailOrder::SignUp { email } => match owner(app, email).await? {
            Some(Owner::Active(_, address)) => Some((address, write(Subject::AccountExists)?)),
            Some(Owner::Disabled) => None,
            None => {
                let purpose = EmailTokenPurpose::SignUp {
                    email: email.clone(),
                };
                let token = create_token(app, purpose).await?;
                Some((email.clone(), write(Subject::SignUp(&token))?))
            }
        },
    };
    let Some((to, mail)) = mail else {
        tracing::info!(kind = order.kind(), "no_mail");
        return Ok(());
    };
    let order_ref = OrderRef {
        id,
        kind: order.kind(),
    };
    let claimed = app.limits.claim(order_ref, &to, app.clock.now()).await?;
    match claimed {
        MailClaim::Granted => deliver(app, order, &to, &mail).await,
        MailClaim::Refused(limit) => {
            if limit == MailLimit::Stack {
                metrics::count(Metric::MailLimitReached);
            }
            tracing::warn!(
                kind = order.kind(),
                limit = limit.as_str(),
                "mail_limit_reached"
            );
            Ok(())
        }
    }
}

async fn deliver(app: &App, order: &MailOrder, to: &Email, mail: &Mail) -> Result<(), OrderError> {
    app.ses.send(to, mail).await?;
    metrics::count(Metric::MailsSent);
    tracing::info!(kind = order.kind(), "mail_sent");
    Ok(())
}

enum Owner {
    Active(CredentialSummary, Email),
    Disabled,
}

/// Returns the account of an address, and the address to which its mail is sent.
async fn owner(app: &App, email: &Email) -> Result<Option<Owner>, StoreError> {
    let Some(holder) = app.credentials.find_summary(email).await? else {
        return Ok(None);
    };
    match holder.status {
        Status::Disabled => Ok(Some(Owner::Disabled)),
        Status::Active => {
            // `None` if the account was deleted meanwhile.
            let address = app.users.address(holder.user_id).await?;
            Ok(address.map(|address| Owner::Active(holder, address)))
        }
    }
}

async fn create_token(app: &App, purpose: EmailTokenPurpose) -> Result<EmailToken, OrderError> {
    let token = EmailToken::generate()?;
    let stored = StoredEmailToken::new(token.digest(), purpose, app.clock.now());
    app.tokens.keep(&stored).await?;
    Ok(token)
}

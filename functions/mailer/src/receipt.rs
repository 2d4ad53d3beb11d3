use domain::Languages;
use events::{Data, Event, OrderData};
use metrics::Metric;
use store::StoreError;

use crate::{
    App,
    mail::{self, Receipt, Subject},
    send::SendError,
};

/// Why no receipt could be sent. The event is delivered again.
#[derive(Debug, thiserror::Error)]
pub enum ReceiptError {
    /// A table does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// SES does not accept the mail.
    #[error(transparent)]
    Send(#[from] SendError),
    /// The texts are damaged, which the tests exclude.
    #[error(transparent)]
    Texts(#[from] serde_json::Error),
    /// The event is not one that the mailer hears.
    #[error("`{0}` is not an event for the mailer")]
    Unexpected(&'static str),
    /// This version does not know the currency of the price.
    #[error("the currency `{0}` is unknown")]
    UnknownCurrency(String),
}

/// Sends the receipt of an order that was paid: one for each order, however often the event is delivered. A kill after the mail
/// was sent and before this was recorded sends it again.
pub async fn send(app: &App, event: &Event) -> Result<(), ReceiptError> {
    let Data::Order(order) = &event.data else {
        return Err(ReceiptError::Unexpected(event.kind.name()));
    };
    if !app.ses.has_sender() {
        return Ok(());
    }
    send_once(app, event, order).await
}

async fn send_once(app: &App, event: &Event, order: &OrderData) -> Result<(), ReceiptError> {
    let now = app.clock.now();
    let order_id = order.order_id;
    if app.limits.is_receipt_sent(order_id).await? {
        return Ok(());
    }
    // `None` if the account was deleted meanwhile.
    let Some(to) = app.users.address(order.buyer_id).await? else {
        return Ok(());
    };
    if app.blocks.find(&to, now).await?.is_some() {
        return Ok(());
    }
    let price = order.price.money();
    let receipt = Receipt {
        title: order.title.clone(),
        price: price.ok_or_else(|| ReceiptError::UnknownCurrency(order.price.currency.clone()))?,
        order: order_id,
        paid_on: event.time.date(),
    };
    let subject = Subject::Receipt(&receipt);
    let mail = mail::write(&app.product, &Languages::default(), &subject);
    app.ses.send(&to, &mail?).await?;
    metrics::count(Metric::MailsSent);
    tracing::info!(kind = "receipt", "mail_sent");
    Ok(app.limits.receipt_sent(order_id, now).await?)
}

//! The mails, as text and as HTML. They contain no input of a request, which would let callers send arbitrary text to others
//! in the operator's name. Only a receipt has the title of the product, which its buyer has seen.

mod app;
mod language;
mod render;
#[cfg(test)]
mod tests;

use auth::email_token::EmailToken;
use domain::{Languages, Money, OrderId};
use time::Date;

pub use self::app::Product;
use self::{
    language::{Text, Texts, texts_for},
    render::render,
};

/// A mail without addresses. It has no `Debug`, because its link is a secret.
pub struct Mail {
    pub subject: String,
    pub text: String,
    pub html: String,
}

/// What a mail is about, with the token of its link.
pub enum Subject<'a> {
    /// Verifies the address of a new account.
    Verify(&'a EmailToken),
    /// Finishes a sign-up.
    SignUp(&'a EmailToken),
    /// Tells the owner of an account that the address was used for another sign-up.
    AccountExists,
    /// Lets the owner of an account choose a new password.
    Reset(&'a EmailToken),
    /// Confirms a purchase.
    Receipt(&'a Receipt),
}

/// A purchase.
#[derive(Debug)]
pub struct Receipt {
    /// The title of the product, which its seller wrote.
    pub title: String,
    pub price: Money,
    pub order: OrderId,
    pub paid_on: Date,
}

impl Subject<'_> {
    fn text<'t>(&self, texts: &'t Texts) -> &'t Text {
        match self {
            Self::Verify(_) => &texts.verify,
            Self::SignUp(_) => &texts.sign_up,
            Self::AccountExists => &texts.account_exists,
            Self::Reset(_) => &texts.reset,
            Self::Receipt(_) => &texts.receipt,
        }
    }

    /// What stands for the words in braces. The title is last, because it may contain such words.
    fn values(&self, product: &Product) -> Vec<(&'static str, String)> {
        let mut values = vec![("{app}", product.name().to_owned())];
        if let Self::Receipt(receipt) = self {
            values.extend([
                ("{price}", receipt.price.to_string()),
                ("{order}", receipt.order.to_string()),
                ("{date}", receipt.paid_on.to_string()),
                ("{title}", receipt.title.clone()),
            ]);
        }
        values
    }

    fn url(&self, product: &Product) -> String {
        match self {
            Self::Verify(token) => product.link("verify-email", token),
            Self::SignUp(token) => product.link("finish-sign-up", token),
            Self::AccountExists | Self::Receipt(_) => product.url().to_owned(),
            Self::Reset(token) => product.link("reset-password", token),
        }
    }
}

/// Writes a mail in the best language for its recipient.
///
/// # Errors
/// When the texts are damaged, which the tests exclude.
pub fn write(
    product: &Product,
    languages: &Languages,
    subject: &Subject<'_>,
) -> Result<Mail, serde_json::Error> {
    let (tag, texts) = texts_for(languages)?;
    let url = subject.url(product);
    Ok(render(
        (tag, texts.dir),
        subject.text(&texts),
        &subject.values(product),
        &url,
    ))
}

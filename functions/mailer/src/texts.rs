//! The texts of the mails. They contain no input of a request, which would let callers send arbitrary text to others in
//! the operator's name.

use auth::email_token::EmailToken;
use http_api::InitError;
use secrecy::ExposeSecret as _;
use settings::Env;

/// The page that the links open. Read from `APP_URL`.
#[derive(Debug)]
pub struct Page {
    url: String,
    /// The name of the page in texts: the host of its URL.
    name: String,
}

/// A mail without addresses. It has no `Debug`, because its link is a secret.
pub struct Mail {
    pub subject: String,
    pub text: String,
    pub html: String,
}

impl Page {
    /// Reads `APP_URL`.
    ///
    /// # Errors
    /// When it is not a URL.
    pub fn from_env(env: &Env) -> Result<Self, InitError> {
        let url = env.required("APP_URL")?;
        let invalid = InitError::Invalid("APP_URL", "a web address without query and fragment");
        let (_, rest) = url.split_once("://").ok_or(invalid)?;
        let name = rest.split('/').next().unwrap_or(rest).to_owned();
        Ok(Self { url, name })
    }

    /// Returns a link with the token in the fragment, which browsers send neither to the server nor in `Referer`.
    fn link(&self, action: &str, token: &EmailToken) -> String {
        format!("{}#{action}={}", self.url, token.to_text().expose_secret())
    }
}

/// The mail that verifies the address of a new account.
pub fn verify(page: &Page, token: &EmailToken) -> Mail {
    mail(
        format!("Confirm your address for {}", page.name),
        &[
            Line::Text(format!(
                "An account at {} was created with this email address. If you created it, open this link to confirm \
                 that the address is yours:",
                page.name
            )),
            Line::Link("Confirm the address", page.link("verify-email", token)),
            Line::Text("The link works once, for 24 hours.".to_owned()),
            Line::Text(format!(
                "If you did not create it, do not open the link. Choose \"Forgot your password?\" at {} instead: a new \
                 password signs out the person who created the account.",
                page.name
            )),
        ],
    )
}

/// The mail that finishes a sign-up.
pub fn sign_up(page: &Page, token: &EmailToken) -> Mail {
    mail(
        format!("Finish signing up at {}", page.name),
        &[
            Line::Text(format!(
                "A sign-up at {} was started with this email address. If you started it, open this link and enter your \
                 password:",
                page.name
            )),
            Line::Link("Finish signing up", page.link("finish-sign-up", token)),
            Line::Text(
                "This creates the account with that password. The link works once, for 24 hours."
                    .to_owned(),
            ),
            Line::Text(
                "If you did not start it, ignore this mail: no account is created.".to_owned(),
            ),
        ],
    )
}

/// The mail to the owner of an account after a sign-up with the same address.
pub fn account_exists(page: &Page) -> Mail {
    mail(
        format!("You have an account at {}", page.name),
        &[
            Line::Text(format!(
                "A sign-up at {} was started with this email address, which already has an account. Nothing has changed.",
                page.name
            )),
            Line::Text(
                "If you started it, sign in instead, or choose \"Forgot your password?\":"
                    .to_owned(),
            ),
            Line::Link("Go to the page", page.url.clone()),
            Line::Text("If you did not start it, ignore this mail.".to_owned()),
        ],
    )
}

/// The mail that lets the owner of an account choose a new password.
pub fn reset(page: &Page, token: &EmailToken) -> Mail {
    mail(
        format!("Choose a new password for {}", page.name),
        &[
            Line::Text(format!(
                "A new password was requested for your account at {}. If you requested it, open this link:",
                page.name
            )),
            Line::Link("Choose a new password", page.link("reset-password", token)),
            Line::Text(
                "A new password signs you out everywhere. The link works once, for one hour."
                    .to_owned(),
            ),
            Line::Text(
                "If you did not request it, ignore this mail: your password does not change."
                    .to_owned(),
            ),
        ],
    )
}

enum Line {
    Text(String),
    /// The text and the URL of a link.
    Link(&'static str, String),
}

fn mail(subject: String, lines: &[Line]) -> Mail {
    let text = lines.iter().map(|line| match line {
        Line::Text(text) => format!("{text}\n\n"),
        Line::Link(_, url) => format!("{url}\n\n"),
    });
    let html = lines.iter().map(|line| match line {
        Line::Text(text) => format!("<p>{}</p>\n", escape(text)),
        Line::Link(name, url) => format!("<p><a href=\"{}\">{name}</a></p>\n", escape(url)),
    });
    Mail {
        text: text.collect::<String>().trim_end().to_owned() + "\n",
        html: format!(
            "<!doctype html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>{}</title></head>\n\
             <body>\n{}</body>\n</html>\n",
            escape(&subject),
            html.collect::<String>()
        ),
        subject,
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(url: &str) -> Page {
        Page::from_env(&Env::from([("APP_URL", url)])).unwrap()
    }

    #[test]
    fn the_text_and_the_html_have_the_token_in_the_fragment() {
        let token = EmailToken::generate().unwrap();
        let text = token.to_text();
        for (mail, action) in [
            (
                verify(&page("https://app.example/"), &token),
                "verify-email",
            ),
            (
                reset(&page("https://app.example/"), &token),
                "reset-password",
            ),
            (
                sign_up(&page("https://app.example/"), &token),
                "finish-sign-up",
            ),
        ] {
            let link = format!("https://app.example/#{action}={}", text.expose_secret());
            assert!(
                mail.text.contains(&format!("\n\n{link}\n\n")),
                "{}",
                mail.text
            );
            assert!(
                mail.html.contains(&format!("href=\"{link}\"")),
                "{}",
                mail.html
            );
            assert!(mail.subject.contains("app.example"), "{}", mail.subject);
        }
    }

    #[test]
    fn the_url_of_the_page_is_escaped() {
        let mail = account_exists(&page("https://app.example:8443/<b>&\"'"));
        assert!(
            mail.html
                .contains("https://app.example:8443/&lt;b&gt;&amp;&quot;&#39;")
        );
        assert!(mail.subject.ends_with("at app.example:8443"));
    }

    #[test]
    fn mails_load_no_external_content() {
        let mail = account_exists(&page("https://app.example/"));
        for word in ["src=", "<img", "<link", "url(", "<style", "<script"] {
            assert!(!mail.html.contains(word), "{word}");
        }
    }
}

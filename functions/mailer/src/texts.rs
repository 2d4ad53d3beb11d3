//! What the mails say. Nothing in them comes from whoever caused them: such mail would be a way to send anything to
//! anybody in our name.

use auth::email_token::EmailToken;
use http_api::InitError;
use secrecy::ExposeSecret as _;
use settings::Env;

/// Where the links lead. Read from `APP_URL`.
#[derive(Debug)]
pub struct Page {
    url: String,
    /// How the page is called in texts: the host of its address.
    name: String,
}

/// A mail, without its addresses. It has no `Debug`: the link is a secret.
pub struct Mail {
    pub subject: String,
    pub text: String,
    pub html: String,
}

impl Page {
    /// The page at `APP_URL`.
    ///
    /// # Errors
    /// When that is no web address.
    pub fn from_env(env: &Env) -> Result<Self, InitError> {
        let url = env.required("APP_URL")?;
        let invalid = InitError::Invalid("APP_URL", "a web address without query and fragment");
        let (_, rest) = url.split_once("://").ok_or(invalid)?;
        let name = rest.split('/').next().unwrap_or(rest).to_owned();
        Ok(Self { url, name })
    }

    /// The token goes into the fragment, which a browser sends to no server and in no `Referer`.
    fn link(&self, what: &str, token: &EmailToken) -> String {
        format!("{}#{what}={}", self.url, token.to_text().expose_secret())
    }
}

/// To the owner of a new account.
pub fn verify(page: &Page, token: &EmailToken) -> Mail {
    mail(
        format!("Confirm your address for {}", page.name),
        &[
            Line::Text(format!(
                "Somebody opened an account at {} with this e-mail address. If it was you, open this link to confirm \
                 that the address is yours:",
                page.name
            )),
            Line::Link("Confirm the address", page.link("verify-email", token)),
            Line::Text("The link works once, for 24 hours.".to_owned()),
            Line::Text(
                "If it was not you, do not open it. You can choose \"Forgot your password?\" there: a new password \
                 shuts out whoever opened the account."
                    .to_owned(),
            ),
        ],
    )
}

/// To whoever may finish a sign-up.
pub fn sign_up(page: &Page, token: &EmailToken) -> Mail {
    mail(
        format!("Finish signing up at {}", page.name),
        &[
            Line::Text(format!(
                "Somebody wants to open an account at {} with this e-mail address. If it is you, open this link and \
                 enter your password:",
                page.name
            )),
            Line::Link("Finish signing up", page.link("finish-sign-up", token)),
            Line::Text(
                "This opens the account, with the password that you enter then. The link works once, for 24 hours."
                    .to_owned(),
            ),
            Line::Text("If it was not you, do nothing: there will be no account.".to_owned()),
        ],
    )
}

/// To the owner of an address that somebody signs up with once more.
pub fn taken(page: &Page) -> Mail {
    mail(
        format!("You have an account at {}", page.name),
        &[
            Line::Text(format!(
                "Somebody tried to sign up at {} with this e-mail address. It has an account already, and nothing has \
                 changed.",
                page.name
            )),
            Line::Text(
                "If it was you, sign in instead, or choose \"Forgot your password?\" there:"
                    .to_owned(),
            ),
            Line::Link("Go to the page", page.url.clone()),
            Line::Text("If it was not you, do nothing.".to_owned()),
        ],
    )
}

/// To the owner of an account.
pub fn reset(page: &Page, token: &EmailToken) -> Mail {
    mail(
        format!("Choose a new password for {}", page.name),
        &[
            Line::Text(format!(
                "Somebody asked for a new password for your account at {}. If it was you, open this link:",
                page.name
            )),
            Line::Link("Choose a new password", page.link("reset-password", token)),
            Line::Text(
                "A new password signs you out everywhere. The link works once, for an hour."
                    .to_owned(),
            ),
            Line::Text("If it was not you, do nothing: your password stays as it is.".to_owned()),
        ],
    )
}

enum Line {
    Text(String),
    /// What it is called, and where it leads.
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
    fn the_token_is_in_the_fragment_of_both_parts() {
        let token = EmailToken::generate().unwrap();
        let text = token.to_text();
        for (mail, what) in [
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
            let link = format!("https://app.example/#{what}={}", text.expose_secret());
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
    fn whatever_the_address_of_the_page_is_it_stays_text() {
        let mail = taken(&page("https://app.example:8443/<b>&\"'"));
        assert!(
            mail.html
                .contains("https://app.example:8443/&lt;b&gt;&amp;&quot;&#39;")
        );
        assert!(mail.subject.ends_with("at app.example:8443"));
    }

    #[test]
    fn no_mail_loads_anything() {
        let mail = taken(&page("https://app.example/"));
        for word in ["src=", "<img", "<link", "url(", "<style", "<script"] {
            assert!(!mail.html.contains(word), "{word}");
        }
    }
}

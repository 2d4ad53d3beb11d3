use auth::email_token::EmailToken;
use http_api::InitError;
use secrecy::ExposeSecret as _;
use settings::Env;

/// The app whose users get the mails.
#[derive(Debug)]
pub struct Product {
    /// The page that the links open.
    url: String,
    name: String,
}

impl Product {
    /// Reads the page from `APP_URL`, and the name from `APP_NAME`. Without a name, the mails name the host of the page.
    ///
    /// # Errors
    /// When the page is not a URL, or the name has control characters, which would end a header of the mail.
    pub fn from_env(env: &Env) -> Result<Self, InitError> {
        let url = env.required("APP_URL")?;
        let invalid = InitError::Invalid("APP_URL", "a web address without query and fragment");
        let (_, rest) = url.split_once("://").ok_or(invalid)?;
        let host = rest.split('/').next().unwrap_or(rest);
        let name = env.get("APP_NAME").map(str::trim);
        let name = name.filter(|name| !name.is_empty()).unwrap_or(host);
        if name.contains(char::is_control) {
            return Err(InitError::Invalid(
                "APP_NAME",
                "a name without control characters",
            ));
        }
        Ok(Self {
            url: url.clone(),
            name: name.to_owned(),
        })
    }

    pub fn url(&self) -> &str {
        &self.url
    }

    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns a link with the token in the fragment, which browsers send neither to the server nor in `Referer`.
    pub fn link(&self, action: &str, token: &EmailToken) -> String {
        format!("{}#{action}={}", self.url, token.to_text().expose_secret())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(app_name: &str) -> Result<String, InitError> {
        let env = Env::from([
            ("APP_URL", "https://app.example:8443/x"),
            ("APP_NAME", app_name),
        ]);
        Product::from_env(&env).map(|product| product.name)
    }

    #[test]
    fn without_a_name_mails_name_the_host_of_the_page() {
        assert_eq!(name("").unwrap(), "app.example:8443");
        assert_eq!(name(" ").unwrap(), "app.example:8443");
        assert_eq!(name("Tea & Cake ").unwrap(), "Tea & Cake");
    }

    #[test]
    fn a_name_cannot_add_a_header() {
        for text in ["a\r\nBcc: eve@example.com", "a\u{0}b", "a\u{85}b"] {
            assert!(name(text).is_err(), "{text:?}");
        }
    }
}

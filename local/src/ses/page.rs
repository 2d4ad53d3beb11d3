//! The page that lists sent e-mails: `/outbox`, and `/outbox.json` for programs. AWS has no such page.

use axum::{
    Router,
    extract::State,
    http::{HeaderName, HeaderValue, header},
    response::{Html, IntoResponse},
    routing::get,
};

use super::outbox::{Mail, Outbox};

/// The page shows untrusted text, so it allows no scripts and no external resources.
const HEADERS: [(HeaderName, HeaderValue); 5] = [
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
        ),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("no-referrer"),
    ),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
];

const STYLE: &str = "\
:root{color-scheme:light dark;font:16px/1.5 system-ui,sans-serif}\
body{max-width:46rem;margin:2rem auto;padding:0 1rem}\
article{border:1px solid;border-radius:.5rem;padding:0 1rem;margin:1rem 0}\
h2{font-size:1.1rem}dl{display:grid;grid-template-columns:max-content 1fr;gap:0 1rem;margin:0}\
dd{margin:0;overflow-wrap:anywhere}pre{font:inherit;white-space:pre-wrap;overflow-wrap:anywhere}";

impl Outbox {
    /// Returns the HTTP service, which is served next to the API.
    pub(crate) fn into_router(self) -> Router {
        Router::new()
            .route("/outbox", get(page))
            .route("/outbox.json", get(json))
            .with_state(self)
    }
}

async fn page(State(outbox): State<Outbox>) -> impl IntoResponse {
    (HEADERS, Html(render(&outbox.mails())))
}

async fn json(State(outbox): State<Outbox>) -> impl IntoResponse {
    let json = serde_json::to_string(&outbox.mails()).unwrap_or_default();
    let content_type = (
        header::CONTENT_TYPE,
        HeaderValue::from_static("application/json"),
    );
    (HEADERS, [content_type], json)
}

fn render(mails: &[Mail]) -> String {
    let articles: String = mails.iter().map(article).collect();
    let articles = if articles.is_empty() {
        "<p>No e-mails have been sent yet.</p>".to_owned()
    } else {
        articles
    };
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>Outbox</title>\
         <style>{STYLE}</style><main><h1>Outbox</h1>\
         <p>E-mails that the system sent, newest first. They do not leave this machine. <a href=\"\">Refresh</a></p>\
         {articles}</main></html>"
    )
}

fn article(mail: &Mail) -> String {
    format!(
        "<article aria-labelledby=\"{id}\"><h2 id=\"{id}\">{subject}</h2>\
         <dl><dt>To</dt><dd>{to}</dd><dt>From</dt><dd>{from}</dd>\
         <dt>Sent</dt><dd><time>{at}</time></dd></dl><pre>{text}</pre></article>",
        id = escape(&mail.id),
        subject = escape(&mail.subject),
        to = escape(&mail.to.join(", ")),
        from = escape(&mail.from),
        at = escape(&mail.sent_at),
        text = linked(&mail.text),
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

/// Escapes a text and turns its URLs into links.
fn linked(text: &str) -> String {
    let mut html = String::new();
    for word in text.split_inclusive(char::is_whitespace) {
        let url = word.trim_end();
        let escaped = escape(word);
        if url.starts_with("http://") || url.starts_with("https://") {
            let url = escape(url);
            let rest = escaped.strip_prefix(&url).unwrap_or_default();
            html.extend(["<a href=\"", &url, "\">", &url, "</a>", rest]);
        } else {
            html.push_str(&escaped);
        }
    }
    html
}

#[cfg(test)]
mod tests {
    use super::{super::outbox::tests::mail, *};

    #[test]
    fn a_mail_is_escaped_and_its_urls_are_links() {
        let mut mail = mail(1);
        mail.subject = "<script>alert(1)</script>".to_owned();
        mail.text =
            "Open\n\nhttps://app.example/?a=1&b=\"2\"#t=x\n\nor javascript:alert(1)".to_owned();
        let html = render(&[mail]);
        assert!(!html.contains("<script"), "{html}");
        let url = "https://app.example/?a=1&amp;b=&quot;2&quot;#t=x";
        assert!(
            html.contains(&format!("Open\n\n<a href=\"{url}\">{url}</a>\n\nor")),
            "{html}"
        );
        assert!(!html.contains("href=\"javascript"), "{html}");
    }

    #[test]
    fn an_empty_outbox_has_a_message() {
        assert!(render(&[]).contains("No e-mails have been sent yet"));
    }
}

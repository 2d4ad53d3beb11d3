use auth::email_token::EmailToken;
use domain::{Currency, Languages, Money, OrderId};
use secrecy::ExposeSecret as _;
use settings::Env;
use time::macros::date;

use super::{
    Mail, Product, Receipt, Subject,
    language::{Direction, Text},
    render::render,
    write,
};

fn product(url: &str, name: &str) -> Product {
    Product::from_env(&Env::from([("APP_URL", url), ("APP_NAME", name)])).unwrap()
}

fn mail(name: &str, languages: &str, subject: &Subject<'_>) -> Mail {
    let product = product("https://app.example/", name);
    write(&product, &Languages::parse(languages), subject).unwrap()
}

#[test]
fn the_text_and_the_html_have_the_token_in_the_fragment() {
    let token = EmailToken::generate().unwrap();
    let text = token.to_text();
    for (subject, action) in [
        (Subject::Verify(&token), "verify-email"),
        (Subject::Reset(&token), "reset-password"),
        (Subject::SignUp(&token), "finish-sign-up"),
    ] {
        for language in ["en", "de"] {
            let mail = mail("Tea", language, &subject);
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
            assert!(mail.subject.contains("Tea"), "{}", mail.subject);
            assert!(
                mail.html
                    .contains(&format!("<html lang=\"{language}\" dir=\"ltr\">"))
            );
        }
    }
}

#[test]
fn the_name_and_the_page_of_the_app_are_escaped() {
    let product = product("https://app.example/<b>&\"'", "<b>Tea & \"Cake\"</b>");
    let mail = write(&product, &Languages::default(), &Subject::AccountExists).unwrap();
    assert!(
        mail.html
            .contains("https://app.example/&lt;b&gt;&amp;&quot;&#39;"),
        "{}",
        mail.html
    );
    assert!(
        mail.html
            .contains("&lt;b&gt;Tea &amp; &quot;Cake&quot;&lt;/b&gt;"),
        "{}",
        mail.html
    );
    assert!(!mail.html.contains("<b>"), "{}", mail.html);
    assert!(mail.subject.ends_with("at <b>Tea & \"Cake\"</b>"));
}

#[test]
fn a_receipt_has_the_purchase_and_no_markup_of_its_title() {
    let receipt = Receipt {
        title: "<b>Tea</b> {order}".to_owned(),
        price: Money {
            amount: 499,
            currency: Currency::parse("EUR").unwrap(),
        },
        order: OrderId::from_bytes([7; 16]),
        paid_on: date!(2026 - 01 - 02),
    };
    for language in ["en", "de", "fr", "es"] {
        let mail = mail("Shop", language, &Subject::Receipt(&receipt));
        for word in [
            "<b>Tea</b> {order}",
            "4.99 EUR",
            "07070707-0707-0707-0707-070707070707",
            "2026-01-02",
        ] {
            assert!(mail.text.contains(word), "{word}: {}", mail.text);
        }
        assert!(!mail.html.contains("<b>"), "{}", mail.html);
        assert!(mail.html.contains("&lt;b&gt;Tea"), "{}", mail.html);
    }
}

#[test]
fn mails_load_no_external_content() {
    let mail = mail("Tea", "en", &Subject::AccountExists);
    for word in ["src=", "<img", "<link", "url(", "<style", "<script"] {
        assert!(!mail.html.contains(word), "{word}");
    }
}

#[test]
fn a_language_can_be_written_from_right_to_left() {
    let text = Text {
        subject: "{app}".to_owned(),
        before: vec!["a".to_owned()],
        link: "b".to_owned(),
        after: vec!["c".to_owned()],
    };
    let values = [("{app}", "Tea".to_owned())];
    let mail = render(
        ("ar", Direction::Rtl),
        &text,
        &values,
        "https://app.example/",
    );
    assert!(
        mail.html.contains("<html lang=\"ar\" dir=\"rtl\">"),
        "{}",
        mail.html
    );
    assert_eq!(mail.text, "a\n\nhttps://app.example/\n\nc\n");
}

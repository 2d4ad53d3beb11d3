use std::fmt::Write as _;

use serde_json::Value;

use super::state::State;

const STYLE: &str = "\
:root{color-scheme:light dark;background:canvas;color:canvastext;font:1rem/1.5 system-ui,sans-serif}\
body{max-width:42rem;margin:0 auto;padding:1rem}\
article{border:1px solid;border-radius:.5rem;padding:0 1rem 1rem;margin:1rem 0}\
h1{font-size:1.4rem}h2{font-size:1.1rem;overflow-wrap:anywhere}\
dl{display:grid;grid-template-columns:max-content 1fr;gap:0 1rem;margin:0 0 1rem}\
dd{margin:0;overflow-wrap:anywhere}\
form{display:inline-block;margin:.25rem .5rem .25rem 0}\
button,input{font:inherit;min-height:2.75rem;padding:0 1rem;border:1px solid;border-radius:.5rem}\
input{width:8rem;padding:0 .5rem}::placeholder{color:inherit;opacity:.8}\
button.main{background:#1a56b8;color:#fff;border-color:#1a56b8}\
.price{font-size:1.6rem}[role=alert]{border-left:.25rem solid;padding-left:.75rem}";

fn page(title: &str, content: &str) -> String {
    format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title>\
         <style>{STYLE}</style><main><h1>{title}</h1>{content}\
         <p>This is a stand-in for the payment provider. No money moves.</p></main></html>",
        title = escape(title),
    )
}

/// A page with one sentence.
pub(super) fn message(text: &str) -> String {
    page(
        "Payments",
        &format!(
            "<p role=\"alert\">{}</p><p><a href=\"/\">All payments</a></p>",
            escape(text)
        ),
    )
}

/// A checkout, with what has just gone wrong.
pub(super) fn checkout(session: &Value, problem: Option<&str>) -> String {
    let problem = problem.map(|text| format!("<p role=\"alert\">{}</p>", escape(text)));
    let id = text(&session["id"]);
    let button = |action: &str, label: &str, class: &str| {
        format!(
            "<form method=\"post\" action=\"/pay/{}/{action}\"><button{class}>{label}</button></form>",
            escape(id)
        )
    };
    let buttons = if session["status"] == "open" {
        [
            button("pay", "Pay", " class=\"main\""),
            button("pay-by-bank", "Pay by bank", ""),
            button("decline", "Decline", ""),
            button("close", "Close", ""),
        ]
        .concat()
    } else {
        format!(
            "<p>This checkout is {}.</p>",
            escape(text(&session["status"]))
        )
    };
    let content = format!(
        "{problem}<p>{title}</p><p class=\"price\">{price}</p>{buttons}",
        problem = problem.unwrap_or_default(),
        title = escape(text(&session["stand_in"]["title"])),
        price = price(&session["amount_total"], &session["currency"]),
    );
    page("Checkout", &content)
}

/// All completed checkouts, with what can become of them.
pub(super) fn payments(state: &State) -> String {
    let mut content = String::new();
    for session in state.sessions.values().rev() {
        let payment = text(&session["payment_intent"]);
        if let Some(payment) = state.payment_intents.get(payment) {
            article(&mut content, state, session, payment);
        }
    }
    if content.is_empty() {
        content.push_str("<p>There are no payments yet.</p>");
    }
    page("Payments", &content)
}

fn article(html: &mut String, state: &State, session: &Value, payment: &Value) {
    let id = escape(text(&session["id"]));
    let charge = state.charges.get(text(&payment["latest_charge"]));
    let of_charge = |it: &&Value| charge.is_some_and(|charge| it["charge"] == charge["id"]);
    let dispute = state.disputes.values().find(of_charge);
    let refunded = charge.map_or(&Value::Null, |charge| &charge["amount_refunded"]);
    // Writing to a string does not fail.
    let _ = write!(
        html,
        "<article aria-labelledby=\"{id}\"><h2 id=\"{id}\">{title}</h2><dl><dt>Price</dt><dd>{price}</dd>\
         <dt>Payment</dt><dd>{status}</dd><dt>Paid back</dt><dd>{refunded}</dd><dt>Dispute</dt><dd>{dispute}</dd></dl>",
        title = escape(text(&session["stand_in"]["title"])),
        price = price(&session["amount_total"], &session["currency"]),
        status = escape(text(&payment["status"])),
        refunded = price(refunded, &session["currency"]),
        dispute = dispute.map_or("none", |it| text(&it["status"])),
    );
    let is_open = dispute.is_some_and(|dispute| dispute["status"] == "needs_response");
    match charge {
        None if payment["status"] == "processing" => {
            html.push_str(&button(&id, "succeed", "The money arrives", ""));
            html.push_str(&button(&id, "fail", "The payment fails", ""));
        }
        None => {}
        Some(charge) => {
            let charge_id = escape(text(&charge["id"]));
            if charge["refunded"] != true {
                let amount = format!(
                    "<label>Minor units <input name=\"amount\" inputmode=\"numeric\" placeholder=\"{}\"></label> ",
                    charge["amount"]
                );
                html.push_str(&button(&charge_id, "refund", "Refund", &amount));
            }
            if dispute.is_none() {
                html.push_str(&button(&charge_id, "dispute", "Dispute", ""));
            }
            if is_open {
                html.push_str(&button(&charge_id, "win", "Win", ""));
                html.push_str(&button(&charge_id, "lose", "Lose", ""));
            }
        }
    }
    html.push_str("</article>");
}

fn button(id: &str, action: &str, label: &str, fields: &str) -> String {
    format!(
        "<form method=\"post\" action=\"/payments/{id}/{action}\">{fields}<button>{label}</button></form>"
    )
}

/// The currencies whose minor unit has not two decimal digits (ISO 4217).
const WITHOUT_DIGITS: [&str; 16] = [
    "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "VND", "VUV",
    "XAF", "XOF", "XPF",
];
const WITH_THREE_DIGITS: [&str; 7] = ["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"];

/// The amount in the units that people pay with, and the currency.
fn price(amount: &Value, currency: &Value) -> String {
    let amount = amount.as_u64().unwrap_or_default();
    let currency = escape(&text(currency).to_uppercase());
    if WITHOUT_DIGITS.contains(&currency.as_str()) {
        return format!("{amount} {currency}");
    }
    let digits = if WITH_THREE_DIGITS.contains(&currency.as_str()) {
        3
    } else {
        2
    };
    let unit = 10_u64.pow(digits);
    let (whole, rest, width) = (amount / unit, amount % unit, digits as usize);
    format!("{whole}.{rest:0width$} {currency}")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
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
    use serde_json::json;

    use super::*;

    #[test]
    fn prices_have_the_digits_of_their_currency() {
        for (amount, currency, expected) in [
            (499, "eur", "4.99 EUR"),
            (5, "usd", "0.05 USD"),
            (499, "jpy", "499 JPY"),
            (1250, "kwd", "1.250 KWD"),
        ] {
            assert_eq!(price(&json!(amount), &json!(currency)), expected);
        }
    }

    #[test]
    fn titles_are_escaped() {
        let session = json!({
            "id": "cs_test_1", "status": "open", "amount_total": 499, "currency": "eur",
            "stand_in": {"title": "<script>alert(1)</script>"},
        });
        let html = checkout(&session, None);
        assert!(
            !html.contains("<script") && html.contains("4.99 EUR"),
            "{html}"
        );
    }
}

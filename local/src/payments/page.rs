//! The pages: a checkout, and the payments with what can become of them.

use axum::{
    extract::{Path, State},
    http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header},
    response::{Html, IntoResponse, Redirect, Response},
};
use bytes::Bytes;
use serde_json::Value;

use super::{Payments, error::ApiError, form, render};
use crate::locks::lock;

/// The pages show untrusted text, so they allow no scripts and no external resources. `form-action` is left out: it would also
/// forbid the redirect to the shop after a payment.
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
    // Forms of this page have an origin, which a policy of no referrer would hide.
    (
        header::REFERRER_POLICY,
        HeaderValue::from_static("same-origin"),
    ),
    (
        header::X_CONTENT_TYPE_OPTIONS,
        HeaderValue::from_static("nosniff"),
    ),
];

type Shown = Result<Response, Response>;

fn show(status: StatusCode, html: String) -> Response {
    (status, HEADERS, Html(html)).into_response()
}

fn refuse(error: &ApiError) -> Response {
    let message = error.body["error"]["message"].as_str().unwrap_or_default();
    let status = StatusCode::from_u16(error.status).unwrap_or(StatusCode::BAD_REQUEST);
    show(status, render::message(message))
}

/// Refuses a form that a page of another origin sends.
#[expect(clippy::result_large_err, reason = "the error is the response")]
fn check_origin(headers: &HeaderMap) -> Result<(), Response> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    match (text(header::ORIGIN), text(header::HOST)) {
        (None, _) => Ok(()),
        (Some(origin), Some(host)) if origin == format!("http://{host}") => Ok(()),
        _ => {
            let message = "A page of another origin sent this form. Use the buttons of this page.";
            Err(show(StatusCode::FORBIDDEN, render::message(message)))
        }
    }
}

/// Shows a checkout.
pub(super) async fn checkout(State(payments): State<Payments>, Path(id): Path<String>) -> Shown {
    let mut state = lock(&payments.0.state);
    let session = state.session(&id).map_err(|error| refuse(&error))?;
    Ok(show(StatusCode::OK, render::checkout(session, None)))
}

/// Pays, declines or closes a checkout.
pub(super) async fn act_on_checkout(
    State(payments): State<Payments>,
    Path((id, action)): Path<(String, String)>,
    headers: HeaderMap,
) -> Shown {
    check_origin(&headers)?;
    let now = payments.now();
    let mut state = lock(&payments.0.state);
    let session = state.session(&id).map_err(|error| refuse(&error))?.clone();
    let done = match action.as_str() {
        "pay" => state.complete(&id, true, now),
        "pay-by-bank" => state.complete(&id, false, now),
        "decline" => {
            let message = "The card was declined. Try again, or go back to the shop.";
            let html = render::checkout(&session, Some(message));
            return Ok(show(StatusCode::PAYMENT_REQUIRED, html));
        }
        "close" => return Ok(back(&session["cancel_url"], &id)),
        _ => Err(ApiError::missing(&action)),
    };
    done.and_then(|()| state.save())
        .map_err(|error| refuse(&error))?;
    Ok(back(&session["success_url"], &id))
}

/// Redirects to the shop.
fn back(url: &Value, id: &str) -> Response {
    match url.as_str() {
        Some(url) => Redirect::to(&url.replace("{CHECKOUT_SESSION_ID}", id)).into_response(),
        None => show(StatusCode::OK, render::message("You can close this page.")),
    }
}

/// Lists the payments, newest first.
pub(super) async fn payments(State(payments): State<Payments>) -> Response {
    let html = render::payments(&lock(&payments.0.state));
    show(StatusCode::OK, html)
}

/// Refunds, disputes or decides a payment.
pub(super) async fn act_on_payment(
    State(payments): State<Payments>,
    Path((id, action)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Shown {
    check_origin(&headers)?;
    let now = payments.now();
    let mut state = lock(&payments.0.state);
    let done = match action.as_str() {
        "refund" => {
            let amount = form::parse(&body)["amount"]
                .as_str()
                .unwrap_or_default()
                .to_owned();
            match amount.as_str() {
                "" => state.refund(&id, None, now).map(|_| ()),
                amount => match amount.parse() {
                    Ok(amount) => state.refund(&id, Some(amount), now).map(|_| ()),
                    Err(_) => Err(ApiError::invalid(
                        "amount",
                        "The amount must be a whole number.",
                    )),
                },
            }
        }
        "dispute" => state.dispute(&id, now),
        "win" => state.decide(&id, "won", now),
        "lose" => state.decide(&id, "lost", now),
        "succeed" => state.settle(&id, true, now),
        "fail" => state.settle(&id, false, now),
        _ => Err(ApiError::missing(&action)),
    };
    done.and_then(|()| state.save())
        .map_err(|error| refuse(&error))?;
    Ok(Redirect::to("/").into_response())
}

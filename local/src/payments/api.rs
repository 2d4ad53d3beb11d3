//! The calls of the API.

use std::io;

use axum::{
    Json,
    body::{Body, Bytes},
    extract::{Path, RawQuery, State},
    http::{HeaderMap, Method, Uri},
    response::{IntoResponse, Response},
};
use futures_util::stream;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use subtle::ConstantTimeEq as _;

use super::{
    Payments,
    error::ApiError,
    form,
    hooks::Hooks,
    state::{Answer, State as Objects, public},
};
use crate::locks::lock;

/// A checkout expires 30 minutes to 24 hours after its creation.
const SHORTEST: i64 = 30 * 60;
const LONGEST: i64 = 24 * 3600;

type Answered = Result<Response, ApiError>;

impl Payments {
    fn check_key(&self, headers: &HeaderMap) -> Result<(), ApiError> {
        let sent = headers
            .get("authorization")
            .map(http::HeaderValue::as_bytes);
        let sent = sent.and_then(|sent| sent.strip_prefix(b"Bearer "));
        let expected = self.0.settings.api_key.expose_secret().as_bytes();
        if sent.is_some_and(|sent| bool::from(sent.ct_eq(expected))) {
            Ok(())
        } else {
            let message = "Invalid API Key provided. Send it as `Authorization: Bearer <key>`.";
            Err(ApiError::new(401, "invalid_request_error", message))
        }
    }

    /// Answers a read.
    async fn read(
        &self,
        headers: &HeaderMap,
        find: impl FnOnce(&Objects) -> Option<Value>,
        id: &str,
    ) -> Answered {
        self.check_key(headers)?;
        self.wait_or_fail().await?;
        let found = find(&lock(&self.0.state));
        let found = found.ok_or_else(|| ApiError::missing(id))?;
        self.reply(Json(found).into_response())
    }

    /// Answers a call that changes something. One with an `Idempotency-Key` that was used before gets the first response
    /// (<https://docs.stripe.com/api/idempotent_requests>).
    async fn change(
        &self,
        headers: &HeaderMap,
        request: (&str, &Value),
        change: impl FnOnce(&mut Objects, i64) -> Result<Value, ApiError>,
    ) -> Answered {
        self.check_key(headers)?;
        self.wait_or_fail().await?;
        let key = headers
            .get("idempotency-key")
            .and_then(|key| key.to_str().ok());
        let request = format!("{} {}", request.0, request.1);
        let answer = {
            let mut state = lock(&self.0.state);
            match key.and_then(|key| state.answers.get(key)) {
                Some(known) if known.request == request => known.clone(),
                Some(_) => {
                    let message = "Keys for idempotent requests can only be used with the same parameters they were \
                                   first used with.";
                    return Err(ApiError::new(400, "idempotency_error", message));
                }
                None => {
                    let (status, body) = match change(&mut state, self.now()) {
                        Ok(body) => (200, public(&body)),
                        // A request that was not valid is not remembered.
                        Err(error) => return Err(error),
                    };
                    let answer = Answer {
                        request,
                        status,
                        body,
                    };
                    if let Some(key) = key {
                        state.answers.insert(key.to_owned(), answer.clone());
                    }
                    state.save()?;
                    answer
                }
            }
        };
        self.reply(Json(answer.body).into_response())
    }

    async fn wait_or_fail(&self) -> Result<(), ApiError> {
        let (fails, delay) = {
            let mut hooks = lock(&self.0.hooks);
            (hooks.take_failure(), hooks.delay())
        };
        tokio::time::sleep(delay).await;
        if fails {
            Err(ApiError::internal("A test asked for this failure."))
        } else {
            Ok(())
        }
    }

    /// Sends a response, or ends the connection in the middle of it.
    #[expect(clippy::unnecessary_wraps, reason = "the end of every handler")]
    fn reply(&self, response: Response) -> Answered {
        if lock(&self.0.hooks).take_lost_reply() {
            let broken = stream::once(async { Err::<Bytes, _>(io::Error::other("lost")) });
            return Ok(Response::new(Body::from_stream(broken)));
        }
        Ok(response)
    }
}

pub(super) async fn create_session(
    State(payments): State<Payments>,
    headers: HeaderMap,
    body: Bytes,
) -> Answered {
    let request = form::parse(&body);
    let base = payments.0.settings.url.clone();
    let of = ("POST /v1/checkout/sessions", &request);
    let create = |state: &mut Objects, now| {
        let amount = check_session(&request, now)?;
        Ok(state.create_session(&request, amount, &base, now))
    };
    payments.change(&headers, of, create).await
}

/// Checks the parameters of a checkout, and returns its total.
fn check_session(request: &Value, now: i64) -> Result<u64, ApiError> {
    let required = |value: &Value, name: &str| match value.as_str() {
        Some(text) if !text.is_empty() => Ok(text.to_owned()),
        _ => Err(ApiError::invalid(
            name,
            &format!("Missing required param: {name}."),
        )),
    };
    if required(&request["mode"], "mode")? != "payment" {
        return Err(ApiError::invalid(
            "mode",
            "The stand-in knows only the mode `payment`.",
        ));
    }
    let item = &request["line_items"][0];
    let price = &item["price_data"];
    let currency = required(&price["currency"], "line_items[0][price_data][currency]")?;
    if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        let message = format!("Invalid currency: {currency}.");
        return Err(ApiError::invalid(
            "line_items[0][price_data][currency]",
            &message,
        ));
    }
    required(
        &price["product_data"]["name"],
        "line_items[0][price_data][product_data][name]",
    )?;
    required(&request["success_url"], "success_url")?;
    let number = |value: &Value, name: &str| {
        let text = required(value, name)?;
        let invalid = |_| ApiError::invalid(name, &format!("Invalid integer: {text}"));
        text.parse::<u64>().map_err(invalid)
    };
    let unit = number(
        &price["unit_amount"],
        "line_items[0][price_data][unit_amount]",
    )?;
    let quantity = number(&item["quantity"], "line_items[0][quantity]")?;
    if !request["expires_at"].is_null() {
        let at = number(&request["expires_at"], "expires_at")?;
        let left = i64::try_from(at).unwrap_or(i64::MAX).saturating_sub(now);
        if !(SHORTEST..=LONGEST).contains(&left) {
            let message = "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session \
                           creation.";
            return Err(ApiError::invalid("expires_at", message));
        }
    }
    match unit.checked_mul(quantity) {
        Some(amount @ 1..=99_999_999) => Ok(amount),
        _ => Err(
            ApiError::invalid("", "The total must be between 1 and 99999999.")
                .with_code("amount_too_large"),
        ),
    }
}

pub(super) async fn expire_session(
    State(payments): State<Payments>,
    Path(id): Path<String>,
    headers: HeaderMap,
) -> Answered {
    let path = format!("POST /v1/checkout/sessions/{id}/expire");
    let expire = |state: &mut Objects, now| state.expire(&id, now);
    payments
        .change(&headers, (&path, &Value::Null), expire)
        .await
}

pub(super) async fn create_refund(
    State(payments): State<Payments>,
    headers: HeaderMap,
    body: Bytes,
) -> Answered {
    let request = form::parse(&body);
    let refund = |state: &mut Objects, now| {
        let payment = request["payment_intent"].as_str().unwrap_or_default();
        let of_payment = state.payment_intents.get(payment);
        let charge = of_payment.map_or(&request["charge"], |payment| &payment["latest_charge"]);
        let Some(charge) = charge.as_str().map(str::to_owned) else {
            return Err(ApiError::missing(payment));
        };
        let amount = request["amount"].as_str().map(str::parse).transpose();
        let amount = amount.map_err(|_| ApiError::invalid("amount", "Invalid integer."))?;
        state.refund(&charge, amount, now)
    };
    payments
        .change(&headers, ("POST /v1/refunds", &request), refund)
        .await
}

pub(super) async fn session(
    State(payments): State<Payments>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answered {
    let expand = expansions(query.as_deref());
    let find = |state: &Objects| {
        let mut session = public(state.sessions.get(&id)?);
        if expand.iter().any(|path| path.starts_with("payment_intent")) {
            let nested = expand
                .iter()
                .any(|path| path == "payment_intent.latest_charge");
            session["payment_intent"] = payment_of(state, &session["payment_intent"], nested);
        }
        Some(session)
    };
    payments.read(&headers, find, &id).await
}

pub(super) async fn payment_intent(
    State(payments): State<Payments>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Answered {
    let expand = expansions(query.as_deref());
    let nested = expand.iter().any(|path| path == "latest_charge");
    let find = |state: &Objects| {
        state.payment_intents.get(&id)?;
        Some(payment_of(state, &json!(id), nested))
    };
    payments.read(&headers, find, &id).await
}

/// Returns a payment, with its charge if `nested`.
fn payment_of(state: &Objects, id: &Value, nested: bool) -> Value {
    let Some(payment) = id.as_str().and_then(|id| state.payment_intents.get(id)) else {
        return Value::Null;
    };
    let mut payment = payment.clone();
    if nested && let Some(charge) = payment["latest_charge"].as_str() {
        payment["latest_charge"] = json!(state.charges.get(charge));
    }
    payment
}

/// Returns the values of `expand[]`.
fn expansions(query: Option<&str>) -> Vec<String> {
    let parameters = form::parse(query.unwrap_or_default().as_bytes());
    let paths = parameters["expand"].as_array().into_iter().flatten();
    paths
        .filter_map(|path| path.as_str().map(str::to_owned))
        .collect()
}

macro_rules! find {
    ($name:ident, $objects:ident) => {
        pub(super) async fn $name(
            State(payments): State<Payments>,
            Path(id): Path<String>,
            headers: HeaderMap,
        ) -> Answered {
            let find = |state: &Objects| state.$objects.get(&id).cloned();
            payments.read(&headers, find, &id).await
        }
    };
}

find!(charge, charges);
find!(refund, refunds);
find!(dispute, disputes);
find!(event, events);

macro_rules! list {
    ($name:ident, $objects:ident, $url:literal) => {
        pub(super) async fn $name(
            State(payments): State<Payments>,
            RawQuery(query): RawQuery,
            headers: HeaderMap,
        ) -> Answered {
            let parameters = form::parse(query.unwrap_or_default().as_bytes());
            let find = |state: &Objects| Some(page(state.$objects.values(), &parameters, $url));
            payments.read(&headers, find, "").await
        }
    };
}

list!(list_sessions, sessions, "/v1/checkout/sessions");
list!(list_events, events, "/v1/events");

/// Returns a page of a list, newest first (<https://docs.stripe.com/api/pagination>).
fn page<'a>(
    objects: impl DoubleEndedIterator<Item = &'a Value>,
    parameters: &Value,
    url: &str,
) -> Value {
    let limit = parameters["limit"]
        .as_str()
        .and_then(|limit| limit.parse().ok());
    let limit: usize = limit.unwrap_or(10).clamp(1, 100);
    let after = parameters["starting_after"].as_str();
    let is_after = |object: &&Value| match (after, object["id"].as_str()) {
        (Some(after), Some(id)) => id < after,
        _ => true,
    };
    let mut data: Vec<_> = objects
        .rev()
        .filter(is_after)
        .take(limit + 1)
        .map(public)
        .collect();
    let has_more = data.len() > limit;
    data.truncate(limit);
    json!({"object": "list", "data": data, "has_more": has_more, "url": url})
}

pub(super) async fn set_hooks(
    State(payments): State<Payments>,
    headers: HeaderMap,
    body: Bytes,
) -> Answered {
    payments.check_key(&headers)?;
    let hooks: Hooks =
        serde_json::from_slice(&body).map_err(|error| ApiError::invalid("", &error.to_string()))?;
    *lock(&payments.0.hooks) = hooks.clone();
    Ok(Json(hooks).into_response())
}

pub(super) async fn unknown(method: Method, uri: Uri) -> ApiError {
    let message = format!("Unrecognized request URL ({method}: {}).", uri.path());
    ApiError::new(404, "invalid_request_error", &message)
}

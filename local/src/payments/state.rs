//! The objects of the stand-in and their file.

use std::{
    collections::BTreeMap,
    fs, io,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use uuid::Uuid;

use super::error::ApiError;
use crate::files;

/// The version of the API that the objects have.
pub(super) const API_VERSION: &str = "2025-03-31.basil";

/// All objects, as the API shows them, by their ids.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct State {
    #[serde(skip)]
    file: Option<PathBuf>,
    pub sessions: BTreeMap<String, Value>,
    pub payment_intents: BTreeMap<String, Value>,
    pub charges: BTreeMap<String, Value>,
    pub refunds: BTreeMap<String, Value>,
    pub disputes: BTreeMap<String, Value>,
    pub events: BTreeMap<String, Value>,
    pub deliveries: Vec<Delivery>,
    /// The responses to calls with an `Idempotency-Key`.
    pub answers: BTreeMap<String, Answer>,
    /// Counts the objects: ids sort by age.
    counter: u64,
}

/// A webhook that was not accepted yet.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Delivery {
    pub event: String,
    pub attempts: u32,
    /// Seconds since 1970.
    pub due: i64,
}

/// The response to a call that may be repeated.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Answer {
    pub request: String,
    pub status: u16,
    pub body: Value,
}

impl State {
    /// Reads the objects in `file`. A missing file has none.
    pub fn open(file: &Path) -> io::Result<Self> {
        let mut state: Self = match fs::read(file) {
            Ok(contents) => serde_json::from_slice(&contents)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => Self::default(),
            Err(error) => return Err(error),
        };
        state.file = Some(file.to_owned());
        Ok(state)
    }

    /// Writes the file.
    pub fn save(&self) -> Result<(), ApiError> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let contents = serde_json::to_vec(self).map_err(io::Error::from);
        let written = contents.and_then(|contents| files::write_private(file, &contents));
        written.map_err(|error| ApiError::internal(&error.to_string()))
    }

    fn id(&mut self, prefix: &str) -> String {
        self.counter += 1;
        let random = Uuid::new_v4().simple().to_string();
        format!("{prefix}_{:08x}{}", self.counter, &random[..16])
    }

    /// Creates a checkout of a validated request.
    pub fn create_session(&mut self, request: &Value, amount: u64, base: &str, now: i64) -> Value {
        let id = self.id("cs_test");
        let item = &request["line_items"][0];
        let text = |value: &Value| value.as_str().map(str::to_owned);
        let expires = text(&request["expires_at"]).and_then(|at| at.parse().ok());
        let session = json!({
            "id": id,
            "object": "checkout.session",
            "amount_subtotal": amount,
            "amount_total": amount,
            "cancel_url": request["cancel_url"],
            "client_reference_id": request["client_reference_id"],
            "created": now,
            "currency": text(&item["price_data"]["currency"]).map(|code| code.to_lowercase()),
            "customer": null,
            "expires_at": expires.unwrap_or(now + 24 * 3600),
            "livemode": false,
            "metadata": metadata(&request["metadata"]),
            "mode": "payment",
            "payment_intent": null,
            "payment_method_types": ["card"],
            "payment_status": "unpaid",
            "status": "open",
            "success_url": request["success_url"],
            "url": format!("{base}/pay/{id}"),
            // Not of the API: what the page shows and the payment gets.
            "stand_in": {
                "title": item["price_data"]["product_data"]["name"],
                "metadata": metadata(&request["payment_intent_data"]["metadata"]),
            },
        });
        self.sessions.insert(id, session.clone());
        session
    }

    /// Completes an open checkout. `is_paid`: by card; otherwise the money is on its way from a bank.
    pub fn complete(&mut self, id: &str, is_paid: bool, now: i64) -> Result<(), ApiError> {
        let session = self.open_session(id)?.clone();
        let payment = self.id("pi");
        let charge = is_paid.then(|| self.charge(&payment, &session, now));
        let object = json!({
            "id": payment,
            "object": "payment_intent",
            "amount": session["amount_total"],
            "amount_received": if is_paid { session["amount_total"].clone() } else { json!(0) },
            "created": now,
            "currency": session["currency"],
            "latest_charge": charge,
            "livemode": false,
            "metadata": session["stand_in"]["metadata"],
            "status": if is_paid { "succeeded" } else { "processing" },
        });
        self.payment_intents.insert(payment.clone(), object);
        let changed = self.session(id)?;
        changed["status"] = json!("complete");
        changed["url"] = Value::Null;
        changed["payment_intent"] = json!(payment);
        changed["payment_status"] = json!(if is_paid { "paid" } else { "unpaid" });
        let object = changed.clone();
        self.event("checkout.session.completed", &object, now);
        Ok(())
    }

    fn charge(&mut self, payment: &str, session: &Value, now: i64) -> String {
        let id = self.id("ch");
        let charge = json!({
            "id": id,
            "object": "charge",
            "amount": session["amount_total"],
            "amount_captured": session["amount_total"],
            "amount_refunded": 0,
            "created": now,
            "currency": session["currency"],
            "description": session["stand_in"]["title"],
            "disputed": false,
            "livemode": false,
            "metadata": session["stand_in"]["metadata"],
            "paid": true,
            "payment_intent": payment,
            "refunded": false,
            "status": "succeeded",
        });
        self.charges.insert(id.clone(), charge);
        id
    }

    /// Ends a payment by bank.
    pub fn settle(&mut self, id: &str, is_paid: bool, now: i64) -> Result<(), ApiError> {
        let session = self.session(id)?.clone();
        if session["status"] != "complete" || session["payment_status"] != "unpaid" {
            return Err(ApiError::invalid("", "The payment is not on its way."));
        }
        let payment = session["payment_intent"]
            .as_str()
            .unwrap_or_default()
            .to_owned();
        if self.payment_intents[&payment]["status"] != "processing" {
            return Err(ApiError::invalid("", "The payment has failed already."));
        }
        let charge = is_paid.then(|| self.charge(&payment, &session, now));
        if let Some(object) = self.payment_intents.get_mut(&payment) {
            object["latest_charge"] = json!(charge);
            object["status"] = json!(if is_paid {
                "succeeded"
            } else {
                "requires_payment_method"
            });
        }
        let changed = self.session(id)?;
        if is_paid {
            changed["payment_status"] = json!("paid");
        }
        let object = changed.clone();
        let kind = if is_paid {
            "checkout.session.async_payment_succeeded"
        } else {
            "checkout.session.async_payment_failed"
        };
        self.event(kind, &object, now);
        Ok(())
    }

    /// Expires an open checkout.
    pub fn expire(&mut self, id: &str, now: i64) -> Result<Value, ApiError> {
        let session = self.open_session(id)?;
        session["status"] = json!("expired");
        session["url"] = Value::Null;
        let object = session.clone();
        self.event("checkout.session.expired", &object, now);
        Ok(object)
    }

    /// Expires all checkouts whose time is over.
    pub fn expire_due(&mut self, now: i64) -> bool {
        let is_due = |session: &Value| {
            session["status"] == "open"
                && session["expires_at"].as_i64().is_some_and(|at| at <= now)
        };
        let due = self.sessions.iter().filter(|(_, session)| is_due(session));
        let due: Vec<_> = due.map(|(id, _)| id.clone()).collect();
        due.iter().filter(|id| self.expire(id, now).is_ok()).count() > 0
    }

    /// Pays back a charge, or a part of it.
    pub fn refund(
        &mut self,
        charge: &str,
        amount: Option<u64>,
        now: i64,
    ) -> Result<Value, ApiError> {
        let id = self.id("re");
        let found = find(&mut self.charges, charge)?;
        let number = |value: &Value| value.as_u64().unwrap_or_default();
        let left = number(&found["amount"]) - number(&found["amount_refunded"]);
        if left == 0 {
            let message = format!("Charge {charge} has already been refunded.");
            return Err(ApiError::invalid("", &message).with_code("charge_already_refunded"));
        }
        let amount = amount.unwrap_or(left);
        if amount == 0 || amount > left {
            let message = format!(
                "Refund amount ({amount}) is greater than unrefunded amount on charge ({left})"
            );
            return Err(ApiError::invalid("amount", &message));
        }
        found["amount_refunded"] = json!(number(&found["amount_refunded"]) + amount);
        found["refunded"] = json!(amount == left);
        let object = found.clone();
        let refund = json!({
            "id": id,
            "object": "refund",
            "amount": amount,
            "charge": charge,
            "created": now,
            "currency": object["currency"],
            "metadata": {},
            "payment_intent": object["payment_intent"],
            "status": "succeeded",
        });
        self.refunds.insert(id, refund.clone());
        self.event("charge.refunded", &object, now);
        Ok(refund)
    }

    /// Opens a dispute of a charge.
    pub fn dispute(&mut self, charge: &str, now: i64) -> Result<(), ApiError> {
        let id = self.id("du");
        let found = find(&mut self.charges, charge)?;
        if found["disputed"] == true {
            return Err(ApiError::invalid("", "The charge is disputed already."));
        }
        found["disputed"] = json!(true);
        let dispute = json!({
            "id": id,
            "object": "dispute",
            "amount": found["amount"],
            "charge": charge,
            "created": now,
            "currency": found["currency"],
            "livemode": false,
            "metadata": {},
            "payment_intent": found["payment_intent"],
            "reason": "general",
            "status": "needs_response",
        });
        self.disputes.insert(id, dispute.clone());
        self.event("charge.dispute.created", &dispute, now);
        Ok(())
    }

    /// Decides the open dispute of a charge.
    pub fn decide(&mut self, charge: &str, status: &str, now: i64) -> Result<(), ApiError> {
        let of_charge =
            |it: &&mut Value| it["charge"] == charge && it["status"] == "needs_response";
        let Some(dispute) = self.disputes.values_mut().find(of_charge) else {
            return Err(ApiError::invalid("", "The charge has no open dispute."));
        };
        dispute["status"] = json!(status);
        let object = dispute.clone();
        self.event("charge.dispute.closed", &object, now);
        Ok(())
    }

    fn event(&mut self, kind: &str, object: &Value, now: i64) {
        let id = self.id("evt");
        let event = json!({
            "id": id,
            "object": "event",
            "api_version": API_VERSION,
            "created": now,
            "data": {"object": public(object)},
            "livemode": false,
            "pending_webhooks": 1,
            "request": {"id": null, "idempotency_key": null},
            "type": kind,
        });
        self.events.insert(id.clone(), event);
        self.deliveries.push(Delivery {
            event: id,
            attempts: 0,
            due: now,
        });
    }

    /// Returns the webhooks whose next attempt is due.
    pub fn due(&self, now: i64) -> impl Iterator<Item = &Delivery> {
        self.deliveries
            .iter()
            .filter(move |delivery| delivery.due <= now)
    }

    /// Returns a session.
    pub fn session(&mut self, id: &str) -> Result<&mut Value, ApiError> {
        find(&mut self.sessions, id)
    }

    fn open_session(&mut self, id: &str) -> Result<&mut Value, ApiError> {
        let session = find(&mut self.sessions, id)?;
        if session["status"] == "open" {
            return Ok(session);
        }
        let message = format!(
            "Only Checkout Sessions with a status in [\"open\"] can be changed. This Checkout Session has a status of {}.",
            session["status"].as_str().unwrap_or_default()
        );
        Err(ApiError::invalid("", &message))
    }
}

fn find<'a>(objects: &'a mut BTreeMap<String, Value>, id: &str) -> Result<&'a mut Value, ApiError> {
    objects.get_mut(id).ok_or_else(|| ApiError::missing(id))
}

/// Returns an object without what only the stand-in knows.
pub(super) fn public(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(members) = object.as_object_mut() {
        members.remove("stand_in");
    }
    object
}

/// Metadata is always an object of texts.
fn metadata(value: &Value) -> Value {
    if value.is_object() {
        value.clone()
    } else {
        json!({})
    }
}

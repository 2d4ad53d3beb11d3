//! `SendEmail` with simple content.

use std::{io, sync::Arc};

use axum::{body::Body, extract::State};
use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode, header::CONTENT_TYPE};
use http_body_util::{BodyExt as _, Limited};
use sam_template::{ACCOUNT, ConfigurationSet, PARTITION, REGION};
use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;
use uuid::Uuid;

use super::{Ses, events::events, outbox::Mail};
use crate::{
    iam::{Caller, Context, Denied},
    signature::Unauthenticated,
};

/// SES's maximum message size.
const MAX_BYTES: usize = 40 * 1024 * 1024;
/// SES's maximum number of recipients.
const MAX_RECIPIENTS: usize = 50;

/// Why an e-mail was not sent: status, error type and message.
struct SendError(StatusCode, &'static str, String);

impl SendError {
    fn bad_request(message: impl Into<String>) -> Self {
        Self(
            StatusCode::BAD_REQUEST,
            "BadRequestException",
            message.into(),
        )
    }
}

impl From<Denied> for SendError {
    fn from(denied: Denied) -> Self {
        Self(
            StatusCode::FORBIDDEN,
            "AccessDeniedException",
            denied.to_string(),
        )
    }
}

impl From<Unauthenticated> for SendError {
    fn from(error: Unauthenticated) -> Self {
        Self(StatusCode::FORBIDDEN, error.code(), error.to_string())
    }
}

impl From<io::Error> for SendError {
    fn from(error: io::Error) -> Self {
        let status = StatusCode::INTERNAL_SERVER_ERROR;
        Self(status, "InternalServiceErrorException", error.to_string())
    }
}

pub(super) async fn send(State(ses): State<Arc<Ses>>, request: Request<Body>) -> Response<Body> {
    match ses.send(request).await {
        Ok(id) => response(StatusCode::OK, &json!({ "MessageId": id })),
        Err(SendError(status, code, message)) => {
            let mut response = response(status, &json!({ "message": message }));
            response.headers_mut().insert(
                HeaderName::from_static("x-amzn-errortype"),
                HeaderValue::from_static(code),
            );
            response
        }
    }
}

impl Ses {
    async fn send(&self, request: Request<Body>) -> Result<String, SendError> {
        let (parts, body) = request.into_parts();
        let body = Limited::new(body, MAX_BYTES).collect().await;
        let body = body.map_err(|error| SendError::bad_request(error.to_string()))?;
        let body = body.to_bytes();
        let now = self.clock.now();
        let caller = self.principals.authenticate("ses", (&parts, &body), now)?;
        let request: Value = serde_json::from_slice(&body)
            .map_err(|error| SendError::bad_request(error.to_string()))?;
        let from = text(&request["FromEmailAddress"], "FromEmailAddress")?;
        let mail = self.mail(from, &request)?;
        let set = request["ConfigurationSetName"].as_str();
        check(&caller, &mail, set.unwrap_or("default"))?;
        let set = set.map(|name| self.configuration_set(name)).transpose()?;
        let id = mail.id.clone();
        let events = set.map_or_else(Vec::new, |set| events(set, &mail));
        self.outbox.add(mail)?;
        for event in &events {
            self.events.publish(event);
        }
        Ok(id)
    }

    fn configuration_set(&self, name: &str) -> Result<&ConfigurationSet, SendError> {
        let found = self.configuration_sets.iter().find(|set| set.name == name);
        found.ok_or_else(|| {
            let message = format!("Configuration set <{name}> does not exist.");
            SendError(StatusCode::NOT_FOUND, "NotFoundException", message)
        })
    }

    fn mail(&self, from: String, request: &Value) -> Result<Mail, SendError> {
        let to = request["Destination"]["ToAddresses"].as_array();
        let to: Result<Vec<_>, _> = to.into_iter().flatten().map(recipient).collect();
        let to = to?;
        if to.is_empty() || to.len() > MAX_RECIPIENTS {
            let message = format!("an e-mail must have 1 to {MAX_RECIPIENTS} recipients");
            return Err(SendError::bad_request(message));
        }
        let message = &request["Content"]["Simple"];
        let part = |pointer: &str| {
            let found = message.pointer(pointer).unwrap_or(&Value::Null);
            text(found, pointer)
        };
        Ok(Mail {
            id: Uuid::new_v4().to_string(),
            sent_at: self.clock.now().format(&Rfc3339).unwrap_or_default(),
            from,
            to,
            subject: part("/Subject/Data")?,
            text: part("/Body/Text/Data")?,
            html: part("/Body/Html/Data")?,
        })
    }
}

/// Checks what SES may check for a mail: the identity of the sender, the configuration set of the request or else of the identity,
/// and, as in the sandbox, the identities of the recipients.
fn check(caller: &Caller<'_>, mail: &Mail, configuration_set: &str) -> Result<(), Denied> {
    let context = Context::from([("ses:FromAddress", vec![mail.from.clone()])]);
    let identities = [&mail.from].into_iter().chain(&mail.to);
    let identities = identities.map(|address| format!("identity/{}", identity_of(address)));
    for resource in identities.chain([format!("configuration-set/{configuration_set}")]) {
        let arn = format!("arn:{PARTITION}:ses:{REGION}:{ACCOUNT}:{resource}");
        caller.check_in("ses:SendEmail", &arn, &context)?;
    }
    Ok(())
}

/// Returns the identity that SES has to verify for an address: its domain, or the address itself where the domain cannot be
/// in the DNS, as in `app@localhost`.
fn identity_of(address: &str) -> &str {
    match address.rsplit_once('@') {
        Some((_, domain)) if domain.contains('.') => domain,
        _ => address,
    }
}

fn text(value: &Value, what: &str) -> Result<String, SendError> {
    let text = value.as_str().filter(|text| !text.is_empty());
    text.map(str::to_owned)
        .ok_or_else(|| SendError::bad_request(format!("{what} is required")))
}

/// Checks an address. It must be ASCII; international domains are in Punycode.
fn recipient(address: &Value) -> Result<String, SendError> {
    let address = text(address, "an address")?;
    let is_address = address.split_once('@').is_some_and(|(local, domain)| {
        !local.is_empty() && !domain.is_empty() && !domain.contains('@')
    });
    if !is_address || !address.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(SendError::bad_request("Illegal address"));
    }
    Ok(address)
}

fn response(status: StatusCode, body: &Value) -> Response<Body> {
    let mut response = Response::new(Body::from(Bytes::from(body.to_string())));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    if let Ok(id) = Uuid::new_v4().to_string().parse() {
        headers.insert("x-amzn-requestid", id);
    }
    response
}

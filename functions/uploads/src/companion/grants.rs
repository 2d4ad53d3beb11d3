use auth::{Caller, sha256};
use axum::{Json, extract::State};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{UserId, upload::UploadGrant};
use http::StatusCode;
use http_api::{
    Authenticated, Gateway, IdempotencyKey, Problem, ProblemDocument, Timestamp, fingerprint,
};
use ring::hmac;
use serde::Serialize;
use store::{IdempotencyRecord, NewRecord};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};
use utoipa::ToSchema;

use crate::App;

/// Long enough for a large file on a slow connection. A leaked grant allows uploads only.
const LIFETIME: Duration = Duration::hours(1);

/// An upload grant.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CreateUploadGrantResponse {
    /// The value of Uppy's option `companionEndpoint`. It contains the grant, so treat it as a secret.
    #[schema(format = "uri")]
    companion_endpoint: String,
    /// When the grant expires.
    expires_at: Timestamp,
}

/// Create an upload grant.
///
/// The returned URL allows uploads for the caller without an access token, and nothing else. The grant ends when all
/// sessions of the caller end.
#[utoipa::path(
    post,
    path = "/s3/grants",
    operation_id = "createUploadGrant",
    tag = "companion",
    security(("access_token" = [])),
    params(("Idempotency-Key" = Option<String>, Header, pattern = "^[!-~]{1,255}$",
        description = "1 to 255 visible ASCII characters")),
    responses(
        (status = 201, description = "the grant", body = CreateUploadGrantResponse),
        (status = 401, body = ProblemDocument, content_type = "application/problem+json",
            description = "`session_ended`: the session of the token has ended, or the account is disabled"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`invalid_idempotency_key`"),
    )
)]
pub async fn create(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    IdempotencyKey(key): IdempotencyKey,
    gateway: Gateway,
) -> Result<(StatusCode, Json<CreateUploadGrantResponse>), Problem> {
    let (owner, now) = (caller.user_id, app.clock.now());
    let epoch = current_epoch(&app, &caller).await?;
    let respond = |grant: &str, expires_at| {
        let endpoint = format!("{}/s3/g/{grant}", app.tokens.issuer(&gateway));
        let body = CreateUploadGrantResponse {
            companion_endpoint: endpoint,
            expires_at: Timestamp(expires_at),
        };
        (StatusCode::CREATED, Json(body))
    };
    let Some(key) = key else {
        let grant = encode(random::<32>()?);
        let expires_at = now + LIFETIME;
        store_grant(&app, (owner, epoch), (&grant, expires_at), None).await?;
        return Ok(respond(&grant, expires_at));
    };
    // Two attempts: if a concurrent request with the same key is first, the second attempt finds its record.
    for _ in 0..2 {
        let id = format!("{owner} POST /s3/grants {}", sha256(&key));
        if let Some(record) = app.idempotency.find(&id, now).await? {
            let created_at = OffsetDateTime::parse(&record.answer, &Rfc3339);
            let created_at = created_at.map_err(|error| Problem::internal(&error))?;
            let grant = derive_grant(&key, record.salt);
            return Ok(respond(&grant, created_at + LIFETIME));
        }
        let record = IdempotencyRecord {
            id,
            fingerprint: fingerprint(&[]),
            salt: random()?,
            answer: now
                .format(&Rfc3339)
                .map_err(|error| Problem::internal(&error))?,
        };
        let (grant, expires_at) = (derive_grant(&key, record.salt), now + LIFETIME);
        if store_grant(&app, (owner, epoch), (&grant, expires_at), Some(&record)).await? {
            return Ok(respond(&grant, expires_at));
        }
    }
    Err(Problem::unavailable())
}

/// Stores a grant. Returns `false` if a record with the same key exists.
async fn store_grant(
    app: &App,
    (owner, epoch): (UserId, u64),
    (grant, expires_at): (&str, OffsetDateTime),
    record: Option<&IdempotencyRecord>,
) -> Result<bool, Problem> {
    let digest = sha256(grant);
    let grant = UploadGrant {
        owner,
        epoch,
        expires_at,
    };
    let record = record.map(|record| NewRecord {
        idempotency: &app.idempotency,
        record,
    });
    let stored = app.grants.create(&digest, &grant, record, app.clock.now());
    Ok(stored.await?)
}

/// Derives the grant of a request with an idempotency key from the key and a salt. A repeated request gets the same grant,
/// although the tables contain only the salt and digests.
fn derive_grant(key: &str, salt: [u8; 16]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    encode(hmac::sign(&key, &salt))
}

fn random<const N: usize>() -> Result<[u8; N], Problem> {
    auth::random::bytes().map_err(|error| Problem::internal(&error))
}

/// Returns the session epoch of the account, if the caller's session belongs to it. An access token stays valid for some
/// minutes after its session ended; it must not create a grant that is valid for an hour.
async fn current_epoch(app: &App, caller: &Caller) -> Result<u64, Problem> {
    let (account, session) = tokio::try_join!(
        app.users.active_epoch(caller.user_id),
        app.sessions.epoch(caller.session_id),
    )?;
    UploadGrant::epoch_to_give(account, session).ok_or_else(Problem::session_ended)
}

/// Returns the owner of a grant. A grant ends with the session epoch of the account: after a sign-out everywhere or a new
/// password, and when the account is disabled or deleted. Ended and unknown grants get the same response.
pub async fn find_owner(app: &App, grant: &str) -> Result<UserId, Problem> {
    let found = app.grants.find(&sha256(grant)).await?;
    let grant = found.ok_or_else(Problem::invalid_token)?;
    let epoch = app.users.active_epoch(grant.owner).await?;
    let is_valid = grant.is_valid(epoch, app.clock.now());
    is_valid
        .then_some(grant.owner)
        .ok_or_else(Problem::invalid_token)
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

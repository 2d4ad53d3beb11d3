use auth::Caller;
use axum::{Json, extract::State};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use domain::{UserId, upload::UploadGrant};
use http::StatusCode;
use http_api::{
    Authenticated, Gateway, IdempotencyKey, Problem, ProblemDocument, Timestamp, fingerprint,
};
use ring::{
    digest::{SHA256, digest},
    hmac,
};
use serde::Serialize;
use store::{IdempotencyRecord, NewRecord};
use time::{Duration, OffsetDateTime, format_description::well_known::Rfc3339};
use utoipa::ToSchema;

use crate::{App, problems::session_ended};

/// Long enough for a large file on a slow line; whoever finds it in a log can bring files in, and nothing else.
const LIFETIME: Duration = Duration::hours(1);

/// An address that lets its holder upload in the caller's name.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Grant {
    /// What Uppy's `companionEndpoint` is set to.
    #[schema(format = "uri")]
    companion_endpoint: String,
    /// Until when.
    expires_at: Timestamp,
}

/// Get an address that lets its holder upload in the caller's name, and do nothing else.
#[utoipa::path(
    post,
    path = "/s3/grants",
    operation_id = "createUploadGrant",
    tag = "companion",
    security(("access_token" = [])),
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    responses(
        (status = 201, body = Grant),
        (status = 401, body = ProblemDocument, content_type = "application/problem+json",
            description = "`session_ended`: the session of the token has ended, or the account is disabled"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`invalid_idempotency_key`"),
    )
)]
pub async fn give(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    IdempotencyKey(key): IdempotencyKey,
    gateway: Gateway,
) -> Result<(StatusCode, Json<Grant>), Problem> {
    let (owner, now) = (caller.user_id, app.clock.now());
    let epoch = live_epoch(&app, &caller).await?;
    let answer = |grant: &str, expires_at| {
        let endpoint = format!("{}/s3/g/{grant}", app.tokens.issuer(&gateway));
        let grant = Grant {
            companion_endpoint: endpoint,
            expires_at: Timestamp(expires_at),
        };
        (StatusCode::CREATED, Json(grant))
    };
    let Some(key) = key else {
        let grant = encode(random::<32>()?);
        let expires_at = now + LIFETIME;
        keep(&app, (owner, epoch), (&grant, expires_at), None).await?;
        return Ok(answer(&grant, expires_at));
    };
    // Two tries: when the same request is sent twice at once, the one that loses finds the other's record.
    for _ in 0..2 {
        let id = format!("{owner} POST /s3/grants {}", digest_of(&key));
        if let Some(record) = app.idempotency.find(&id, now).await? {
            let given_at = OffsetDateTime::parse(&record.answer, &Rfc3339);
            let given_at = given_at.map_err(|error| Problem::internal(&error))?;
            return Ok(answer(&of_key(&key, record.salt), given_at + LIFETIME));
        }
        let record = IdempotencyRecord {
            id,
            fingerprint: fingerprint(&[]),
            salt: random()?,
            answer: now
                .format(&Rfc3339)
                .map_err(|error| Problem::internal(&error))?,
        };
        let (grant, expires_at) = (of_key(&key, record.salt), now + LIFETIME);
        if keep(&app, (owner, epoch), (&grant, expires_at), Some(&record)).await? {
            return Ok(answer(&grant, expires_at));
        }
    }
    Err(Problem::unavailable())
}

async fn keep(
    app: &App,
    (owner, epoch): (UserId, u64),
    (grant, expires_at): (&str, OffsetDateTime),
    record: Option<&IdempotencyRecord>,
) -> Result<bool, Problem> {
    let digest = digest_of(grant);
    let grant = UploadGrant {
        owner,
        epoch,
        expires_at,
    };
    let record = record.map(|record| NewRecord {
        idempotency: &app.idempotency,
        record,
    });
    let kept = app.grants.create(&digest, &grant, record, app.clock.now());
    Ok(kept.await?)
}

/// The grant of a request with an idempotency key. It follows from the key and a salt, and the tables have only the
/// salt and a digest of the key: a repeated request gets the same grant, and still no table has one.
fn of_key(key: &str, salt: [u8; 16]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    encode(hmac::sign(&key, &salt))
}

fn random<const N: usize>() -> Result<[u8; N], Problem> {
    auth::random::bytes().map_err(|error| Problem::internal(&error))
}

/// The account's session epoch, if the session of the token belongs to it. An access token outlives its session by some
/// minutes; a grant would make an hour of them.
async fn live_epoch(app: &App, caller: &Caller) -> Result<u64, Problem> {
    let (account, session) = tokio::try_join!(
        app.users.active_epoch(caller.user_id),
        app.sessions.epoch(caller.session_id),
    )?;
    UploadGrant::epoch_to_give(account, session).ok_or_else(session_ended)
}

/// The owner of a grant. It ends with the account's session epoch: at a sign-out everywhere, a new password, when the
/// account is disabled or deleted. An ended grant and an unknown one get the same answer.
pub async fn owner(app: &App, grant: &str) -> Result<UserId, Problem> {
    let found = app.grants.find(&digest_of(grant)).await?;
    let grant = found.ok_or_else(Problem::invalid_token)?;
    let account = app.users.active_epoch(grant.owner).await?;
    let is_valid = grant.is_valid(account, app.clock.now());
    is_valid
        .then_some(grant.owner)
        .ok_or_else(Problem::invalid_token)
}

/// What the table knows it by.
fn digest_of(secret: &str) -> String {
    encode(digest(&SHA256, secret.as_bytes()))
}

fn encode(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

use auth::refresh::{NotARefreshToken, RefreshToken};
use axum::{
    body::HttpBody as _,
    extract::{FromRequest as _, FromRequestParts as _, Request, State},
};
use domain::Invalid;
use http::{StatusCode, header::AUTHORIZATION};
use http_api::{
    Authenticated, FieldError, Fields, FromFields, Gateway, JsonBody, Problem, ProblemDocument,
    text,
};
use store::{
    AccountTables,
    accounts::{self, AccountChange},
};
use utoipa::ToSchema;

use crate::{
    App,
    token::{find_session, log_refusal},
};

const NOT_A_BOOLEAN: Invalid = Invalid {
    code: "invalid_boolean",
    detail: "`true` or `false` is required.",
};

/// The session to end.
#[derive(ToSchema)]
pub struct SignOutRequest {
    /// Any refresh token of the session. Required unless `everywhere` is `true`.
    #[schema(value_type = Option<String>, format = Password, rename = "refreshToken")]
    token: Result<RefreshToken, NotARefreshToken>,
}

impl FromFields for SignOutRequest {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let token = fields.required("refreshToken", text(|text| Ok(RefreshToken::parse(text))));
        token.map(|token| Self { token })
    }
}

/// The optional body of a sign-out everywhere. It is validated and ignored: the access token names the user.
struct SignOutEverywhereRequest;

impl FromFields for SignOutEverywhereRequest {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let token = fields.optional("refreshToken", text(|text| Ok(RefreshToken::parse(text))));
        token.map(|_| Self)
    }
}

/// End a session, or all sessions of the caller.
///
/// Without a body, it ends the session of the access token. Idempotent: signing out of an unknown or ended session also returns 204 (RFC 7009, section 2.2). Access tokens stay
/// valid until they expire.
#[utoipa::path(
    post,
    path = "/signout",
    operation_id = "signOut",
    tag = "accounts",
    security((), ("access_token" = [])),
    params(("everywhere" = Option<bool>, Query,
        description = "`true` ends all sessions of the caller. It requires an access token and no body.")),
    request_body = Option<SignOutRequest>,
    responses(
        (status = 204, description = "the session or all sessions have ended"),
        (status = 401, body = ProblemDocument, content_type = "application/problem+json",
            description = "only with `everywhere=true` or without a body"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`validation_failed` (fields: `required`, `wrong_type`, `unknown_field`; `everywhere`: \
                `invalid_boolean`)"),
    )
)]
pub async fn sign_out(
    State(app): State<App>,
    gateway: Gateway,
    request: Request,
) -> Result<StatusCode, Problem> {
    if is_everywhere(request.uri().query().unwrap_or_default())? {
        return sign_out_everywhere(app, gateway, request).await;
    }
    if request.body().is_end_stream() && request.headers().contains_key(AUTHORIZATION) {
        return sign_out_of_this_session(app, request).await;
    }
    let App(app) = app;
    let JsonBody(request) = JsonBody::<SignOutRequest>::from_request(request, &()).await?;
    let Ok(token) = request.token else {
        log_refusal(&gateway, "malformed");
        return Ok(StatusCode::NO_CONTENT);
    };
    if let Some(session) = find_session(&app, &gateway, &token).await? {
        app.sessions.end(session.id).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn sign_out_of_this_session(app: App, request: Request) -> Result<StatusCode, Problem> {
    let (mut parts, _) = request.into_parts();
    let Authenticated(caller) = Authenticated::from_request_parts(&mut parts, &app).await?;
    let App(app) = app;
    app.sessions.end(caller.session_id).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn sign_out_everywhere(
    app: App,
    gateway: Gateway,
    request: Request,
) -> Result<StatusCode, Problem> {
    let (mut parts, body) = request.into_parts();
    let Authenticated(caller) = Authenticated::from_request_parts(&mut parts, &app).await?;
    if !body.is_end_stream() {
        let request = Request::from_parts(parts, body);
        let _: JsonBody<SignOutEverywhereRequest> = JsonBody::from_request(request, &()).await?;
    }
    let App(app) = app;
    let tables = AccountTables {
        credentials: &app.credentials,
        users: &app.users,
    };
    match accounts::end_all_sessions(tables, caller.user_id).await? {
        AccountChange::Changed => {
            tracing::info!(request_id = gateway.request_id, user_id = %caller.user_id, "all_sessions_ended");
            Ok(StatusCode::NO_CONTENT)
        }
        AccountChange::Conflict => Err(Problem::unavailable()),
    }
}

/// Parses the parameter `everywhere` of a query.
fn is_everywhere(query: &str) -> Result<bool, Problem> {
    let mut everywhere = false;
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if name == "everywhere" {
            everywhere = match value.as_ref() {
                "true" => true,
                "false" => false,
                _ => {
                    return Err(Problem::invalid(vec![FieldError::at(
                        "/everywhere",
                        NOT_A_BOOLEAN,
                    )]));
                }
            };
        }
    }
    Ok(everywhere)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everywhere_must_be_true_or_false() {
        for (query, expected) in [
            ("", Ok(false)),
            ("everywhere=false", Ok(false)),
            ("everywhere=true", Ok(true)),
            ("x=1&everywhere=true", Ok(true)),
            ("everywhere", Err("validation_failed")),
            ("everywhere=1", Err("validation_failed")),
            ("everywhere=TRUE", Err("validation_failed")),
        ] {
            let found = is_everywhere(query).map_err(|problem| problem.code());
            assert_eq!(found, expected, "{query}");
        }
    }
}

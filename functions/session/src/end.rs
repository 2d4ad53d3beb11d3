use auth::refresh::{NotARefreshToken, RefreshToken};
use axum::{
    body::HttpBody as _,
    extract::{FromRequest as _, FromRequestParts as _, Request, State},
};
use domain::Invalid;
use http::StatusCode;
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
    token::{refused, session_of},
};

const NOT_A_BOOLEAN: Invalid = Invalid {
    code: "invalid_boolean",
    detail: "must be true or false",
};
/// Which session to end.
#[derive(ToSchema)]
#[schema(as = SignOut)]
pub struct Form {
    /// Any refresh token of the session. Not needed to end all.
    #[schema(value_type = String, required = false, format = Password, rename = "refreshToken")]
    token: Result<RefreshToken, NotARefreshToken>,
}

impl FromFields for Form {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let token = fields.required("refreshToken", text(|text| Ok(RefreshToken::parse(text))));
        token.map(|token| Self { token })
    }
}

/// The same where all sessions are to end: the access token says whose, and what is sent only has to make sense.
struct Whatever;

impl FromFields for Whatever {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let token = fields.optional("refreshToken", text(|text| Ok(RefreshToken::parse(text))));
        token.map(|_| Self)
    }
}

/// End a session, or all of the caller's.
///
/// A session that is unknown or has ended is no problem (RFC 7009, section 2.2): it lives no more, and that was wanted.
/// Access tokens live out their few minutes.
#[utoipa::path(
    post,
    path = "/signout",
    operation_id = "signOut",
    tag = "accounts",
    security((), ("access_token" = [])),
    params(("everywhere" = Option<bool>, Query,
        description = "`true`: all sessions of the caller, which takes an access token and needs no body")),
    request_body = Form,
    responses(
        (status = 204),
        (status = 401, body = ProblemDocument, content_type = "application/problem+json",
            description = "with `everywhere`"),
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
    if everywhere(request.uri().query().unwrap_or_default())? {
        return all(app, gateway, request).await;
    }
    let App(app) = app;
    let JsonBody(form) = JsonBody::<Form>::from_request(request, &()).await?;
    let Ok(token) = form.token else {
        refused(&gateway, "malformed");
        return Ok(StatusCode::NO_CONTENT);
    };
    if let Some(session) = session_of(&app, &gateway, &token).await? {
        app.sessions.end(session.id).await?;
    }
    Ok(StatusCode::NO_CONTENT)
}

async fn all(app: App, gateway: Gateway, request: Request) -> Result<StatusCode, Problem> {
    let (mut parts, body) = request.into_parts();
    let Authenticated(caller) = Authenticated::from_request_parts(&mut parts, &app).await?;
    if !body.is_end_stream() {
        let request = Request::from_parts(parts, body);
        let _: JsonBody<Whatever> = JsonBody::from_request(request, &()).await?;
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

fn everywhere(query: &str) -> Result<bool, Problem> {
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
    fn everywhere_is_said_in_so_many_words() {
        for (query, expected) in [
            ("", Ok(false)),
            ("everywhere=false", Ok(false)),
            ("everywhere=true", Ok(true)),
            ("x=1&everywhere=true", Ok(true)),
            ("everywhere", Err("validation_failed")),
            ("everywhere=1", Err("validation_failed")),
            ("everywhere=TRUE", Err("validation_failed")),
        ] {
            let found = everywhere(query).map_err(|problem| problem.code());
            assert_eq!(found, expected, "{query}");
        }
    }
}

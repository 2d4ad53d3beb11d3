use axum::{extract::State, response::Response};
use domain::{Age, Invalid, Name, Patch, ProfilePatch, UserId};
use http::StatusCode;
use http_api::{
    Authenticated, Fields, FromFields, IfMatch, JsonBody, Problem, ProblemDocument, UserAnswer,
    number, text,
};
use store::{UserChanges, UserUpdate};
use utoipa::ToSchema;

use crate::{App, show::answer};

const STALE: Problem = Problem::new(
    StatusCode::PRECONDITION_FAILED,
    "precondition_failed",
    "the user changed since the version in If-Match; read it again and repeat the change",
);
const NAME_REMOVED: Invalid = Invalid {
    code: "required",
    detail: "a user always has a name: it can be changed, not removed",
};

/// A JSON Merge Patch (RFC 7396).
pub struct Form(UserChanges);

/// What [`Form`] reads: absent stays as it is, null goes (not the name).
#[derive(ToSchema)]
#[schema(as = UserPatch)]
#[expect(dead_code, reason = "describes what `Form` reads")]
struct FormSchema {
    #[schema(min_length = 1, max_length = 100, nullable = false)]
    name: Option<String>,
    profile: Option<ProfileSchema>,
}

/// Absent stays as it is, null goes.
#[derive(ToSchema)]
#[schema(as = ProfilePatch, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes what `profile` reads")]
struct ProfileSchema {
    #[schema(min_length = 1, max_length = 100)]
    first_name: Option<String>,
    #[schema(min_length = 1, max_length = 100)]
    last_name: Option<String>,
    #[schema(min_length = 1, max_length = 100)]
    city: Option<String>,
    #[schema(maximum = 150)]
    age: Option<u8>,
}

impl FromFields for Form {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let name = match fields.patched("name", text(Name::parse)) {
            Some(Patch::Remove) => fields.refuse("name", NAME_REMOVED),
            name => name,
        };
        let profile = fields.nested(
            "profile",
            ProfilePatch::default,
            ProfilePatch::clear,
            profile,
        );
        Some(Self(UserChanges {
            name: name?,
            profile: profile?,
        }))
    }
}

fn profile(fields: &mut Fields) -> Option<ProfilePatch> {
    let first_name = fields.patched("firstName", text(Name::parse));
    let last_name = fields.patched("lastName", text(Name::parse));
    let city = fields.patched("city", text(Name::parse));
    let age = fields.patched("age", number(Age::parse));
    Some(ProfilePatch {
        first_name: first_name?,
        last_name: last_name?,
        city: city?,
        age: age?,
    })
}

/// Change oneself.
///
/// One conditional write. A patch that says nothing changes nothing, the version included.
#[utoipa::path(
    patch,
    path = "/users/me",
    operation_id = "updateMe",
    tag = "users",
    security(("access_token" = [])),
    params(("If-Match" = Option<String>, Header, description = "the `ETag` that the change is meant for")),
    request_body = FormSchema,
    responses(
        (status = 200, body = UserAnswer, headers(("ETag" = String, description = "the new version"))),
        (status = 412, body = ProblemDocument, content_type = "application/problem+json",
            description = "`precondition_failed`"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`validation_failed` (fields: `empty`, `too_long`, `control_character`, `invalid_age`, \
                `required`, `wrong_type`, `unknown_field`)"),
    )
)]
pub async fn update(
    State(app): State<App>,
    Authenticated(caller): Authenticated,
    if_match: IfMatch,
    JsonBody(Form(changes)): JsonBody<Form>,
) -> Result<Response, Problem> {
    let updated = if changes == UserChanges::default() {
        unchanged(&app, caller.user_id, &if_match).await?
    } else {
        change(&app, caller.user_id, &changes, &if_match).await?
    };
    match updated {
        UserUpdate::Updated(user) => Ok(answer(&user, &caller)),
        UserUpdate::VersionMismatch => Err(STALE),
        UserUpdate::NotFound => Err(Problem::invalid_token()),
    }
}

async fn unchanged(app: &App, id: UserId, if_match: &IfMatch) -> Result<UserUpdate, Problem> {
    Ok(match (app.users.find(id).await?, if_match) {
        (None, _) => UserUpdate::NotFound,
        (Some(user), IfMatch::OneOf(versions)) if !versions.contains(&user.version) => {
            UserUpdate::VersionMismatch
        }
        (Some(user), _) => UserUpdate::Updated(Box::new(user)),
    })
}

async fn change(
    app: &App,
    id: UserId,
    changes: &UserChanges,
    if_match: &IfMatch,
) -> Result<UserUpdate, Problem> {
    let versions = match if_match {
        IfMatch::Any => None,
        IfMatch::OneOf(versions) if versions.is_empty() => return Ok(UserUpdate::VersionMismatch),
        IfMatch::OneOf(versions) => Some(versions.as_slice()),
    };
    Ok(app
        .users
        .update(id, changes, versions, app.clock.now())
        .await?)
}

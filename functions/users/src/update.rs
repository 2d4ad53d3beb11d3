use axum::{extract::State, response::Response};
use domain::{Age, Invalid, Name, Patch, ProfilePatch, UserId};
use http::StatusCode;
use http_api::{
    Authenticated, Fields, FromFields, IfMatch, JsonBody, Problem, ProblemDocument, UserResponse,
    number, text,
};
use store::{UserChanges, UserUpdate};
use utoipa::ToSchema;

use crate::{App, show::user_response};

/// 412: the user changed since the version in `If-Match`.
const STALE: Problem = Problem::new(
    StatusCode::PRECONDITION_FAILED,
    "precondition_failed",
    "The user has changed since the version in `If-Match`. Get the user again and repeat the change.",
);
const NAME_REMOVED: Invalid = Invalid {
    code: "required",
    detail: "A user must have a name. Send a name, or leave this field out.",
};

/// A JSON Merge Patch (RFC 7396) of a user: absent fields stay unchanged, null removes a value.
#[derive(ToSchema)]
pub struct UpdateUserRequest {
    /// The display name. It cannot be removed.
    #[schema(value_type = Option<String>, min_length = 1, max_length = 100, nullable = false)]
    name: Patch<Name>,
    /// The changes of the profile; null removes all its values.
    #[schema(value_type = Option<UpdateUserProfile>)]
    profile: ProfilePatch,
}

/// The changes of a profile: absent fields stay unchanged, null removes a value.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the fields of `profile`")]
struct UpdateUserProfile {
    #[schema(min_length = 1, max_length = 100)]
    first_name: Option<String>,
    #[schema(min_length = 1, max_length = 100)]
    last_name: Option<String>,
    #[schema(min_length = 1, max_length = 100)]
    city: Option<String>,
    #[schema(maximum = 150)]
    age: Option<u8>,
}

impl FromFields for UpdateUserRequest {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let name = match fields.patched("name", text(Name::parse)) {
            Some(Patch::Remove) => fields.refuse("name", NAME_REMOVED),
            name => name,
        };
        let profile = fields.nested(
            "profile",
            ProfilePatch::default,
            ProfilePatch::clear,
            parse_profile,
        );
        Some(Self {
            name: name?,
            profile: profile?,
        })
    }
}

fn parse_profile(fields: &mut Fields) -> Option<ProfilePatch> {
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

/// Update the current user.
///
/// With `If-Match`, the change applies only to that version. An empty patch changes nothing and keeps the version.
#[utoipa::path(
    patch,
    path = "/users/me",
    operation_id = "updateMe",
    tag = "users",
    security(("access_token" = [])),
    params(("If-Match" = Option<String>, Header, description = "the `ETag` of the version to change")),
    request_body = UpdateUserRequest,
    responses(
        (status = 200, description = "the updated user", body = UserResponse,
            headers(("ETag" = String, description = "the new version"))),
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
    JsonBody(request): JsonBody<UpdateUserRequest>,
) -> Result<Response, Problem> {
    let changes = UserChanges {
        name: request.name,
        profile: request.profile,
    };
    let updated = if changes == UserChanges::default() {
        check_version(&app, caller.user_id, &if_match).await?
    } else {
        apply(&app, caller.user_id, &changes, &if_match).await?
    };
    match updated {
        UserUpdate::Updated(user) => Ok(user_response(&user, &caller)),
        UserUpdate::VersionMismatch => Err(STALE),
        UserUpdate::NotFound => Err(Problem::invalid_token()),
    }
}

/// Handles an empty patch: returns the user if `If-Match` allows it.
async fn check_version(app: &App, id: UserId, if_match: &IfMatch) -> Result<UserUpdate, Problem> {
    Ok(match (app.users.find(id).await?, if_match) {
        (None, _) => UserUpdate::NotFound,
        (Some(user), IfMatch::OneOf(versions)) if !versions.contains(&user.version) => {
            UserUpdate::VersionMismatch
        }
        (Some(user), _) => UserUpdate::Updated(Box::new(user)),
    })
}

/// Applies the changes with one conditional write.
async fn apply(
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

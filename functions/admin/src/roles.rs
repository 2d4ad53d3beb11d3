use axum::{
    extract::{Path, State},
    response::Response,
};
use domain::{AdminAction, Invalid, Role, Roles};
use http_api::{Fields, FromFields, Gateway, JsonBody, Problem, ProblemDocument, text};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    App,
    admin::Admin,
    manage::manage,
    view::{Answer, answer},
};

const NOT_A_LIST: Invalid = Invalid {
    code: "wrong_type",
    detail: "must be a list; an empty one takes all roles",
};
const UNKNOWN_ROLE: Invalid = Invalid {
    code: "unknown_role",
    detail: "has something in it that is no role; there is `admin`",
};

/// All the roles that the user has from now on.
pub struct Form(Roles);

/// What [`Form`] reads.
#[derive(ToSchema)]
#[schema(as = RolesForm)]
#[expect(dead_code, reason = "describes what `Form` reads")]
struct FormSchema {
    /// `admin`, or none.
    roles: Vec<String>,
}

impl FromFields for Form {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        fields.required("roles", roles).map(Self)
    }
}

fn roles(value: &Value) -> Result<Roles, Invalid> {
    let words = value.as_array().ok_or(NOT_A_LIST)?.iter();
    let role = |word: &str| Role::parse(word).ok_or(UNKNOWN_ROLE);
    words.map(|word| text(role)(word)).collect()
}

/// Give and take roles.
///
/// One transaction. The sessions go on: what the next refresh gives has the new roles. Whoever is no administrator any
/// more can change nothing here from now on, whatever their token says.
#[utoipa::path(
    put,
    path = "/admin/users/{id}/roles",
    operation_id = "adminSetRoles",
    tag = "admin",
    security(("access_token" = [])),
    params(("id" = String, Path)),
    request_body = FormSchema,
    responses(
        (status = 200, body = Answer, headers(("ETag" = String, description = "the new version"))),
        (status = 403, body = ProblemDocument, content_type = "application/problem+json",
            description = "`forbidden`"),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json",
            description = "`not_found`"),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "`not_yourself`, `changed_meanwhile`"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`validation_failed` (fields: `unknown_role`, `required`, `wrong_type`, `unknown_field`)"),
    )
)]
pub async fn set(
    State(app): State<App>,
    Admin(admin): Admin,
    gateway: Gateway,
    Path(id): Path<String>,
    JsonBody(Form(roles)): JsonBody<Form>,
) -> Result<Response, Problem> {
    let user = manage(&app, &gateway, &admin, &id, AdminAction::SetRoles(&roles)).await?;
    Ok(answer(&user))
}

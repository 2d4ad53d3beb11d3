use axum::{
    extract::{Path, State},
    response::Response,
};
use domain::{AdminAction, Invalid, Role, Roles};
use http_api::{
    Administrator, Fields, FromFields, Gateway, JsonBody, Problem, ProblemDocument, text,
};
use serde_json::Value;
use utoipa::ToSchema;

use crate::{
    App,
    manage::manage,
    view::{ManagedUserResponse, user_response},
};

const NOT_A_LIST: Invalid = Invalid {
    code: "wrong_type",
    detail: "A list of roles is required. Send an empty list to remove all roles.",
};
const UNKNOWN_ROLE: Invalid = Invalid {
    code: "unknown_role",
    detail: "Unknown role. The roles are `admin` and `seller`.",
};

/// The new roles of a user.
#[derive(ToSchema)]
pub struct SetRolesRequest {
    /// All roles of the user from now on: `admin`, `seller`, both, or an empty list.
    #[schema(value_type = Vec<RoleName>)]
    roles: Roles,
}

/// A role in the API document.
#[derive(ToSchema)]
#[schema(rename_all = "lowercase")]
#[expect(dead_code, reason = "it describes `domain::Role`, whose words it has")]
enum RoleName {
    Admin,
    Seller,
}

impl FromFields for SetRolesRequest {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let roles = fields.required("roles", parse_roles)?;
        Some(Self { roles })
    }
}

fn parse_roles(value: &Value) -> Result<Roles, Invalid> {
    let names = value.as_array().ok_or(NOT_A_LIST)?.iter();
    let role = |name: &str| Role::parse(name).ok_or(UNKNOWN_ROLE);
    names.map(|name| text(role)(name)).collect()
}

/// Set the roles of a user.
///
/// Sessions continue: the next refresh returns an access token with the new roles. A demoted administrator can change
/// nothing from now on, even with an access token that still has the role.
#[utoipa::path(
    put,
    path = "/admin/users/{id}/roles",
    operation_id = "adminSetRoles",
    tag = "admin",
    security(("access_token" = [])),
    params(("id" = String, Path, description = "the user's id")),
    request_body = SetRolesRequest,
    responses(
        (status = 200, description = "the user", body = ManagedUserResponse,
            headers(("ETag" = String, description = "the new version"))),
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
    Administrator(admin): Administrator,
    gateway: Gateway,
    Path(id): Path<String>,
    JsonBody(request): JsonBody<SetRolesRequest>,
) -> Result<Response, Problem> {
    let action = AdminAction::SetRoles(&request.roles);
    let user = manage(&app, &gateway, &admin, &id, action).await?;
    user_response(&app, &user).await
}

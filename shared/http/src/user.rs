use auth::Caller;
use domain::{Age, Name, Profile, Role, User};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{Fields, Timestamp, number, text};

/// A user. `email` and `profile` are present only for the user and for administrators.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
#[serde(rename_all = "camelCase")]
pub struct UserView {
    #[schema(format = "uuid")]
    id: String,
    /// Present for the user and for administrators.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    email: Option<String>,
    /// The display name.
    name: String,
    /// Present for the user and for administrators.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    profile: Option<ProfileView>,
    /// `admin`, `seller`, both or none.
    #[schema(value_type = Vec<String>)]
    roles: Vec<Role>,
    created_at: Timestamp,
    updated_at: Timestamp,
}

/// The profile of a user. Fields without a value are absent.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Profile)]
#[serde(rename_all = "camelCase")]
struct ProfileView {
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    first_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    last_name: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    city: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(nullable = false)]
    age: Option<u8>,
}

impl UserView {
    /// Creates the view for the user themselves and for administrators, with all fields.
    #[must_use]
    pub fn own(user: &User) -> Self {
        Self {
            email: Some(user.email.display().to_owned()),
            profile: Some(ProfileView::of(&user.profile)),
            ..Self::public(user)
        }
    }

    /// Creates the view of `user` for `caller`: only the user and administrators get the email address and the profile.
    #[must_use]
    pub fn for_caller(user: &User, caller: &Caller) -> Self {
        if caller.user_id == user.id || caller.is_admin() {
            Self::own(user)
        } else {
            Self::public(user)
        }
    }

    fn public(user: &User) -> Self {
        Self {
            id: user.id.to_string(),
            email: None,
            name: user.name.as_str().to_owned(),
            profile: None,
            roles: user.roles.iter().copied().collect(),
            created_at: Timestamp(user.created_at),
            updated_at: Timestamp(user.updated_at),
        }
    }
}

impl ProfileView {
    fn of(profile: &Profile) -> Self {
        let text = |name: &Option<domain::Name>| name.as_ref().map(|name| name.as_str().to_owned());
        Self {
            first_name: text(&profile.first_name),
            last_name: text(&profile.last_name),
            city: text(&profile.city),
            age: profile.age.map(domain::Age::years),
        }
    }
}

/// Parses the fields of a profile; all are optional.
pub fn parse_profile(fields: &mut Fields) -> Option<Profile> {
    let first_name = fields.optional("firstName", text(Name::parse));
    let last_name = fields.optional("lastName", text(Name::parse));
    let city = fields.optional("city", text(Name::parse));
    let age = fields.optional("age", number(Age::parse));
    Some(Profile {
        first_name: first_name?,
        last_name: last_name?,
        city: city?,
        age: age?,
    })
}

/// A response with a user.
#[derive(Debug, Serialize, ToSchema)]
pub struct UserResponse {
    /// The user.
    pub user: UserView,
}

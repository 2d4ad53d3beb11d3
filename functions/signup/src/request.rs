use domain::{Email, Name, Password, Profile};
use http_api::{Fields, FromFields, parse_profile, text};
use utoipa::ToSchema;

/// The data of a new account.
#[derive(ToSchema)]
pub struct SignUpRequest {
    /// The email address of the account. Compared case-insensitively after Unicode normalization.
    #[schema(value_type = String, format = Email, example = "ada@example.com")]
    pub email: Email,
    /// The password: 8 characters to 71 bytes after NFKC normalization. Common passwords are refused.
    #[schema(value_type = String, format = Password, min_length = 8, example = "analytical engine")]
    pub password: Password,
    /// The display name, which other users see.
    #[schema(value_type = String, min_length = 1, max_length = 100, example = "Ada Lovelace")]
    pub name: Name,
    /// The profile, which only the user and administrators see.
    #[schema(value_type = Option<SignUpProfile>)]
    pub profile: Profile,
}

/// The profile of a new account. All fields are optional.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the fields of `profile`")]
struct SignUpProfile {
    #[schema(min_length = 1, max_length = 100)]
    first_name: Option<String>,
    #[schema(min_length = 1, max_length = 100)]
    last_name: Option<String>,
    #[schema(min_length = 1, max_length = 100)]
    city: Option<String>,
    #[schema(maximum = 150)]
    age: Option<u8>,
}

impl FromFields for SignUpRequest {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let email = fields.required("email", text(Email::parse));
        let password = fields.required("password", text(Password::parse));
        let name = fields.required("name", text(Name::parse));
        let profile = fields.nested("profile", Profile::default, Profile::default, parse_profile);
        Some(Self {
            email: email?,
            password: password?,
            name: name?,
            profile: profile?,
        })
    }
}

#[cfg(test)]
mod tests {
    use http_api::Problem;
    use serde_json::{Value, json};

    use super::*;

    fn codes(body: Value) -> Vec<(String, &'static str)> {
        let problem = Fields::read::<SignUpRequest>(body).err();
        let errors = problem.iter().flat_map(Problem::errors);
        errors
            .map(|error| (error.pointer.clone(), error.code))
            .collect()
    }

    #[test]
    fn every_invalid_field_is_reported() {
        let body = json!({
            "email": "ada", "password": "short", "name": " ",
            "profile": {"age": 200, "city": 5, "town": "x"}, "nmae": "Ada",
        });
        let expected = [
            ("/email", "invalid_email"),
            ("/password", "password_too_short"),
            ("/name", "empty"),
            ("/profile/city", "wrong_type"),
            ("/profile/age", "invalid_age"),
            ("/profile/town", "unknown_field"),
            ("/nmae", "unknown_field"),
        ];
        assert_eq!(
            codes(body),
            expected.map(|(pointer, code)| (pointer.to_owned(), code))
        );
    }

    #[test]
    fn the_profile_and_its_fields_are_optional() {
        let mut body = json!({"email": "ada@example.com", "password": "analytical", "name": "Ada"});
        assert_eq!(codes(body.clone()), []);
        for profile in [json!(null), json!({}), json!({"age": 36, "city": null})] {
            body["profile"] = profile;
            assert_eq!(codes(body.clone()), []);
        }
    }
}

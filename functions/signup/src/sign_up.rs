use std::sync::Arc;

use auth::password::{self, PasswordHash};
use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use domain::{Email, Lockout, Name, Password, Profile, Roles, Status, User, UserId};
use http::{StatusCode, header};
use http_api::{
    Fields, FromFields, IdempotencyKey, JsonBody, Problem, ProblemDocument, UserAnswer, UserView,
    profile, text,
};
use store::{
    AccountTables, Credential, NewRecord,
    accounts::{self, SignUp},
};
use utoipa::ToSchema;

use crate::{
    App, Mode,
    repeat::{self, repeated},
    verified::{self, PendingAnswer},
};

/// A new account.
#[derive(ToSchema)]
#[schema(as = SignUp)]
pub struct Form {
    /// Where mail goes. Case and accents written another way make no other address.
    #[schema(value_type = String, format = Email, example = "ada@example.com")]
    pub email: Email,
    /// 8 characters to 71 bytes after NFKC normalisation; common ones are refused.
    #[schema(value_type = String, format = Password, min_length = 8, example = "analytical engine")]
    pub password: Password,
    /// What others see.
    #[schema(value_type = String, min_length = 1, max_length = 100, example = "Ada Lovelace")]
    pub name: Name,
    /// What the owner tells of themselves.
    #[schema(value_type = Option<ProfileForm>)]
    pub profile: Profile,
}

/// All of it optional.
#[derive(ToSchema)]
#[schema(rename_all = "camelCase")]
#[expect(dead_code, reason = "describes what `profile` reads")]
struct ProfileForm {
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
        let email = fields.required("email", text(Email::parse));
        let password = fields.required("password", text(Password::parse));
        let name = fields.required("name", text(Name::parse));
        let profile = fields.nested("profile", Profile::default, Profile::default, profile);
        Some(Self {
            email: email?,
            password: password?,
            name: name?,
            profile: profile?,
        })
    }
}

/// Make an account.
///
/// One transaction makes the credential, the user and the record for a repeated request, or nothing. Where sign-ups are
/// verified first (`SignupMode`), the answer is 202 in any case, and the rest is said by mail.
#[utoipa::path(
    post,
    path = "/signup",
    operation_id = "signUp",
    tag = "accounts",
    params(("Idempotency-Key" = Option<String>, Header, description = "1 to 255 visible ASCII characters")),
    request_body = Form,
    responses(
        (status = 201, body = UserAnswer, headers(("Location" = String, description = "where the user is"))),
        (status = 202, body = PendingAnswer, description = "where sign-ups are verified: a mail is on its way"),
        (status = 409, body = ProblemDocument, content_type = "application/problem+json",
            description = "`email_taken`; `request_in_progress`: requests with the same key are still running"),
        (status = 422, body = ProblemDocument, content_type = "application/problem+json",
            description = "`validation_failed` (fields: `invalid_email`, `password_too_short`, `password_too_long`, \
                `password_repeats`, `password_too_common`, `empty`, `too_long`, `control_character`, `invalid_age`, \
                `required`, `wrong_type`, `unknown_field`), `invalid_idempotency_key`, `idempotency_key_reused`"),
        (status = 429, body = ProblemDocument, content_type = "application/problem+json",
            description = "`rate_limited`"),
    )
)]
pub async fn sign_up(
    State(app): State<Arc<App>>,
    IdempotencyKey(key): IdempotencyKey,
    JsonBody(form): JsonBody<Form>,
) -> Result<Response, Problem> {
    if let Some(answer) = repeated(&app, key.as_deref(), &form).await? {
        return Ok(answered(answer));
    }
    if let Mode::Verified(sign_ups, outbox) = &app.mode {
        return verified::ask(&app, (sign_ups, outbox), key.as_deref(), form).await;
    }
    let hash = password::hash(&form.password, app.cost).await;
    let hash = hash.map_err(|error| Problem::internal(&error))?;
    let user = new_user(&app, &form);
    let answer = serde_json::to_string(&UserAnswer {
        user: UserView::own(&user),
    });
    let answer = answer.map_err(|error| Problem::internal(&error))?;
    let record = key
        .as_deref()
        .map(|key| repeat::record(key, &form, &hash, &answer));

    let tables = AccountTables {
        credentials: &app.credentials,
        users: &app.users,
    };
    let record = record.as_ref().map(|record| NewRecord {
        idempotency: &app.idempotency,
        record,
    });
    match accounts::create(
        tables,
        &user,
        &credential(&user, hash),
        record,
        app.mail.as_ref(),
    )
    .await?
    {
        SignUp::Created => Ok(answered(answer)),
        SignUp::EmailTaken => Err(Problem::email_taken()),
        // The same request, sent twice at once: the other one won.
        SignUp::IdempotencyKeyUsed => match repeated(&app, key.as_deref(), &form).await? {
            Some(answer) => Ok(answered(answer)),
            None => Err(Problem::unavailable()),
        },
    }
}

fn new_user(app: &App, form: &Form) -> User {
    let now = app.clock.now();
    User {
        id: UserId::new(now),
        email: form.email.clone(),
        name: form.name.clone(),
        profile: form.profile.clone(),
        roles: Roles::new(),
        status: Status::Active,
        version: 1,
        created_at: now,
        updated_at: now,
    }
}

fn credential(user: &User, hash: PasswordHash) -> Credential {
    Credential {
        user_id: user.id,
        hash,
        roles: user.roles.clone(),
        status: user.status,
        session_epoch: 1,
        lockout: Lockout::NONE,
    }
}

/// The answer is text already: what was stored is what is sent again. The `Location` is in it too.
pub fn answered(answer: String) -> Response {
    let json = (header::CONTENT_TYPE, "application/json".to_owned());
    match repeat::user_id(&answer) {
        Some(id) => {
            let headers = [(header::LOCATION, format!("/users/{id}")), json];
            (StatusCode::CREATED, headers, answer).into_response()
        }
        // No account yet, or nothing that may be told of one.
        None => (StatusCode::ACCEPTED, [json], answer).into_response(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn codes(body: Value) -> Vec<(String, &'static str)> {
        let problem = Fields::read::<Form>(body).err();
        let errors = problem.iter().flat_map(Problem::errors);
        errors
            .map(|error| (error.pointer.clone(), error.code))
            .collect()
    }

    #[test]
    fn every_field_that_is_wrong_is_named() {
        let body = json!({
            "email": "nobody", "password": "short", "name": " ",
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
    fn a_profile_is_optional_and_so_is_all_of_it() {
        let mut body = json!({"email": "ada@example.com", "password": "analytical", "name": "Ada"});
        assert_eq!(codes(body.clone()), []);
        for profile in [json!(null), json!({}), json!({"age": 36, "city": null})] {
            body["profile"] = profile;
            assert_eq!(codes(body.clone()), []);
        }
    }
}

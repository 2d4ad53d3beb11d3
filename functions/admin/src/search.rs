use axum::extract::FromRequestParts;
use domain::{Email, Invalid, NameKey, NamePrefix};
use http::request::Parts;
use http_api::{FieldError, Page, PageQuery, Problem, TextCursor};
use utoipa::IntoParams;

const NOT_BOTH: Invalid = Invalid {
    code: "not_with_email",
    detail: "`email` and `name` cannot be combined. Send one of them.",
};

/// The users that a list contains.
#[derive(Debug, PartialEq, Eq)]
pub enum UserSearch {
    /// A page of all users.
    All(Page),
    /// The user with this address, if there is one.
    Email(Email),
    /// A page of the users whose names begin with a prefix.
    Name {
        /// The beginning of the names.
        prefix: NamePrefix,
        /// The maximum number of users in the page.
        limit: usize,
        /// The last user of the previous page.
        after: Option<NameKey>,
    },
}

/// The parameters of the search, for the API document.
#[derive(IntoParams)]
#[into_params(parameter_in = Query)]
#[expect(
    dead_code,
    reason = "it describes `UserSearch`, which parses the query itself"
)]
pub struct UserSearchParams {
    /// Only the user with this address, compared case-insensitively after Unicode normalization. Cannot be combined with `name` or
    /// `cursor`.
    email: Option<String>,
    /// Only users whose names begin with this, sorted by name. Case, accents (é, ü, й) and invisible characters are ignored.
    #[param(min_length = 2, max_length = 100)]
    name: Option<String>,
}

impl UserSearch {
    fn of_query(query: &str) -> Result<Self, Problem> {
        let (mut email, mut name) = (None, None);
        for (key, value) in form_urlencoded::parse(query.as_bytes()) {
            match key.as_ref() {
                "email" => email = Some(value),
                "name" => name = Some(value),
                _ => {}
            }
        }
        match (email, name) {
            (None, None) => Page::of_query(query).map(Self::All),
            (Some(email), None) => by_email(query, &email),
            (None, Some(name)) => by_name(query, &name),
            (Some(_), Some(_)) => Err(invalid("/name", NOT_BOTH)),
        }
    }
}

/// A list of one user has no second page, so every cursor belongs to another list.
fn by_email(query: &str, email: &str) -> Result<UserSearch, Problem> {
    let page = PageQuery::parse(query)?;
    let email = Email::parse(email).map_err(|error| invalid("/email", error))?;
    match page.cursor {
        None => Ok(UserSearch::Email(email)),
        Some(_) => Err(Problem::invalid_cursor()),
    }
}

fn by_name(query: &str, name: &str) -> Result<UserSearch, Problem> {
    let PageQuery { limit, cursor } = PageQuery::parse(query)?;
    let prefix = NamePrefix::parse(name).map_err(|error| invalid("/name", error))?;
    let position = |text: String| {
        let TextCursor(key) = TextCursor::decode(&text)?;
        NameKey::parse(&key).filter(|key| prefix.matches(key))
    };
    let after = match cursor {
        Some(text) => Some(position(text).ok_or_else(Problem::invalid_cursor)?),
        None => None,
    };
    Ok(UserSearch::Name {
        prefix,
        limit,
        after,
    })
}

fn invalid(pointer: &'static str, error: Invalid) -> Problem {
    Problem::invalid(vec![FieldError::at(pointer, error)])
}

impl<S: Sync> FromRequestParts<S> for UserSearch {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Self::of_query(parts.uri.query().unwrap_or_default())
    }
}

#[cfg(test)]
mod tests {
    use domain::{Name, UserId};
    use http_api::Cursor;
    use time::macros::datetime;

    use super::*;

    fn code(query: &str) -> String {
        let problem = UserSearch::of_query(query).unwrap_err();
        let field = problem.errors().first().map(|error| error.code);
        field.unwrap_or_else(|| problem.code()).to_owned()
    }

    #[test]
    fn a_cursor_belongs_to_one_search() {
        let id = UserId::new(datetime!(2026-01-01 00:00:00 UTC));
        let key = NameKey::of(&Name::parse("Ada").unwrap(), id).unwrap();
        let of_name = TextCursor(key.as_str().to_owned()).encode();
        let of_all = Cursor(*id.as_bytes()).encode();
        let found = UserSearch::of_query(&format!("name=AD&limit=7&cursor={of_name}"));
        let expected = UserSearch::Name {
            prefix: NamePrefix::parse("ad").unwrap(),
            limit: 7,
            after: Some(key),
        };
        assert_eq!(found.unwrap(), expected);
        for query in [
            format!("name=bo&cursor={of_name}"),
            format!("name=ad&cursor={of_all}"),
            format!("cursor={of_name}"),
            format!("email=ada@example.com&cursor={of_name}"),
            format!("email=ada@example.com&cursor={of_all}"),
        ] {
            assert_eq!(code(&query), "invalid_cursor", "{query}");
        }
    }

    #[test]
    fn an_invalid_search_is_refused() {
        for (query, expected) in [
            ("name=a", "too_short"),
            ("name=", "too_short"),
            ("email=ada", "invalid_email"),
            ("email=", "invalid_email"),
            ("email=ada@example.com&name=ada", "not_with_email"),
            ("email=ada@example.com&limit=0", "invalid_limit"),
            ("name=ada&limit=101", "invalid_limit"),
        ] {
            assert_eq!(code(query), expected, "{query}");
        }
    }
}

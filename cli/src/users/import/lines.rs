//! Parses the lines of an import file into accounts.

use std::collections::BTreeMap;

use auth::password::PasswordHash;
use domain::{Email, Invalid, Lockout, Name, Profile, Role, Roles, Status, User, UserId};
use http_api::{Fields, FromFields, Problem, from_json, parse_profile, text};
use serde_json::Value;
use store::Credential;
use time::{OffsetDateTime, UtcOffset, format_description::well_known::Rfc3339};

const BAD_HASH: Invalid = Invalid {
    code: "invalid_password_hash",
    detail: "This must be a $2a$, $2b$ or $2y$ bcrypt hash with a cost from 4 to 16.",
};
const BAD_ROLES: Invalid = Invalid {
    code: "invalid_roles",
    detail: "This must be a list of roles. The roles are \"admin\" and \"seller\".",
};
const BAD_TIME: Invalid = Invalid {
    code: "invalid_time",
    detail: "This must be a time such as 2019-12-10T08:00:00Z, not before 1970 and not in the future.",
};

/// An account to import.
#[derive(Debug)]
pub(super) struct ImportedAccount {
    /// The line number, starting at 1.
    pub(super) line: usize,
    pub(super) user: User,
    pub(super) credential: Credential,
}

/// A line that cannot be imported, with all its problems.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct InvalidLine {
    pub(super) number: usize,
    pub(super) problems: Vec<String>,
}

/// The fields of one line.
struct ImportLine {
    email: Email,
    name: Name,
    hash: PasswordHash,
    roles: Roles,
    profile: Profile,
    created_at: Option<OffsetDateTime>,
}

impl FromFields for ImportLine {
    fn from_fields(fields: &mut Fields) -> Option<Self> {
        let email = fields.required("email", text(Email::parse));
        let name = fields.required("name", text(Name::parse));
        let hash = fields.required("passwordHash", text(hash));
        let roles = fields.optional("roles", roles);
        let profile = fields.nested("profile", Profile::default, Profile::default, parse_profile);
        let created_at = fields.optional("createdAt", text(time));
        Some(Self {
            email: email?,
            name: name?,
            hash: hash?,
            roles: roles?.unwrap_or_default(),
            profile: profile?,
            created_at: created_at?,
        })
    }
}

fn hash(text: &str) -> Result<PasswordHash, Invalid> {
    PasswordHash::parse(text).map_err(|_| BAD_HASH)
}

fn roles(value: &Value) -> Result<Roles, Invalid> {
    let role = |value: &Value| value.as_str().and_then(Role::parse).ok_or(BAD_ROLES);
    let words = value.as_array().ok_or(BAD_ROLES)?;
    words.iter().map(role).collect()
}

/// Parses a time and truncates it to milliseconds, the precision of all stored times.
fn time(text: &str) -> Result<OffsetDateTime, Invalid> {
    let time = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| BAD_TIME)?;
    let time = time.checked_to_offset(UtcOffset::UTC).ok_or(BAD_TIME)?;
    let whole = time.replace_millisecond(time.millisecond());
    whole
        .ok()
        .filter(|time| *time >= OffsetDateTime::UNIX_EPOCH)
        .ok_or(BAD_TIME)
}

/// Parses a whole file. Empty lines are counted and skipped.
pub(super) fn parse_file(
    contents: &[u8],
    now: OffsetDateTime,
) -> (Vec<ImportedAccount>, Vec<InvalidLine>) {
    let contents = contents.strip_prefix(b"\xef\xbb\xbf").unwrap_or(contents);
    let mut seen = BTreeMap::new();
    let (mut accounts, mut bad) = (Vec::new(), Vec::new());
    for (number, line) in (1..).zip(contents.split(|byte| *byte == b'\n')) {
        if line.trim_ascii().is_empty() {
            continue;
        }
        match parse_line(line, number, now, &mut seen) {
            Ok(account) => accounts.push(account),
            Err(problems) => bad.push(InvalidLine { number, problems }),
        }
    }
    (accounts, bad)
}

fn parse_line(
    line: &[u8],
    number: usize,
    now: OffsetDateTime,
    seen: &mut BTreeMap<String, usize>,
) -> Result<ImportedAccount, Vec<String>> {
    let fields: ImportLine = from_json(line).map_err(|problem| problems(&problem))?;
    let mut found = Vec::new();
    if fields.created_at.is_some_and(|at| at > now) {
        found.push(describe("/createdAt", BAD_TIME));
    }
    let email = fields.email.canonical().to_owned();
    if let Some(earlier) = seen.get(&email) {
        found.push(format!(
            "/email: Line {earlier} has the same address. (duplicate_email)"
        ));
    }
    seen.entry(email).or_insert(number);
    if found.is_empty() {
        Ok(fields.into_account(number, now))
    } else {
        Err(found)
    }
}

fn problems(problem: &Problem) -> Vec<String> {
    if problem.errors().is_empty() {
        return vec![match problem.code() {
            "duplicate_field" => "The object has a field twice. (duplicate_field)".to_owned(),
            code => format!("The line must be a JSON object. ({code})"),
        }];
    }
    let errors = problem.errors().iter();
    errors
        .map(|error| {
            let (code, detail) = (error.code, error.detail);
            describe(&error.pointer, Invalid { code, detail })
        })
        .collect()
}

fn describe(pointer: &str, Invalid { code, detail }: Invalid) -> String {
    let at = if pointer.is_empty() {
        "the line"
    } else {
        pointer
    };
    format!("{at}: {detail} ({code})")
}

impl ImportLine {
    /// Builds the account as sign-up at that time would. The id begins with the time, so listings are sorted correctly.
    fn into_account(self, line: usize, now: OffsetDateTime) -> ImportedAccount {
        let created_at = self.created_at.unwrap_or(now);
        let user = User {
            id: UserId::new(created_at),
            email: self.email,
            name: self.name,
            profile: self.profile,
            roles: self.roles.clone(),
            status: Status::Active,
            verified_at: None,
            version: 1,
            created_at,
            updated_at: created_at,
        };
        let credential = Credential {
            user_id: user.id,
            hash: self.hash,
            roles: self.roles,
            status: user.status,
            session_epoch: 1,
            lockout: Lockout::NONE,
        };
        ImportedAccount {
            line,
            user,
            credential,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-03-01 12:00:00 UTC);
    const HASH: &str = "$2a$06$m0CrhHm10qJ3lXRY.5zDGO3rS2KdeeWLuGmsfGlMfOxih58VYVfxe";

    fn codes(line: &Value) -> Vec<String> {
        let (_, bad) = parse_file(line.to_string().as_bytes(), NOW);
        let problems = bad.into_iter().flat_map(|bad| bad.problems);
        let code = |problem: String| {
            let (pointer, _) = problem.split_once(' ').unwrap();
            let (_, code) = problem.rsplit_once('(').unwrap();
            format!(
                "{} {}",
                pointer.trim_end_matches(':'),
                code.trim_end_matches(')')
            )
        };
        let mut codes: Vec<_> = problems.map(code).collect();
        codes.sort();
        codes
    }

    #[test]
    fn a_line_with_all_fields_becomes_an_account() {
        let line = json!({
            "email": "Ada@Example.com", "name": " Ada ", "passwordHash": HASH, "roles": ["admin"],
            "profile": {"city": "London", "age": 36}, "createdAt": "2019-12-10T09:00:00.123456+01:00",
        });
        let (accounts, bad) = parse_file(format!("\u{feff}\n{line}\r\n\n").as_bytes(), NOW);
        assert_eq!(bad, []);
        let [account] = accounts.as_slice() else {
            panic!("{accounts:?}")
        };
        let created = datetime!(2019-12-10 08:00:00.123 UTC);
        assert_eq!((account.line, account.user.created_at), (2, created));
        assert_eq!(account.user.email.canonical(), "ada@example.com");
        assert_eq!(account.user.name.as_str(), "Ada");
        assert_eq!(account.credential.hash.as_str(), HASH);
        assert_eq!(account.credential.roles, Roles::from([Role::Admin]));
        assert_eq!(account.user.roles, account.credential.roles);
        let before = UserId::new(created - time::Duration::milliseconds(1));
        let after = UserId::new(created + time::Duration::milliseconds(1));
        assert!(before < account.user.id && account.user.id < after);
    }

    #[test]
    fn all_problems_of_a_line_are_reported() {
        let line = json!({
            "email": "unknown", "name": "", "passwordHash": "$2b$03$short", "roles": ["root"],
            "profile": {"age": 200, "shoe": 43}, "createdAt": "yesterday", "password": "x",
        });
        assert_eq!(
            codes(&line),
            [
                "/createdAt invalid_time",
                "/email invalid_email",
                "/name empty",
                "/password unknown_field",
                "/passwordHash invalid_password_hash",
                "/profile/age invalid_age",
                "/profile/shoe unknown_field",
                "/roles invalid_roles",
            ]
        );
        assert_eq!(
            codes(&json!({})),
            [
                "/email required",
                "/name required",
                "/passwordHash required"
            ]
        );
    }

    #[test]
    fn only_verifiable_hashes_are_accepted() {
        let with = |hash: &str| json!({"email": "a@b.example", "name": "A", "passwordHash": hash});
        for good in ["$2a$", "$2b$", "$2y$"] {
            assert_eq!(codes(&with(&HASH.replace("$2a$", good))), [""; 0], "{good}");
        }
        let bad = [
            HASH.replace("$2a$", "$2x$"),
            HASH.replace("$06$", "$03$"),
            HASH.replace("$06$", "$17$"),
            HASH[..59].to_owned(),
            "$argon2id$v=19$m=16,t=2,p=1$c2FsdHNhbHQ$aGFzaA".to_owned(),
        ];
        for bad in bad {
            assert_eq!(
                codes(&with(&bad)),
                ["/passwordHash invalid_password_hash"],
                "{bad}"
            );
        }
    }

    #[test]
    fn times_must_be_between_1970_and_now() {
        let at = |at: &str| json!({"email": "a@b.example", "name": "A", "passwordHash": HASH, "createdAt": at});
        for good in ["1970-01-01T00:00:00Z", "2026-03-01T12:00:00Z"] {
            assert_eq!(codes(&at(good)), [""; 0], "{good}");
        }
        for bad in [
            "1969-12-31T23:59:59Z",
            "2026-03-01T12:00:01Z",
            "9999-12-31T23:59:59-01:00",
            "2019-12-10",
            "",
        ] {
            assert_eq!(codes(&at(bad)), ["/createdAt invalid_time"], "{bad}");
        }
    }

    #[test]
    fn an_address_in_another_case_is_a_duplicate() {
        let line =
            |email: &str| json!({"email": email, "name": "A", "passwordHash": HASH}).to_string();
        let file = [
            line("ada@example.com"),
            line("bob@example.com"),
            line("ADA@example.com"),
        ];
        let (accounts, bad) = parse_file(file.join("\n").as_bytes(), NOW);
        assert_eq!((accounts.len(), bad.len(), bad[0].number), (2, 1, 3));
        assert!(
            bad[0].problems[0].starts_with("/email: Line 1 has the same address"),
            "{bad:?}"
        );
    }

    #[test]
    fn a_line_that_is_not_an_object_is_reported() {
        for (text, code) in [
            ("{", "malformed_json"),
            ("[]", "wrong_type"),
            ("unknown,Ada", "malformed_json"),
            ("{\"email\": 1, \"email\": 2}", "duplicate_field"),
            ("\u{0}", "malformed_json"),
        ] {
            let (_, bad) = parse_file(text.as_bytes(), NOW);
            assert!(
                bad[0].problems[0].ends_with(&format!("({code})")),
                "{bad:?}"
            );
        }
    }
}

//! Validates parameter names.
//! <https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-paramstore-su-create.html>

use super::error::SsmError;

/// The maximum length of a name, which includes its ARN prefix on AWS.
const MAX_LENGTH: usize = 1011;
/// The maximum number of levels. `/a/b` has two.
const MAX_LEVELS: usize = 15;

/// Checks the name of a new parameter.
pub(crate) fn check(name: &str) -> Result<(), SsmError> {
    check_characters(name)?;
    if name.len() > MAX_LENGTH {
        return Err(SsmError::validation(format!(
            "Parameter name: can't be longer than {MAX_LENGTH} characters."
        )));
    }
    if name.contains('/') && !name.starts_with('/') {
        return Err(SsmError::validation(
            "Parameter name must be a fully qualified name.",
        ));
    }
    if name.ends_with('/') || name.contains("//") {
        return Err(SsmError::validation(
            "Parameter name: can't have an empty level.",
        ));
    }
    if name.matches('/').count() > MAX_LEVELS {
        return Err(SsmError::validation(format!(
            "Parameter name: can't have more than {MAX_LEVELS} levels."
        )));
    }
    let first = name.trim_start_matches('/').to_ascii_lowercase();
    if first.starts_with("aws") || first.starts_with("ssm") {
        return Err(SsmError::validation(
            "Parameter name: can't be prefixed with \"ssm\" or \"aws\" (case-insensitive).",
        ));
    }
    Ok(())
}

/// Checks the path of a listing.
pub(crate) fn check_path(path: &str) -> Result<(), SsmError> {
    if !path.starts_with('/') {
        return Err(SsmError::validation(
            "The parameter doesn't meet the parameter name requirements. The parameter name must \
             begin with a forward slash \"/\".",
        ));
    }
    check_characters(path)
}

fn check_characters(name: &str) -> Result<(), SsmError> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "_.-/".contains(c);
    if !name.is_empty() && name.chars().all(is_allowed) {
        return Ok(());
    }
    Err(SsmError::validation(
        "Parameter name: only a mix of letters, numbers and the following 3 symbols .-_ are \
         allowed.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_valid_names_are_accepted() {
        for name in ["/shop/dev/keys/public/a-1_b.c", "plain", "/a"] {
            assert!(check(name).is_ok(), "{name}");
        }
        for name in [
            "", "/", "a/b", "/a/", "/a//b", "/a b", "/ä", "/aws/x", "SSM-x", "/a:b",
        ] {
            assert!(check(name).is_err(), "{name}");
        }
        assert!(check(&"/a".repeat(15)).is_ok());
        assert!(check(&"/a".repeat(16)).is_err());
        assert!(check_path("/").is_ok());
        assert!(check_path("a").is_err());
    }
}

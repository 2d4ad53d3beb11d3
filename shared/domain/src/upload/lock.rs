use time::{Duration, OffsetDateTime};

use crate::Invalid;

/// S3 refuses a lock that has already ended when the request arrives, so the shortest lock outlasts the request.
const SHORTEST: Duration = Duration::seconds(5);

/// Parses the end of a lock, in whole seconds as S3 keeps it.
///
/// # Errors
/// When it is not an RFC 3339 time, less than five seconds in the future, or more than a hundred years away.
pub fn lock_until(text: &str, now: OffsetDateTime) -> Result<OffsetDateTime, Invalid> {
    const NOT_A_TIME: Invalid = Invalid::new(
        "invalid_time",
        "must be an RFC 3339 time, such as 2030-01-31T00:00:00Z",
    );
    const NOT_AHEAD: Invalid = Invalid::new(
        "not_in_future",
        "must be at least 5 seconds in the future, and at most 100 years away",
    );
    let format = &time::format_description::well_known::Rfc3339;
    let until = OffsetDateTime::parse(text, format).map_err(|_| NOT_A_TIME)?;
    let until = until.checked_to_offset(time::UtcOffset::UTC);
    let until = until.ok_or(NOT_AHEAD)?;
    let until = until.replace_nanosecond(0).unwrap_or(until);
    if now + SHORTEST <= until && until <= now + Duration::days(36_525) {
        Ok(until)
    } else {
        Err(NOT_AHEAD)
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-01-01 00:00:00 UTC);

    #[test]
    fn a_lock_ends_in_the_future() {
        assert_eq!(
            lock_until("2026-01-01T01:00:05.999+01:00", NOW),
            Ok(datetime!(2026-01-01 00:00:05 UTC))
        );
        for (text, code) in [
            ("2026-01-01T00:00:00Z", "not_in_future"),
            ("2026-01-01T00:00:00.999Z", "not_in_future"),
            ("2026-01-01T00:00:04.999Z", "not_in_future"),
            ("2126-02-01T00:00:00Z", "not_in_future"),
            ("9999-12-31T23:59:59-01:00", "not_in_future"),
            ("tomorrow", "invalid_time"),
        ] {
            assert_eq!(lock_until(text, NOW).unwrap_err().code, code, "{text}");
        }
    }
}

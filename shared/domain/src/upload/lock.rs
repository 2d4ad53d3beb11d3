use time::{Duration, OffsetDateTime};

use crate::Invalid;

/// The longest lock that needs no password.
const LONGEST_LOCK_WITHOUT_PASSWORD: Duration = Duration::days(1);

/// S3 refuses a lock whose end is past when the request arrives, so the shortest lock is longer than a request takes.
const SHORTEST_LOCK: Duration = Duration::seconds(5);

const NOT_A_TIME: Invalid = Invalid::new(
    "invalid_time",
    "`until` is not a time. Send an RFC 3339 time, such as 2030-01-31T00:00:00Z.",
);
const NOT_AHEAD: Invalid = Invalid::new(
    "not_in_future",
    "`until` is not in the future. Send a time that is at least 5 seconds ahead.",
);
const TOO_LONG: Invalid = Invalid::new(
    "lock_too_long",
    "`until` is further ahead than this API locks a file. Send an earlier time; the operator sets the limit with the \
     parameter `MaxLockDays`.",
);

/// Parses the end of a lock, in whole seconds as S3 keeps it.
///
/// # Errors
/// When the text is not an RFC 3339 time, or the time is not at least five seconds ahead.
pub fn lock_until(text: &str, now: OffsetDateTime) -> Result<OffsetDateTime, Invalid> {
    let format = &time::format_description::well_known::Rfc3339;
    let until = OffsetDateTime::parse(text, format).map_err(|_| NOT_A_TIME)?;
    // Only the last hours of the year 9999, west of Greenwich, have no UTC time.
    let until = until.checked_to_offset(time::UtcOffset::UTC);
    let until = until.ok_or(TOO_LONG)?;
    let until = until.replace_nanosecond(0).unwrap_or(until);
    if until < now + SHORTEST_LOCK {
        return Err(NOT_AHEAD);
    }
    Ok(until)
}

/// Checks that a lock ends at most `longest` ahead.
///
/// # Errors
/// When it ends later.
pub fn check_lock_length(
    until: OffsetDateTime,
    now: OffsetDateTime,
    longest: Duration,
) -> Result<(), Invalid> {
    if until <= now + longest {
        Ok(())
    } else {
        Err(TOO_LONG)
    }
}

/// Whether a lock is so long that it needs the password of the owner.
#[must_use]
pub fn lock_needs_password(until: OffsetDateTime, now: OffsetDateTime) -> bool {
    until > now + LONGEST_LOCK_WITHOUT_PASSWORD
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
            ("0000-01-01T00:00:00+01:00", "not_in_future"),
            ("9999-12-31T23:59:59-01:00", "lock_too_long"),
            ("tomorrow", "invalid_time"),
        ] {
            assert_eq!(lock_until(text, NOW).unwrap_err().code, code, "{text}");
        }
    }

    #[test]
    fn a_lock_has_a_longest_length_and_one_that_needs_no_password() {
        let second = Duration::seconds(1);
        let longest = Duration::days(30);
        let check = |until| check_lock_length(until, NOW, longest);
        assert_eq!(check(NOW + longest), Ok(()));
        assert_eq!(check(NOW + longest + second), Err(TOO_LONG));
        assert!(!lock_needs_password(NOW + Duration::days(1), NOW));
        assert!(lock_needs_password(NOW + Duration::days(1) + second, NOW));
    }
}

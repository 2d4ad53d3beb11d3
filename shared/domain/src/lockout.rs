use time::{Duration, OffsetDateTime};

/// Wrong guesses without a wait: a typing mistake or two, the old password, the password of another site.
const FREE: u64 = 5;
/// Seconds to wait after the last free one. Each further failure doubles it: 1, 2, 4 … 512.
const FIRST_WAIT: u64 = 1;
/// The longest wait, 15 minutes, from the 15th failure on: 2^10 s would be longer. Up to there it takes
/// 1 + 2 + … + 512 = 1023 s; from there on there are 96 guesses a day, and the owner waits 15 minutes at most.
const LONGEST_WAIT: u64 = 15 * 60;

/// The number of wrong guesses at a password since its owner last gave the right one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FailedAttempts(u64);

impl FailedAttempts {
    /// No wrong guess.
    pub const NONE: Self = Self(0);

    /// This number of wrong guesses.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number of wrong guesses.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// One more.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// How long the account is locked after the last of them. `None` while guesses are free.
    #[must_use]
    pub fn wait(self) -> Option<Duration> {
        let doublings = u32::try_from(self.0.checked_sub(FREE)?).unwrap_or(u32::MAX);
        let wait = 2_u64
            .checked_pow(doublings)
            .map_or(LONGEST_WAIT, |times| (FIRST_WAIT * times).min(LONGEST_WAIT));
        i64::try_from(wait).ok().map(Duration::seconds)
    }
}

/// The lock that wrong guesses put on an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lockout {
    /// The wrong guesses since the owner last gave the right password.
    pub failed: FailedAttempts,
    /// When the next guess may be made, if one has to wait.
    pub locked_until: Option<OffsetDateTime>,
}

/// Whether a guess at a password may be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptRule {
    /// It may. It is counted if it is wrong.
    Free,
    /// The wait is over: one guess may be made, by the request that claims it. It counts as wrong until it is right.
    ClaimFirst,
    /// The account is locked: no guess may be made.
    Locked,
}

impl Lockout {
    /// No wrong guesses, and no lock.
    pub const NONE: Self = Self {
        failed: FailedAttempts::NONE,
        locked_until: None,
    };

    /// Whether a guess may be made at `now`.
    #[must_use]
    pub fn rule(self, now: OffsetDateTime) -> AttemptRule {
        match (self.locked_until, self.failed.wait()) {
            (Some(until), _) if now < until => AttemptRule::Locked,
            (_, None) => AttemptRule::Free,
            (_, Some(_)) => AttemptRule::ClaimFirst,
        }
    }

    /// The lock after one more wrong guess.
    #[must_use]
    pub fn after_failure(self, now: OffsetDateTime) -> Self {
        let failed = self.failed.next();
        Self {
            failed,
            locked_until: failed.wait().map(|wait| now + wait),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use time::macros::datetime;

    use super::*;

    #[test]
    fn five_guesses_are_free_and_then_each_wait_is_twice_the_last_up_to_a_quarter_of_an_hour() {
        let waits: Vec<_> = (1..18)
            .map(|number| FailedAttempts::new(number).wait())
            .map(|wait| wait.map(Duration::whole_seconds))
            .collect();
        let (free, locked) = waits.split_at(4);
        assert_eq!(FailedAttempts::NONE.wait(), None);
        assert_eq!(free, [None; 4], "after the fifth there is a wait");
        let expected = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900, 900];
        assert_eq!(locked, expected.map(Some));
    }

    #[test]
    fn a_guess_is_free_then_claimed_after_each_wait() {
        let now = datetime!(2026-01-01 00:00:00 UTC);
        let mut lockout = Lockout::NONE;
        for _ in 0..5 {
            assert_eq!(lockout.rule(now), AttemptRule::Free);
            lockout = lockout.after_failure(now);
        }
        let until = now + Duration::SECOND;
        assert_eq!(lockout.locked_until, Some(until));
        assert_eq!(lockout.rule(now), AttemptRule::Locked);
        assert_eq!(
            lockout.rule(until - Duration::MILLISECOND),
            AttemptRule::Locked
        );
        assert_eq!(lockout.rule(until), AttemptRule::ClaimFirst);
        let next = lockout.after_failure(until);
        assert_eq!(next.failed, FailedAttempts::new(6));
        assert_eq!(next.locked_until, Some(until + Duration::seconds(2)));
    }

    #[test]
    fn a_lock_that_an_operator_sets_or_lifts_is_respected() {
        let now = datetime!(2026-01-01 00:00:00 UTC);
        let lockout = |failed, locked_until| Lockout {
            failed: FailedAttempts::new(failed),
            locked_until,
        };
        for (lockout, expected) in [
            (
                lockout(0, Some(now + Duration::SECOND)),
                AttemptRule::Locked,
            ),
            (lockout(0, Some(now)), AttemptRule::Free),
            (lockout(4, None), AttemptRule::Free),
            (lockout(5, None), AttemptRule::ClaimFirst),
            (lockout(5, Some(now)), AttemptRule::ClaimFirst),
            (
                lockout(20, Some(now + Duration::SECOND)),
                AttemptRule::Locked,
            ),
        ] {
            assert_eq!(lockout.rule(now), expected, "{lockout:?}");
        }
    }

    proptest! {
        #[test]
        fn no_wait_is_shorter_than_the_one_before_or_longer_than_the_longest(number in any::<u64>()) {
            let failed = FailedAttempts::new(number);
            let (this, next) = (failed.wait(), failed.next().wait());
            prop_assert!(this <= next);
            prop_assert!(next.is_none_or(|wait| Duration::ZERO < wait && wait <= Duration::minutes(15)));
            prop_assert_eq!(this.is_none(), number < 5);
            prop_assert!(failed < failed.next() || number == u64::MAX);
        }
    }
}

use time::Duration;

/// Wrong guesses that cost no wait: a typing mistake or two, the old password, the one of another site.
const FREE: u64 = 5;
/// Seconds to wait after the last free one. Each further failure doubles it: 1, 2, 4 … 512.
const FIRST_WAIT: u64 = 1;
/// The longest wait, 15 minutes, from the 15th failure on: 2^10 s would be longer. Up to there it takes
/// 1 + 2 + … + 512 = 1023 s; from there on there are 96 guesses a day, and the owner waits 15 minutes at most.
const LONGEST_WAIT: u64 = 15 * 60;

/// The wrong guesses at a password since its owner last gave the right one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct FailedAttempts(u64);

impl FailedAttempts {
    /// Nobody guessed.
    pub const NONE: Self = Self(0);

    /// So many.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// How many there were.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }

    /// One more.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }

    /// How long nobody is listened to after the last of them. `None` while guesses are free.
    #[must_use]
    pub fn wait(self) -> Option<Duration> {
        let doublings = u32::try_from(self.0.checked_sub(FREE)?).unwrap_or(u32::MAX);
        let wait = 2_u64
            .checked_pow(doublings)
            .map_or(LONGEST_WAIT, |times| (FIRST_WAIT * times).min(LONGEST_WAIT));
        i64::try_from(wait).ok().map(Duration::seconds)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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

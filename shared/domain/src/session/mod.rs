use time::{Duration, OffsetDateTime};

/// How long after a rotation the rotated token still gets the same successor, for clients that retry because a reply got
/// lost.
pub const GRACE: Duration = Duration::seconds(10);

/// The state of the refresh tokens of one sign-in. They are numbered: the first has generation 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Family {
    /// The newest token that was issued.
    pub generation: u32,
    /// When the newest was issued, unless it is the first.
    pub rotated_at: Option<OffsetDateTime>,
    /// The account's session epoch that the family belongs to: when the account's is another, the family has ended.
    pub epoch: u64,
    /// When it expires, in whole seconds. A rotation does not extend it.
    pub expires_at: OffsetDateTime,
}

impl Family {
    /// The family of a new sign-in.
    #[must_use]
    pub const fn begun(epoch: u64, expires_at: OffsetDateTime) -> Self {
        Self {
            generation: 0,
            rotated_at: None,
            epoch,
            expires_at,
        }
    }

    /// The family after a rotation.
    #[must_use]
    pub const fn rotated(self, now: OffsetDateTime) -> Self {
        Self {
            // At one rotation a second it would take 136 years to get to the end.
            generation: self.generation.saturating_add(1),
            rotated_at: Some(now),
            ..self
        }
    }

    /// Whole seconds that are left, at most 0 when it has expired.
    #[must_use]
    pub const fn seconds_left(&self, now: OffsetDateTime) -> i64 {
        self.expires_at.unix_timestamp() - now.unix_timestamp()
    }

    /// Whether its newest refresh token can be exchanged, given the account's session epoch; `None` when the account is
    /// gone.
    #[must_use]
    pub fn is_live(&self, account: Option<u64>, now: OffsetDateTime) -> bool {
        self.seconds_left(now) > 0 && account == Some(self.epoch)
    }

    /// Clocks of two machines differ: a rotation in the future counts as one of this moment.
    fn rotated_lately(&self, now: OffsetDateTime) -> bool {
        self.rotated_at.is_some_and(|at| now - at <= GRACE)
    }
}

/// What to do with a refresh token that was presented.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is the newest: rotate, if the family is still as it was read.
    Rotate,
    /// It is the one before the newest, presented again in time: issue the newest again, and change nothing.
    Reissue,
    /// It was used before, so a copy exists: end the family, because the owner cannot be told from the thief.
    Replayed,
    /// It was never issued. This happens after the table was restored to an earlier state, or with a stolen family key: end
    /// the family.
    NeverIssued,
    /// The family has expired.
    Expired,
    /// The account's sessions were ended, or the account is gone.
    Ended,
    /// The account's epoch has moved since the family was read. A new password takes its own session along: read both
    /// again.
    ReadAgain,
}

/// A refresh token that is presented once. The family and the account are read one after the other, so the family may be
/// outdated when the account is known; this keeps the epoch that was read first.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Presentation {
    generation: u32,
    at: OffsetDateTime,
    seen: Option<u64>,
}

impl Presentation {
    /// A token of this generation, presented now. The time of the request counts, however long the tables take to answer.
    #[must_use]
    pub const fn new(generation: u32, now: OffsetDateTime) -> Self {
        Self {
            generation,
            at: now,
            seen: None,
        }
    }

    /// Decides what to do with it, given the family, and the account's session epoch as it was read *after* the family.
    pub fn judge(&mut self, family: &Family, account: Option<u64>) -> Verdict {
        if family.seconds_left(self.at) <= 0 {
            return Verdict::Expired;
        }
        let Some(account) = account else {
            return Verdict::Ended;
        };
        if family.epoch != account {
            // A family that a password change kept has another epoch when it is read again.
            let moves = self.seen.replace(family.epoch) != Some(family.epoch);
            return if moves {
                Verdict::ReadAgain
            } else {
                Verdict::Ended
            };
        }
        if self.generation > family.generation {
            Verdict::NeverIssued
        } else if self.generation == family.generation {
            Verdict::Rotate
        } else if self.generation + 1 == family.generation && family.rotated_lately(self.at) {
            Verdict::Reissue
        } else {
            Verdict::Replayed
        }
    }
}

#[cfg(test)]
mod model;

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    const START: OffsetDateTime = datetime!(2026-03-01 12:00:00 UTC);

    fn family(generation: u32) -> Family {
        let begun = Family::begun(1, START + Duration::days(30));
        (0..generation).fold(begun, |family, _| family.rotated(START))
    }

    fn judged(generation: u32, family: &Family, after: Duration) -> Verdict {
        Presentation::new(generation, START + after).judge(family, Some(1))
    }

    #[test]
    fn only_the_newest_token_and_for_ten_seconds_the_one_before_are_accepted() {
        let family = family(3);
        for (seconds, expected) in [
            // The clock of the function that rotated it may be ahead of ours.
            (-60.0, Verdict::Reissue),
            (0.0, Verdict::Reissue),
            (10.0, Verdict::Reissue),
            (10.001, Verdict::Replayed),
        ] {
            let after = Duration::seconds_f64(seconds);
            assert_eq!(judged(2, &family, after), expected, "{seconds}");
            assert_eq!(judged(3, &family, after), Verdict::Rotate);
            assert_eq!(judged(1, &family, after), Verdict::Replayed);
            assert_eq!(judged(0, &family, after), Verdict::Replayed);
            assert_eq!(judged(4, &family, after), Verdict::NeverIssued);
        }
    }

    #[test]
    fn a_rotation_does_not_extend_the_session() {
        let month = Duration::days(30);
        for family in [family(0), family(3)] {
            let newest = family.generation;
            let last_moment = month - Duration::milliseconds(1);
            assert_eq!(judged(newest, &family, last_moment), Verdict::Rotate);
            assert_eq!(judged(newest, &family, month), Verdict::Expired);
            assert_eq!(family.seconds_left(START + last_moment), 1);
        }
    }

    #[test]
    fn a_family_of_another_epoch_has_ended_unless_a_password_change_keeps_it() {
        let mut presented = Presentation::new(0, START);
        let mut family = family(0);
        assert_eq!(presented.judge(&family, Some(2)), Verdict::ReadAgain);
        assert_eq!(presented.judge(&family, Some(2)), Verdict::Ended);

        let mut presented = Presentation::new(0, START);
        assert_eq!(presented.judge(&family, Some(2)), Verdict::ReadAgain);
        family.epoch = 2;
        assert_eq!(presented.judge(&family, Some(3)), Verdict::ReadAgain);
        family.epoch = 3;
        assert_eq!(presented.judge(&family, Some(3)), Verdict::Rotate);
        assert_eq!(presented.judge(&family, None), Verdict::Ended);
    }

    #[test]
    fn a_family_is_live_exactly_when_its_newest_token_is_exchanged() {
        let month = Duration::days(30);
        for family in [family(0), family(3)] {
            for account in [None, Some(0), Some(1), Some(2)] {
                for after in [Duration::ZERO, month - Duration::seconds(1), month] {
                    let now = START + after;
                    let mut newest = Presentation::new(family.generation, now);
                    // A second look at a family that has not changed.
                    newest.judge(&family, account);
                    let exchanged = newest.judge(&family, account) == Verdict::Rotate;
                    assert_eq!(
                        family.is_live(account, now),
                        exchanged,
                        "{account:?} {after}"
                    );
                }
            }
        }
    }

    #[test]
    fn the_last_generation_has_no_successor_that_overflows() {
        let last = Family {
            generation: u32::MAX,
            ..family(0)
        };
        assert_eq!(judged(u32::MAX, &last, Duration::ZERO), Verdict::Rotate);
        assert_eq!(last.rotated(START).generation, u32::MAX);
    }
}

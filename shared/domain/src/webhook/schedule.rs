use time::Duration;

/// The delays before the attempts of a delivery: at once, then after each failure.
const DELAYS: [Duration; 8] = [
    Duration::ZERO,
    Duration::seconds(5),
    Duration::minutes(5),
    Duration::minutes(30),
    Duration::hours(2),
    Duration::hours(5),
    Duration::hours(10),
    Duration::hours(10),
];

/// How many attempts a delivery has.
pub const ATTEMPTS: usize = DELAYS.len();

/// How far a delay deviates from the schedule at most, so that endpoints that failed together are not tried again together.
pub const JITTER: f64 = 0.1;

/// Returns the delay before the attempt that follows `made` attempts; `None` when there is no further one. `random` is from 0
/// to 1: 0 is the shortest delay, 1 the longest.
#[must_use]
pub fn delay_before(made: usize, random: f64) -> Option<Duration> {
    let delay = DELAYS.get(made)?;
    let factor = JITTER.mul_add(2.0_f64.mul_add(random.clamp(0.0, 1.0), -1.0), 1.0);
    let jittered = Duration::seconds_f64(delay.as_seconds_f64() * factor);
    // Stored times have whole milliseconds.
    let milliseconds = i64::try_from(jittered.whole_milliseconds()).unwrap_or(i64::MAX);
    Some(Duration::milliseconds(milliseconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedule_is_the_documented_one() {
        let middle: Vec<_> = (0..=ATTEMPTS).map(|made| delay_before(made, 0.5)).collect();
        assert_eq!(
            middle,
            [
                Some(Duration::ZERO),
                Some(Duration::seconds(5)),
                Some(Duration::minutes(5)),
                Some(Duration::minutes(30)),
                Some(Duration::hours(2)),
                Some(Duration::hours(5)),
                Some(Duration::hours(10)),
                Some(Duration::hours(10)),
                None,
            ]
        );
    }

    #[test]
    fn a_delay_deviates_by_a_tenth_at_most() {
        assert_eq!(delay_before(1, 0.0), Some(Duration::milliseconds(4_500)));
        assert_eq!(delay_before(1, 1.0), Some(Duration::milliseconds(5_500)));
        assert_eq!(delay_before(7, 0.0), Some(Duration::hours(9)));
        assert_eq!(delay_before(7, 9.0), Some(Duration::hours(11)));
        assert_eq!(delay_before(0, 1.0), Some(Duration::ZERO));
    }
}

use super::ChargeChange;

/// Open uploads that one owner may have: pending ones, and deleted ones whose URL has not expired.
pub const MAX_OPEN: u64 = 1_000;

/// A counter that has a limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Bytes of current files and open uploads.
    Used,
    /// Bytes of deleted files that can still be restored.
    Kept,
    /// Open uploads.
    Open,
}

/// What an owner uses, and what an owner may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Usage {
    /// Bytes that an owner may use. As many may be kept.
    pub quota: u64,
    /// Bytes of current files and open uploads.
    pub used: u64,
    /// Bytes of deleted files that can still be restored.
    pub kept: u64,
    /// Open uploads.
    pub open: u64,
    /// Open uploads that an owner may have.
    pub max_open: u64,
    /// Counts the changes of the counters.
    pub revision: u64,
}

/// The most that a counter may stand at before a change, so that it stays within its limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// The counter.
    pub limit: Limit,
    /// The most that it may stand at; negative when the change exceeds the limit by itself.
    pub at_most: i128,
}

impl Usage {
    /// Bytes that are left of the quota.
    #[must_use]
    pub const fn left(&self) -> u64 {
        self.quota.saturating_sub(self.used)
    }

    /// The limit that a refused change exceeds. The counters may have changed since it was refused; then the bytes in use
    /// were the reason.
    #[must_use]
    pub fn exceeded_by(&self, change: ChargeChange, is_new: bool) -> Limit {
        let rooms = change.rooms(self.quota, is_new);
        let exceeds = |limit| {
            let mut rooms = rooms.iter().filter(|room| room.limit == limit);
            rooms.any(|room| i128::from(self.counter(limit)) > room.at_most)
        };
        if exceeds(Limit::Open) {
            Limit::Open
        } else if change.kept > 0 && !exceeds(Limit::Used) {
            Limit::Kept
        } else {
            Limit::Used
        }
    }

    const fn counter(&self, limit: Limit) -> u64 {
        match limit {
            Limit::Used => self.used,
            Limit::Kept => self.kept,
            Limit::Open => self.open,
        }
    }
}

impl ChargeChange {
    /// What the counters that rise may stand at before the change. Open uploads are limited for a new one only: a deletion,
    /// which waits for S3 and for its URL to expire, is never refused.
    #[must_use]
    pub fn rooms(self, quota: u64, is_new: bool) -> Vec<Room> {
        let open = if is_new { self.open } else { 0 };
        [
            (Limit::Used, self.used, quota),
            (Limit::Kept, self.kept, quota),
            (Limit::Open, open, MAX_OPEN),
        ]
        .into_iter()
        .filter(|(_, change, _)| *change > 0)
        .map(|(limit, change, most)| Room {
            limit,
            at_most: i128::from(most) - change,
        })
        .collect()
    }

    /// The limit of bytes that the change exceeds even for an owner who uses nothing.
    #[must_use]
    pub fn never_fits(self, quota: u64) -> Option<Limit> {
        let rooms = self.rooms(quota, false);
        rooms
            .into_iter()
            .find_map(|room| (room.at_most < 0).then_some(room.limit))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUOTA: u64 = 100;

    fn usage(used: u64, kept: u64, open: u64) -> Usage {
        Usage {
            quota: QUOTA,
            used,
            kept,
            open,
            max_open: MAX_OPEN,
            revision: 1,
        }
    }

    const fn change(used: i128, kept: i128, open: i128) -> ChargeChange {
        ChargeChange { used, kept, open }
    }

    #[test]
    fn only_a_counter_that_rises_needs_room() {
        let room = |limit, at_most| Room { limit, at_most };
        let open = i128::from(MAX_OPEN) - 1;
        for (change, is_new, expected) in [
            (
                change(30, 0, 1),
                true,
                vec![room(Limit::Used, 70), room(Limit::Open, open)],
            ),
            (change(30, 0, 1), false, vec![room(Limit::Used, 70)]),
            (change(-30, 30, 0), false, vec![room(Limit::Kept, 70)]),
            (change(30, -30, 0), false, vec![room(Limit::Used, 70)]),
            (change(0, -30, -1), false, vec![]),
        ] {
            assert_eq!(change.rooms(QUOTA, is_new), expected, "{change:?}");
        }
    }

    #[test]
    fn a_change_of_more_than_the_quota_never_fits() {
        assert_eq!(change(100, 0, 1).never_fits(QUOTA), None);
        assert_eq!(change(101, 0, 1).never_fits(QUOTA), Some(Limit::Used));
        assert_eq!(change(-101, 101, 0).never_fits(QUOTA), Some(Limit::Kept));
        assert_eq!(change(-101, 100, 0).never_fits(QUOTA), None);
    }

    #[test]
    fn a_refused_change_names_the_limit_that_it_exceeds() {
        let open = MAX_OPEN;
        for (usage, change, is_new, expected) in [
            (usage(0, 0, open), change(1, 0, 1), true, Limit::Open),
            (usage(100, 0, open), change(1, 0, 1), true, Limit::Open),
            (usage(0, 0, open), change(1, 0, 1), false, Limit::Used),
            (usage(100, 0, 0), change(1, 0, 1), true, Limit::Used),
            (usage(50, 90, 0), change(-50, 50, 0), false, Limit::Kept),
            (usage(100, 90, 0), change(1, 50, 0), false, Limit::Used),
            (usage(0, 0, 0), change(1, 0, 1), true, Limit::Used),
        ] {
            let limit = usage.exceeded_by(change, is_new);
            assert_eq!(limit, expected, "{usage:?} {change:?}");
        }
        assert_eq!(usage(30, 0, 0).left(), 70);
        assert_eq!(usage(130, 0, 0).left(), 0);
    }
}

//! Limits how many items are read per second.

use std::{sync::Mutex, time::Duration};

use tokio::time::{Instant, sleep_until};

/// Shares a number of items per second among the segments.
#[derive(Debug)]
pub(crate) struct Pace {
    items_per_second: Option<u32>,
    /// When the next page may be read.
    next: Mutex<Option<Instant>>,
}

impl Pace {
    pub const fn new(items_per_second: Option<u32>) -> Self {
        Self {
            items_per_second,
            next: Mutex::new(None),
        }
    }

    /// Returns the size of pages: at most the items of one second, so that a page is no burst.
    pub fn page(&self, wanted: i32) -> i32 {
        let limit = self
            .items_per_second
            .map_or(wanted, |rate| i32::try_from(rate).unwrap_or(i32::MAX));
        wanted.min(limit).max(1)
    }

    /// Waits until a page of at most `items` may be read.
    pub async fn wait(&self, items: i32) {
        if let Some(at) = self.reserve(items, Instant::now()) {
            sleep_until(at).await;
        }
    }

    /// Returns what the page did not need.
    pub fn refund(&self, items: u64) {
        let mut next = self.next();
        if let (Some(rate), Some(at)) = (self.items_per_second, next.as_mut()) {
            *at = at.checked_sub(time_for(items, rate)).unwrap_or(*at);
        }
    }

    fn reserve(&self, items: i32, now: Instant) -> Option<Instant> {
        let rate = self.items_per_second?;
        let mut next = self.next();
        let at = next.map_or(now, |next| next.max(now));
        let items = u64::try_from(items).unwrap_or_default();
        *next = Some(at + time_for(items, rate));
        Some(at)
    }

    fn next(&self) -> std::sync::MutexGuard<'_, Option<Instant>> {
        self.next
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn time_for(items: u64, rate: u32) -> Duration {
    let millis = items.saturating_mul(1000) / u64::from(rate.max(1));
    Duration::from_millis(millis)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn eight_segments_together_read_no_more_than_the_rate() {
        let pace = Pace::new(Some(100));
        let start = Instant::now();
        let mut reads = Vec::new();
        for _ in 0..8 {
            for _segment in 0..8 {
                pace.wait(pace.page(50)).await;
                reads.push(start.elapsed());
            }
        }
        for (number, at) in reads.iter().enumerate() {
            let read = 50 * (number as u128 + 1);
            let allowed = at.as_millis() / 10 + 50;
            assert!(read <= allowed, "page {number} at {at:?}");
        }
        // 64 pages of 50 items at 100 items a second; the first page does not wait.
        assert_eq!(start.elapsed().as_millis(), 31_500);
    }

    #[tokio::test(start_paused = true)]
    async fn items_that_a_page_does_not_have_are_free() {
        let pace = Pace::new(Some(10));
        let start = Instant::now();
        for _ in 0..5 {
            pace.wait(10).await;
            pace.refund(10);
        }
        assert_eq!(start.elapsed(), Duration::ZERO);
        assert_eq!(pace.page(500), 10);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_rate_no_page_waits() {
        let pace = Pace::new(None);
        let start = Instant::now();
        for _ in 0..1000 {
            pace.wait(500).await;
        }
        assert_eq!((start.elapsed(), pace.page(500)), (Duration::ZERO, 500));
    }
}

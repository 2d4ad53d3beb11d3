use time::OffsetDateTime;

use super::{
    DisableReason, EndpointChange, FailureSpan,
    schedule::{ATTEMPTS, delay_before},
};
use crate::{EndpointId, EventId};

/// How many attempts a delivery remembers. A delivery that is sent again has more than one schedule's.
const REMEMBERED: usize = 5 * ATTEMPTS;

/// Why an attempt got no response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureKind {
    /// The host name has no address.
    UnknownHost,
    /// The host name stands for an address that webhooks may not reach.
    ForbiddenAddress,
    /// The connection was refused or ended.
    Connection,
    /// The certificate is not valid, or the endpoint does not speak TLS.
    Tls,
    /// The response is not HTTP.
    Protocol,
    /// There was no complete response within 15 seconds.
    Timeout,
}

impl FailureKind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::UnknownHost,
        Self::ForbiddenAddress,
        Self::Connection,
        Self::Tls,
        Self::Protocol,
        Self::Timeout,
    ];

    /// The word in the table and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::UnknownHost => "unknown_host",
            Self::ForbiddenAddress => "forbidden_address",
            Self::Connection => "connection",
            Self::Tls => "tls",
            Self::Protocol => "protocol",
            Self::Timeout => "timeout",
        }
    }

    /// Parses [`Self::as_str`].
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == word)
    }
}

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttemptResult {
    /// The endpoint responded with this status.
    Status(u16),
    /// There was no response.
    Failed(FailureKind),
}

impl AttemptResult {
    /// Whether the endpoint accepted the delivery: a 2xx status. A redirect is not followed, and is a failure.
    #[must_use]
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Status(200..=299))
    }
}

/// One attempt to deliver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Attempt {
    /// When it began.
    pub at: OffsetDateTime,
    /// How it ended.
    pub result: AttemptResult,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

/// What becomes of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryStatus {
    /// It is attempted at its time.
    Pending,
    /// The endpoint accepted it.
    Delivered,
    /// The last attempt failed, or the endpoint is disabled. It can be sent again.
    Failed,
}

impl DeliveryStatus {
    /// All statuses.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Delivered, Self::Failed];

    /// The word in the table and the API.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    /// Parses [`Self::as_str`].
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// The delivery of one event to one endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// The endpoint.
    pub endpoint: EndpointId,
    /// The event. Its name is the `webhook-id` of each attempt.
    pub event: EventId,
    /// The type of the event.
    pub event_type: String,
    /// What becomes of it.
    pub status: DeliveryStatus,
    /// How many attempts of the present schedule were made.
    pub made: usize,
    /// The attempts, oldest first.
    pub attempts: Vec<Attempt>,
    /// When the next attempt is due, while it is pending.
    pub next_at: Option<OffsetDateTime>,
    /// What is sent. `None` after it was erased with a user.
    pub payload: Option<String>,
    /// Whether the payload is erased when the delivery ends, because it names a deleted user.
    pub erase_at_end: bool,
    /// When it was created.
    pub created_at: OffsetDateTime,
}

/// What follows an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Next {
    /// The delivery after it.
    pub delivery: Delivery,
    /// What it changes of the endpoint.
    pub endpoint: EndpointChange,
}

impl Delivery {
    /// A delivery that is due at once.
    #[must_use]
    pub fn new(
        endpoint: EndpointId,
        event: EventId,
        event_type: &str,
        payload: String,
        now: OffsetDateTime,
    ) -> Self {
        Self {
            endpoint,
            event,
            event_type: event_type.to_owned(),
            status: DeliveryStatus::Pending,
            made: 0,
            attempts: Vec::new(),
            next_at: Some(now),
            payload: Some(payload),
            erase_at_end: false,
            created_at: now,
        }
    }

    /// Decides what follows an attempt that ended at `now`. `random` is from 0 to 1.
    #[must_use]
    pub fn after(
        &self,
        attempt: Attempt,
        failing: Option<FailureSpan>,
        now: OffsetDateTime,
        random: f64,
    ) -> Next {
        let endpoint = EndpointChange::after(failing, attempt.result, now);
        let mut delivery = self.clone();
        delivery.made += 1;
        delivery.attempts.push(attempt);
        let surplus = delivery.attempts.len().saturating_sub(REMEMBERED);
        delivery.attempts.drain(..surplus);
        let delay = match endpoint {
            EndpointChange::Disabled(_) => None,
            _ => delay_before(delivery.made, random),
        };
        match (attempt.result.is_success(), delay) {
            (true, _) => delivery.end(DeliveryStatus::Delivered),
            (false, Some(delay)) => delivery.next_at = Some(now + delay),
            (false, None) => delivery.end(DeliveryStatus::Failed),
        }
        Next { delivery, endpoint }
    }

    /// The delivery when its endpoint is disabled or deleted before an attempt.
    #[must_use]
    pub fn given_up(&self) -> Self {
        let mut delivery = self.clone();
        delivery.end(DeliveryStatus::Failed);
        delivery
    }

    /// The delivery when it is sent again: due at once, with a whole schedule of attempts. `None` when its payload is erased.
    #[must_use]
    pub fn again(&self, now: OffsetDateTime) -> Option<Self> {
        self.payload.as_ref()?;
        Some(Self {
            status: DeliveryStatus::Pending,
            made: 0,
            next_at: Some(now),
            ..self.clone()
        })
    }

    fn end(&mut self, status: DeliveryStatus) {
        self.status = status;
        self.next_at = None;
        if self.erase_at_end {
            self.payload = None;
        }
    }
}

impl EndpointChange {
    /// Why the endpoint is disabled by it.
    #[must_use]
    pub const fn disables(self) -> Option<DisableReason> {
        match self {
            Self::Disabled(reason) => Some(reason),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use time::{Duration, macros::datetime};

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-01-01 00:00:00 UTC);

    fn new() -> Delivery {
        let event = EventId::of_digest(NOW, [1; 32]);
        let endpoint = EndpointId::from_bytes([2; 16]);
        Delivery::new(endpoint, event, "order.paid", "{}".to_owned(), NOW)
    }

    fn attempt(result: AttemptResult, at: OffsetDateTime) -> Attempt {
        Attempt {
            at,
            result,
            duration_ms: 7,
        }
    }

    /// Walks a delivery to its end by a clock that jumps to each next attempt, and returns the times between the attempts.
    fn walk(
        random: f64,
        mut result: impl FnMut(usize) -> AttemptResult,
    ) -> (Delivery, Vec<Duration>) {
        let (mut delivery, mut failing) = (new(), None);
        let (mut last, mut gaps) = (NOW, Vec::new());
        while let Some(at) = delivery.next_at {
            gaps.push(at - last);
            last = at;
            let result = result(delivery.made);
            let next = delivery.after(attempt(result, at), failing, at, random);
            if let EndpointChange::Failing(span) = next.endpoint {
                failing = Some(span);
            }
            delivery = next.delivery;
        }
        (delivery, gaps)
    }

    #[test]
    fn a_dead_endpoint_is_tried_exactly_by_the_schedule() {
        let failed = AttemptResult::Failed(FailureKind::Timeout);
        let (delivery, gaps) = walk(0.5, |_| failed);
        let seconds: Vec<_> = gaps.iter().map(|gap| gap.whole_seconds()).collect();
        assert_eq!(seconds, [0, 5, 300, 1_800, 7_200, 18_000, 36_000, 36_000]);
        assert_eq!(delivery.status, DeliveryStatus::Failed);
        assert_eq!(delivery.attempts.len(), ATTEMPTS);
        assert!(delivery.payload.is_some());
    }

    #[test]
    fn every_jitter_stays_within_a_tenth_of_the_schedule() {
        let (_, exact) = walk(0.5, |_| AttemptResult::Status(500));
        for random in [0.0, 0.1, 0.25, 0.9, 1.0] {
            let (_, gaps) = walk(random, |_| AttemptResult::Status(500));
            for (gap, exact) in gaps.iter().zip(&exact) {
                assert!(
                    *gap >= *exact * 0.9 - Duration::MILLISECOND,
                    "{gap} {exact}"
                );
                assert!(*gap <= *exact * 1.1, "{gap} {exact}");
            }
        }
    }

    #[test]
    fn each_number_of_failures_can_end_with_a_success() {
        for failures in 0..ATTEMPTS {
            let result = |made| AttemptResult::Status(if made < failures { 503 } else { 200 });
            let (delivery, gaps) = walk(0.5, result);
            assert_eq!(delivery.status, DeliveryStatus::Delivered);
            assert_eq!(gaps.len(), failures + 1);
        }
    }

    #[test]
    fn only_2xx_is_a_success() {
        for status in [
            100, 199, 300, 301, 302, 307, 308, 400, 404, 410, 429, 500, 599,
        ] {
            assert!(!AttemptResult::Status(status).is_success(), "{status}");
        }
        for status in [200, 201, 202, 204, 299] {
            assert!(AttemptResult::Status(status).is_success(), "{status}");
        }
    }

    #[test]
    fn gone_ends_the_delivery_and_disables_the_endpoint() {
        let next = new().after(attempt(AttemptResult::Status(410), NOW), None, NOW, 0.5);
        assert_eq!(next.delivery.status, DeliveryStatus::Failed);
        assert_eq!(next.endpoint.disables(), Some(DisableReason::Gone));
    }

    #[test]
    fn a_delivery_can_be_sent_again_with_a_whole_schedule() {
        let (delivery, _) = walk(0.5, |_| AttemptResult::Status(500));
        let later = NOW + Duration::days(2);
        let again = delivery.again(later).unwrap();
        assert_eq!((again.made, again.next_at), (0, Some(later)));
        assert_eq!(again.attempts.len(), ATTEMPTS, "earlier attempts stay");
        let mut many = again;
        for _ in 0..100 {
            let failed = attempt(AttemptResult::Status(500), later);
            many = many.after(failed, None, later, 0.5).delivery;
        }
        assert_eq!(many.attempts.len(), REMEMBERED);
    }

    #[test]
    fn a_payload_that_names_a_deleted_user_is_erased_at_the_end() {
        let ok = attempt(AttemptResult::Status(200), NOW);
        let failed = attempt(AttemptResult::Status(500), NOW);
        let mut delivery = new();
        delivery.erase_at_end = true;
        assert!(
            delivery
                .after(failed, None, NOW, 0.5)
                .delivery
                .payload
                .is_some()
        );
        let ended = delivery.after(ok, None, NOW, 0.5).delivery;
        assert_eq!(ended.payload, None);
        assert_eq!(ended.again(NOW), None);
        assert_eq!(delivery.given_up().payload, None);
        assert!(new().given_up().payload.is_some());
    }
}

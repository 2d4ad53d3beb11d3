use domain::{
    EndpointId, EventId,
    webhook::{
        Attempt, AttemptResult, Delivery, Description, Endpoint, EndpointUrl, FailureKind,
        FailureSpan, Reach, Secret, Subscription,
    },
};
use time::{Duration, OffsetDateTime, macros::datetime};

use super::{delivery_item, due, endpoint_item};
use crate::row::Row;

const NOW: OffsetDateTime = datetime!(2026-01-01 00:00:00.5 UTC);

fn endpoint(subscription: Subscription) -> Endpoint {
    Endpoint {
        id: EndpointId::from_bytes([1; 16]),
        url: EndpointUrl::parse("https://hooks.example.com/a?b=c", Reach::Internet).unwrap(),
        subscription,
        description: Description::parse("CRM").unwrap(),
        disabled: None,
        failing: None,
        version: 1,
        created_at: NOW,
        updated_at: NOW,
    }
}

#[test]
fn an_endpoint_is_read_as_it_was_written() {
    let secret = Secret::of_random([7; 32]);
    let some = Subscription::Types(["order.paid".to_owned()].into());
    for subscription in [Subscription::All, some] {
        let endpoint = endpoint(subscription);
        let mut row = Row(endpoint_item::write(&endpoint, &secret));
        assert_eq!(endpoint_item::read(&mut row).unwrap(), Some(endpoint));
        let secrets = endpoint_item::read_secrets(&mut row).unwrap();
        assert_eq!(secrets.current.bytes(), secret.bytes());
    }
}

#[test]
fn a_delivery_is_read_as_it_was_written() {
    let attempts = [
        AttemptResult::Status(503),
        AttemptResult::Failed(FailureKind::Timeout),
    ];
    let mut delivery = Delivery::new(
        EndpointId::from_bytes([1; 16]),
        EventId::from_bytes([2; 16]),
        "order.paid",
        "{}".to_owned(),
        NOW,
    );
    for result in attempts {
        let attempt = Attempt {
            at: NOW,
            result,
            duration_ms: 15_000,
        };
        let span = Some(FailureSpan {
            since: NOW,
            last: NOW,
        });
        delivery = delivery.after(attempt, span, NOW, 0.5).delivery;
    }
    let read = delivery_item::read(Row(delivery_item::write(&delivery)));
    assert_eq!(read.unwrap(), delivery);
}

#[test]
fn the_index_waits_for_the_message_of_an_early_attempt() {
    assert_eq!(due::due_at(NOW, NOW), NOW + Duration::minutes(1));
    let (soon, late) = (NOW + Duration::minutes(5), NOW + Duration::minutes(30));
    assert_eq!(due::due_at(soon, NOW), soon + Duration::minutes(1));
    assert_eq!(due::due_at(late, NOW), late);
}

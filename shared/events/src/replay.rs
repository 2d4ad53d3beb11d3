//! Events that tell the present state of an item again, for a replay. Consumers ignore what they know already: an event with a
//! version that is not higher changes nothing.

use domain::{Entitlement, Order, Product, Status, Upload, User, UserId, upload::State};
use time::OffsetDateTime;

use crate::{
    Data, Event, EventType, UserData,
    capture::{entitlement_event, upload_event},
    order_events, product_events, user_events,
};

/// The events of a user who exists.
#[must_use]
pub fn replay_user(user: &User) -> Vec<Event> {
    let created = user_events(None, Some(user));
    let active = User {
        status: Status::Active,
        ..user.clone()
    };
    let disabled = user_events(Some(&active), Some(user));
    created.into_iter().chain(disabled).collect()
}

/// The event of a user whom a table names, and who does not exist. The version of the user and the time of the deletion are not
/// known any more: `at` is the time of the replay. No consumer compares the version, because a deletion is final.
#[must_use]
pub fn replay_deleted_user(user_id: UserId, at: OffsetDateTime) -> Event {
    let subject = format!("user/{user_id}");
    let data = Data::User(UserData::of(user_id));
    Event::new(EventType::UserDeleted, at, subject, 0, data)
}

/// The event of an upload's record. A pending upload has none. `at` is the time of the replay, because the record has no time of
/// its last change.
#[must_use]
pub fn replay_upload(upload: &Upload, at: OffsetDateTime) -> Vec<Event> {
    let kind = match upload.state {
        State::Stored(_) => EventType::UploadStored,
        State::Pending => return Vec::new(),
        _ => EventType::UploadDeleted,
    };
    upload_event(kind, upload, at).into_iter().collect()
}

/// The event of a product. A draft has none.
#[must_use]
pub fn replay_product(product: &Product) -> Vec<Event> {
    product_events(None, Some(product), product.updated_at)
}

/// The events of an order: that it was placed, and what became of it.
#[must_use]
pub fn replay_order(order: &Order) -> Vec<Event> {
    order_events(None, Some(order))
}

/// The event of a right, also of one that has ended.
#[must_use]
pub fn replay_entitlement(right: &Entitlement) -> Vec<Event> {
    vec![entitlement_event(right)]
}

#[cfg(test)]
mod tests {
    use domain::{
        Claim, Currency, Email, Money, Name, OrderId, ProductId, Profile, Source,
        order::{Fact, Offer, Settlement},
        product::Title,
    };
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-01-01 00:00:00 UTC);

    fn kinds(events: &[Event]) -> Vec<(&'static str, u64)> {
        let of = |event: &Event| (event.kind.name(), event.version);
        events.iter().map(of).collect()
    }

    #[test]
    fn a_disabled_user_is_created_verified_and_disabled() {
        let user = User {
            id: UserId::new(NOW),
            email: Email::parse("ada@example.com").unwrap(),
            name: Name::parse("Ada").unwrap(),
            profile: Profile::default(),
            roles: domain::Roles::default(),
            status: Status::Active,
            verified_at: None,
            version: 3,
            created_at: NOW,
            updated_at: NOW,
        };
        assert_eq!(kinds(&replay_user(&user)), [("user.created", 3)]);
        let user = User {
            status: Status::Disabled,
            verified_at: Some(NOW),
            ..user
        };
        let names = ["user.created", "user.email_verified", "user.disabled"];
        assert_eq!(kinds(&replay_user(&user)), names.map(|name| (name, 3)));
        let deleted = replay_deleted_user(user.id, NOW);
        assert_eq!(kinds(&[deleted]), [("user.deleted", 0)]);
    }

    #[test]
    fn a_right_that_has_ended_is_revoked() {
        let none = Entitlement::none(UserId::new(NOW), ProductId::new(NOW), NOW);
        let claim = |gives, version| Claim { version, gives };
        let given = none.claim(Source::Gift, claim(true, 1), NOW).unwrap();
        let taken = given.claim(Source::Gift, claim(false, 2), NOW).unwrap();
        assert_eq!(
            kinds(&replay_entitlement(&given)),
            [("entitlement.granted", 1)]
        );
        assert_eq!(
            kinds(&replay_entitlement(&taken)),
            [("entitlement.revoked", 2)]
        );
    }

    /// The first and the last event of an order are those that its changes had.
    #[test]
    fn the_events_of_an_order_have_their_first_ids() {
        let offer = Offer {
            product: ProductId::new(NOW),
            seller: UserId::new(NOW),
            title: Title::parse("Tea").unwrap(),
            price: Money::price(499, Currency::parse("EUR").unwrap()).unwrap(),
        };
        let placed = Order::place(OrderId::new(NOW), UserId::new(NOW), offer, NOW);
        let paid = placed.learn(Fact::Settled(Settlement::Paid), NOW).unwrap();
        let mut events = order_events(None, Some(&placed));
        events.extend(order_events(Some(&placed), Some(&paid)));
        assert_eq!(replay_order(&paid), events);
    }
}

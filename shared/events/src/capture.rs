//! Derives events from changes of items. Pure functions: the same change always yields the same events.

use domain::{
    DeletedUser, Entitlement, Product, ProductStatus, Status, Upload, UploadStatus, User,
};
use time::OffsetDateTime;

use crate::{Data, Event, EventType, UserData};

/// The events of a change of a user. A user that disappears has none: a deletion leaves a record ([`deleted_user_event`]).
#[must_use]
pub fn user_events(before: Option<&User>, after: Option<&User>) -> Vec<Event> {
    let Some(after) = after else {
        return Vec::new();
    };
    let status = match before.map(|before| before.status) {
        None => Some((EventType::UserCreated, after.created_at)),
        Some(before) if before != after.status => {
            let kind = match after.status {
                Status::Active => EventType::UserEnabled,
                Status::Disabled => EventType::UserDisabled,
            };
            Some((kind, after.updated_at))
        }
        Some(_) => None,
    };
    let verified = match before.and_then(|before| before.verified_at) {
        None => after
            .verified_at
            .map(|time| (EventType::UserEmailVerified, time)),
        Some(_) => None,
    };
    let subject = format!("user/{}", after.id);
    status
        .into_iter()
        .chain(verified)
        .map(|(kind, time)| {
            let data = Data::User(UserData::of(after.id));
            Event::new(kind, time, subject.clone(), after.version, data)
        })
        .collect()
}

/// The event of the deletion of an account.
#[must_use]
pub fn deleted_user_event(deleted: &DeletedUser) -> Event {
    let data = UserData {
        address_id: deleted.address,
        ..UserData::of(deleted.id)
    };
    Event::new(
        EventType::UserDeleted,
        deleted.deleted_at,
        format!("user/{}", deleted.id),
        deleted.version,
        Data::User(data),
    )
}

/// The events of a change of an upload at `at`. Thumbnails have no events.
#[must_use]
pub fn upload_events(
    before: Option<&Upload>,
    after: Option<&Upload>,
    at: OffsetDateTime,
) -> Vec<Event> {
    let stored = |upload: Option<&Upload>| matches!(upload, Some(it) if is_stored(it));
    let (kind, upload) = match (stored(before), after) {
        (false, Some(upload)) if is_stored(upload) => (EventType::UploadStored, upload),
        (true, Some(upload)) if !is_stored(upload) => (EventType::UploadDeleted, upload),
        _ => return Vec::new(),
    };
    upload_event(kind, upload, at).into_iter().collect()
}

pub(crate) fn upload_event(kind: EventType, upload: &Upload, at: OffsetDateTime) -> Option<Event> {
    if upload.id.is_thumbnail() {
        return None;
    }
    let subject = format!("upload/{}", upload.id);
    let data = Data::Upload(upload.into());
    Some(Event::new(kind, at, subject, upload.revision, data))
}

fn is_stored(upload: &Upload) -> bool {
    upload.status() == UploadStatus::Stored
}

/// The events of a change of a product. A product that is removed is archived for all others, who forget what they know of
/// its seller and its files.
#[must_use]
pub fn product_events(
    before: Option<&Product>,
    after: Option<&Product>,
    at: OffsetDateTime,
) -> Vec<Event> {
    let was = before.map(|product| product.status);
    let Some(product) = after else {
        return before
            .map(|before| removed(before, at))
            .into_iter()
            .collect();
    };
    let kind = match (was, product.status) {
        (Some(ProductStatus::Published), ProductStatus::Published) => EventType::ProductUpdated,
        (_, ProductStatus::Published) => EventType::ProductPublished,
        (Some(ProductStatus::Archived), ProductStatus::Archived) | (_, ProductStatus::Draft) => {
            return Vec::new();
        }
        (_, ProductStatus::Archived) => EventType::ProductArchived,
    };
    vec![product_event(kind, product)]
}

fn removed(before: &Product, at: OffsetDateTime) -> Event {
    let gone = Product {
        status: ProductStatus::Archived,
        published_files: Vec::new(),
        version: before.version + 1,
        updated_at: at,
        ..before.clone()
    };
    let mut event = product_event(EventType::ProductArchived, &gone);
    if let Data::Product(data) = &mut event.data {
        data.removed = true;
    }
    event
}

fn product_event(kind: EventType, product: &Product) -> Event {
    let subject = format!("product/{}", product.id);
    let data = Data::Product(product.into());
    Event::new(kind, product.updated_at, subject, product.version, data)
}

/// The events of a change of a right. A right that is removed is revoked.
#[must_use]
pub fn entitlement_events(
    before: Option<&Entitlement>,
    after: Option<&Entitlement>,
    at: OffsetDateTime,
) -> Vec<Event> {
    let was_active = before.is_some_and(Entitlement::is_active);
    match (was_active, before, after) {
        (false, _, Some(right)) if right.is_active() => vec![entitlement_event(right)],
        (true, _, Some(right)) if !right.is_active() => vec![entitlement_event(right)],
        (true, Some(before), None) => vec![entitlement_event(&Entitlement {
            sources: std::collections::BTreeMap::new(),
            version: before.version + 1,
            updated_at: at,
            ..before.clone()
        })],
        _ => Vec::new(),
    }
}

pub(crate) fn entitlement_event(right: &Entitlement) -> Event {
    let kind = if right.is_active() {
        EventType::EntitlementGranted
    } else {
        EventType::EntitlementRevoked
    };
    let subject = format!("entitlement/{}/{}", right.user, right.product);
    let data = Data::Entitlement(right.into());
    Event::new(kind, right.updated_at, subject, right.version, data)
}

#[cfg(test)]
mod tests {
    use domain::{
        AddressId, Claim, Currency, Email, Money, Name, ProductId, Profile, Source, UploadId,
        UserId,
        product::{Description, FileList, ProductDetails, ProductFile, Title},
        upload::Filename,
    };
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-01-01 00:00:00 UTC);
    const AT: OffsetDateTime = datetime!(2026-01-02 00:00:00 UTC);

    fn user(status: Status, version: u64) -> User {
        User {
            id: UserId::from_bytes([1; 16]),
            email: Email::parse("ada@example.com").unwrap(),
            name: Name::parse("Ada").unwrap(),
            profile: Profile::default(),
            roles: domain::Roles::default(),
            status,
            verified_at: None,
            version,
            created_at: NOW,
            updated_at: NOW,
        }
    }

    fn kinds(events: &[Event]) -> Vec<(&'static str, u64)> {
        let of = |event: &Event| (event.kind.name(), event.version);
        events.iter().map(of).collect()
    }

    #[test]
    fn users_are_created_verified_disabled_and_enabled() {
        let (active, disabled) = (user(Status::Active, 3), user(Status::Disabled, 4));
        let verified = User {
            verified_at: Some(AT),
            ..active.clone()
        };
        let of = |before, after| kinds(&user_events(before, after));
        assert_eq!(of(None, Some(&active)), [("user.created", 3)]);
        assert_eq!(of(Some(&active), Some(&disabled)), [("user.disabled", 4)]);
        assert_eq!(of(Some(&disabled), Some(&active)), [("user.enabled", 3)]);
        let is_verified = ("user.email_verified", 3);
        assert_eq!(of(Some(&active), Some(&verified)), [is_verified]);
        assert_eq!(
            of(None, Some(&verified)),
            [("user.created", 3), is_verified]
        );
        assert_eq!(user_events(Some(&active), Some(&verified))[0].time, AT);
        assert_eq!(of(Some(&verified), Some(&verified)), []);
        assert_eq!(of(Some(&active), Some(&active)), []);
        // An operator's mistake, or a restore.
        assert_eq!(of(Some(&active), None), []);
        assert_eq!(of(None, None), []);
    }

    #[test]
    fn other_systems_do_not_get_the_address_of_a_deleted_user() {
        let deleted = deleted_user_event(&DeletedUser {
            id: UserId::from_bytes([1; 16]),
            address: Some(AddressId::of_digest([7; 32])),
            version: 4,
            deleted_at: AT,
        });
        assert_eq!(kinds(std::slice::from_ref(&deleted)), [("user.deleted", 4)]);
        assert_eq!(deleted.time, AT);
        let json = deleted.to_json().unwrap();
        let public = deleted.public().to_json().unwrap();
        assert!(
            json.contains("addressId") && !public.contains("address"),
            "{public}"
        );
    }

    fn draft() -> Product {
        let upload = UploadId::from_bytes([3; 16]);
        let details = ProductDetails {
            title: Title::parse("Tea").unwrap(),
            description: Description::default(),
            price: Money::price(500, Currency::parse("EUR").unwrap()).unwrap(),
            files: FileList::parse(vec![upload]).unwrap(),
        };
        Product::draft(
            ProductId::from_bytes([2; 16]),
            UserId::from_bytes([1; 16]),
            details,
            NOW,
        )
    }

    fn published() -> Product {
        let file = ProductFile {
            upload: UploadId::from_bytes([3; 16]),
            filename: Filename::parse("tea.pdf").unwrap(),
            size: 7,
        };
        draft().publish(&[file], NOW).unwrap().unwrap()
    }

    #[test]
    fn each_change_of_a_product_has_its_event_or_none() {
        let (draft, published) = (draft(), published());
        let archived = published.archive(AT).unwrap();
        let all = [None, Some(&draft), Some(&published), Some(&archived)];
        let table = all.map(|before| all.map(|after| kinds(&product_events(before, after, AT))));
        let (publish, archive) = (("product.published", 2), ("product.archived", 3));
        assert_eq!(
            table,
            [
                // from nothing, a draft, a published and an archived product
                [vec![], vec![], vec![publish], vec![archive]],
                [
                    vec![("product.archived", 2)],
                    vec![],
                    vec![publish],
                    vec![archive]
                ],
                [
                    vec![archive],
                    vec![],
                    vec![("product.updated", 2)],
                    vec![archive]
                ],
                [vec![("product.archived", 4)], vec![], vec![publish], vec![]],
            ]
        );
    }

    #[test]
    fn a_right_is_granted_and_revoked_once() {
        let none = Entitlement::none(UserId::new(NOW), ProductId::new(NOW), NOW);
        let claim = |gives, version| Claim { version, gives };
        let gift = none.claim(Source::Gift, claim(true, 1), NOW).unwrap();
        let other = gift.claim(
            Source::Order(domain::OrderId::new(NOW)),
            claim(true, 2),
            NOW,
        );
        let other = other.unwrap();
        let taken = gift.claim(Source::Gift, claim(false, 2), NOW).unwrap();
        let of = |before, after| kinds(&entitlement_events(before, after, AT));
        assert_eq!(of(None, Some(&gift)), [("entitlement.granted", 1)]);
        assert_eq!(of(Some(&gift), Some(&other)), []);
        assert_eq!(of(Some(&gift), Some(&taken)), [("entitlement.revoked", 2)]);
        assert_eq!(of(Some(&taken), Some(&gift)), [("entitlement.granted", 1)]);
        assert_eq!(of(Some(&gift), None), [("entitlement.revoked", 2)]);
        assert_eq!(of(Some(&taken), None), []);
    }
}

use std::{fs, path::PathBuf};

use domain::{EventId, OrderId, ProductId, UploadId, UserId};
use time::macros::datetime;

use super::*;
use crate::event_type::Kind;

/// An event of each type, with every member of its data.
fn sample(kind: EventType) -> Event {
    let time = datetime!(2026-01-02 03:04:05.678 UTC);
    let user_id = UserId::from_bytes([1; 16]);
    let seller_id = UserId::from_bytes([2; 16]);
    let upload_id = UploadId::from_bytes([3; 16]);
    let product_id = ProductId::from_bytes([4; 16]);
    let order_id = OrderId::from_bytes([5; 16]);
    let price = MoneyData {
        amount: 499,
        currency: "EUR".to_owned(),
    };
    let filename = "tea.pdf".to_owned();
    let (subject, data) = match kind.kind() {
        Kind::User => (format!("user/{user_id}"), Data::User(UserData::of(user_id))),
        Kind::Upload => (
            format!("upload/{upload_id}"),
            Data::Upload(UploadData {
                upload_id,
                owner_id: user_id,
                filename,
                content_type: "application/pdf".to_owned(),
                size: 7,
            }),
        ),
        Kind::Product => (
            format!("product/{product_id}"),
            Data::Product(ProductData {
                product_id,
                seller_id,
                status: "published".to_owned(),
                title: "Tea".to_owned(),
                price,
                files: vec![FileData {
                    upload_id,
                    filename,
                    size: 7,
                }],
                removed: false,
            }),
        ),
        Kind::Order => (
            format!("order/{order_id}"),
            Data::Order(OrderData {
                order_id,
                buyer_id: user_id,
                seller_id,
                product_id,
                title: "Tea".to_owned(),
                price,
                refunded_amount: 0,
                status: "paid".to_owned(),
                entitled: true,
            }),
        ),
        Kind::Entitlement => (
            format!("entitlement/{user_id}/{product_id}"),
            Data::Entitlement(EntitlementData {
                user_id,
                product_id,
                active: true,
            }),
        ),
    };
    Event::new(kind, time, subject, 2, data)
}

/// Compares a checked-in file with what it has to be. The new file is in target/tmp.
fn check_file(path: &str, expected: &str) {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let found = fs::read_to_string(root.join(path)).unwrap_or_default();
    if found != expected {
        let new = root.join("target/tmp").join(path);
        fs::create_dir_all(new.parent().unwrap()).unwrap();
        fs::write(&new, expected).unwrap();
        panic!("{path} is missing or stale; copy it from target/tmp/{path}");
    }
}

#[test]
fn every_type_has_its_schema_in_docs() {
    for kind in EventType::ALL {
        let schema = serde_json::to_string_pretty(&schema(kind).unwrap()).unwrap();
        assert!(!schema.contains("$ref"), "{schema}");
        check_file(
            &format!("docs/events/{}.schema.json", kind.name()),
            &format!("{schema}\n"),
        );
    }
}

/// The file of a version never changes: services of that version may still send it, and dead letters keep it for days.
#[test]
fn an_event_of_each_type_and_version_is_still_read() {
    for kind in EventType::ALL {
        let expected = sample(kind);
        let json: serde_json::Value = serde_json::from_str(&expected.to_json().unwrap()).unwrap();
        let text = format!("{}\n", serde_json::to_string_pretty(&json).unwrap());
        let path = format!("shared/events/golden/{}.1.json", kind.name());
        check_file(&path, &text);
        assert_eq!(Event::parse(&text).unwrap(), expected);
    }
}

#[test]
fn docs_have_no_schema_of_an_unknown_type() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/events");
    for file in fs::read_dir(folder).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        let Some(kind) = name.strip_suffix(".schema.json") else {
            continue;
        };
        assert!(EventType::parse(kind).is_some(), "{name}");
    }
}

#[test]
fn names_are_parsed() {
    for kind in EventType::ALL {
        assert_eq!(EventType::parse(kind.name()), Some(kind));
        assert!(kind.meaning().trim().ends_with('.'));
    }
    assert_eq!(EventType::parse("order.lost"), None);
    assert!(EventId::parse_name("x").is_err());
}

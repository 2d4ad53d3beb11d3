//! All that is kept about a user is in the export, or in a table that docs/EXPORT.md leaves out with a reason.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::{
    person::{EMAIL, NAME, Person},
    scan::all_items,
    start,
};
use crate::users::export::{LISTS, export};

const DOCUMENT: &str = include_str!("../../docs/EXPORT.md");
/// The name of the other user, in no other text of the tests.
const OTHER_NAME: &str = "Barnaby";

/// Where the items of a table are in an export.
struct Place {
    members: Vec<&'static str>,
    attributes: Vec<&'static str>,
}

/// Returns the rows of a section's table, each as the code spans of its columns.
fn rows(heading: &str) -> Vec<Vec<Vec<&'static str>>> {
    let section = DOCUMENT.split("\n## ").find(|it| it.starts_with(heading));
    let rows = section.unwrap().lines().filter(|it| it.starts_with("| `"));
    let spans = |column: &'static str| column.split('`').skip(1).step_by(2).collect();
    rows.map(|row| {
        let columns = row.trim_matches('|').split(" | ");
        columns.map(spans).collect()
    })
    .collect()
}

fn in_export() -> BTreeMap<&'static str, Place> {
    let place = |row: Vec<Vec<&'static str>>| {
        let [table, members, attributes] = row.try_into().unwrap();
        (
            table[0],
            Place {
                members,
                attributes,
            },
        )
    };
    rows("In the export").into_iter().map(place).collect()
}

fn left_out() -> Vec<&'static str> {
    let rows = rows("Not in the export").into_iter();
    rows.map(|row| row[0][0]).collect()
}

#[test]
fn every_table_is_in_the_export_or_left_out_with_a_reason() {
    let template = include_str!("../../template.yaml");
    let mut tables: Vec<_> = template
        .lines()
        .zip(template.lines().skip(1))
        .filter(|(_, kind)| kind.trim() == "Type: AWS::DynamoDB::Table")
        .map(|(name, _)| name.trim().trim_end_matches(':'))
        .collect();
    let mut listed: Vec<_> = in_export().into_keys().chain(left_out()).collect();
    tables.sort_unstable();
    listed.sort_unstable();
    assert_eq!(listed, tables);
}

#[tokio::test]
async fn all_that_is_kept_about_a_user_is_in_the_export() {
    let app = start();
    let person = Person::with_everything(&app).await;
    let name = json!({"name": OTHER_NAME});
    person.other.patch("/users/me", &name).await.expect(200);
    app.settled().await;
    let found = export(&person.user, 100).await;
    for list in LISTS {
        assert_ne!(found[list], json!([]), "the person has none: {list}");
    }

    let items = all_items(&app).await;
    assert_is_complete(&items, &person.user.id, &found);
    assert_has_no_secret(&items, &found);
    let text = found.to_string();
    for token in [&person.user.token, &person.user.refresh_token] {
        assert!(!text.contains(token.as_str()));
    }
    // Nothing of the other user but the id, and the address that the person wrote.
    assert!(!text.contains(OTHER_NAME));
    assert!(!found["sales"].to_string().contains(&person.other.id));

    // Smaller pages have the same items.
    for limit in [1, 7] {
        assert_eq!(export(&person.user, limit).await, found, "limit {limit}");
    }
}

/// Asserts that the export has every item that names the person, but those of tables that are left out.
fn assert_is_complete(items: &[(String, Value)], id: &str, export: &Value) {
    let address = domain::AddressId::of_digest(auth::sha256_bytes(EMAIL));
    let texts = [
        id.to_owned(),
        EMAIL.to_owned(),
        NAME.to_owned(),
        address.to_string(),
        auth::sha256(EMAIL),
    ];
    let (places, left_out) = (in_export(), left_out());
    let mut seen = Vec::new();
    for (table, item) in items {
        let table = table.strip_prefix("cloakroom-dev-").unwrap();
        let content = item.to_string();
        if left_out.contains(&table) || !texts.iter().any(|text| content.contains(text)) {
            continue;
        }
        seen.push(table);
        let Place {
            members,
            attributes,
        } = &places[table];
        let shown: String = members
            .iter()
            .map(|name| export[name].to_string())
            .collect();
        let has = |name: &&str| {
            let value = item[name]["S"].as_str().or(item[name]["N"].as_str());
            value.is_some_and(|value| shown.contains(value))
        };
        assert!(attributes.iter().any(has), "{table}: {content}");
    }
    for table in places.keys().filter(|it| **it != "MailBlocksTable") {
        assert!(seen.contains(table), "the person has nothing in {table}");
    }
}

/// Asserts that the export has no value of an attribute that is a secret, and no URL.
fn assert_has_no_secret(items: &[(String, Value)], export: &Value) {
    let text = export.to_string();
    assert!(!text.contains("://"), "{text}");
    let mut secrets = 0;
    for (table, item) in items {
        let table = table.strip_prefix("cloakroom-dev-").unwrap();
        let names: &[&str] = match table {
            "CredentialsTable" => &["hash"],
            "SessionsTable" => &["family_key"],
            "EmailTokensTable" => &["id"],
            _ => &[],
        };
        for name in names {
            if let Some(secret) = item[*name]["S"].as_str().or(item[*name]["B"].as_str()) {
                assert!(!text.contains(secret), "{table}: {name}");
                secrets += 1;
            }
        }
    }
    assert!(secrets >= 2);
}

//! The tables whose items have events, and the users whom their items name.

use domain::{Clock, UserId};
use events::Event;
use serde_json::Value;
use store::{StoreError, images};

/// A table, by its logical id.
pub(super) struct Source {
    pub(super) table: &'static str,
    /// Derives the events of an item.
    pub(super) events: fn(&Value, &Clock) -> Result<Vec<Event>, StoreError>,
    /// The attribute with the id of the user to whom an item belongs.
    pub(super) owner: &'static str,
    /// Finds the user whom an item names and who should exist.
    pub(super) named: fn(&Value) -> Option<UserId>,
}

/// The table of the users who exist, and of the accounts that were deleted in the last 14 days. It is read first.
pub(super) const USERS: Source = Source {
    table: "UsersTable",
    events: |item, _| {
        let item = images::user(item)?;
        Ok(item.user().map(events::replay_user).unwrap_or_default())
    },
    owner: "id",
    named: |_| None,
};

/// The tables whose items belong to users.
pub(super) const OWNED: [Source; 4] = [
    Source {
        table: "UploadsTable",
        events: |item, clock| Ok(events::replay_upload(&images::upload(item)?, clock.now())),
        owner: "owner",
        named: |item| text(item, "owner"),
    },
    Source {
        table: "ProductsTable",
        events: |item, _| {
            let product = images::product(item)?;
            Ok(product.iter().flat_map(events::replay_product).collect())
        },
        owner: "seller",
        named: |item| text(item, "seller"),
    },
    Source {
        table: "OrdersTable",
        events: |item, _| {
            let order = images::order(item)?;
            Ok(order.iter().flat_map(events::replay_order).collect())
        },
        owner: "buyer",
        named: guarded,
    },
    Source {
        table: "EntitlementsTable",
        events: |item, _| {
            let right = images::entitlement(item)?;
            Ok(right.iter().flat_map(events::replay_entitlement).collect())
        },
        owner: "user",
        named: |item| text(item, "user"),
    },
];

/// Reads the id of a user in an attribute.
pub(super) fn text(item: &Value, name: &str) -> Option<UserId> {
    UserId::parse(item[name]["S"].as_str()?).ok()
}

/// The buyer of a guard. An order itself can have a pseudonym; its guard is deleted then.
fn guarded(item: &Value) -> Option<UserId> {
    let guard = item["id"]["S"].as_str()?.strip_prefix("open#")?;
    UserId::parse(guard.split('#').next()?).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_buyer_who_should_exist_is_in_the_guard_alone() {
        let id = "01890a5d-ac96-774b-bcce-b302099a8057";
        let guard = json!({"id": {"S": format!("open#{id}#{id}")}});
        assert_eq!(guarded(&guard), UserId::parse(id).ok());
        let order = json!({"id": {"S": id}, "buyer": {"S": id}});
        assert_eq!(guarded(&order), None);
    }
}

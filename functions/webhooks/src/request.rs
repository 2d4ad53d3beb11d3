//! The fields of endpoints in request bodies.

use std::collections::BTreeSet;

use domain::{Invalid, webhook::Subscription};
use events::EventType;
use serde_json::Value;

const NOT_A_LIST: Invalid = Invalid {
    code: "wrong_type",
    detail: "A list of event types is required. Leave it out, or send null, for all types.",
};
const EMPTY: Invalid = Invalid {
    code: "empty",
    detail: "At least one event type is required. Leave the list out, or send null, for all types.",
};
const UNKNOWN_TYPE: Invalid = Invalid {
    code: "unknown_event_type",
    detail: "There is no such event type. The API document lists the types.",
};
const NOT_A_FLAG: Invalid = Invalid {
    code: "wrong_type",
    detail: "true or false is required.",
};

/// Parses the list of event types that an endpoint receives.
pub fn subscription(value: &Value) -> Result<Subscription, Invalid> {
    let items = value.as_array().ok_or(NOT_A_LIST)?;
    let name = |item: &Value| {
        let name = item.as_str().ok_or(NOT_A_LIST)?;
        EventType::parse(name).ok_or(UNKNOWN_TYPE)?;
        Ok(name.to_owned())
    };
    let names: BTreeSet<_> = items.iter().map(name).collect::<Result<_, _>>()?;
    if names.is_empty() {
        return Err(EMPTY);
    }
    Ok(Subscription::Types(names))
}

/// Parses `true` or `false`.
pub fn flag(value: &Value) -> Result<bool, Invalid> {
    value.as_bool().ok_or(NOT_A_FLAG)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_known_types_are_accepted() {
        let code = |value: Value| subscription(&value).map_err(|invalid| invalid.code);
        let some = code(json!(["order.paid", "user.created", "order.paid"])).unwrap();
        assert!(some.includes("order.paid") && !some.includes("order.failed"));
        assert_eq!(code(json!([])), Err("empty"));
        assert_eq!(code(json!("order.paid")), Err("wrong_type"));
        assert_eq!(code(json!([7])), Err("wrong_type"));
        for unknown in ["", "*", "order", "Order.paid", "webhook.test"] {
            assert_eq!(
                code(json!([unknown])),
                Err("unknown_event_type"),
                "{unknown}"
            );
        }
    }
}

//! Replaces secrets in messages.

use serde_json::Value;

/// Parts of the names of members that contain secrets.
const SECRET: [&str; 7] = [
    "authorization",
    "cookie",
    "hash",
    "password",
    "secret",
    "signature",
    "token",
];

/// Replaces the values of members whose names are those of secrets, also in JSON within texts.
pub(super) fn redact(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, value) in members {
                let name = name.to_ascii_lowercase();
                if SECRET.iter().any(|part| name.contains(part)) && !value.is_null() {
                    *value = Value::from("[redacted]");
                } else {
                    redact(value);
                }
            }
        }
        Value::Array(values) => values.iter_mut().for_each(redact),
        Value::String(text) => {
            if let Ok(mut inner @ (Value::Object(_) | Value::Array(_))) = serde_json::from_str(text)
            {
                redact(&mut inner);
                *text = inner.to_string();
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn secrets_are_replaced_at_every_depth() {
        let mut value = json!({
            "id": "evt_1",
            "data": [{"newPassword": "a", "name": "Ada"}],
            "requestPayload": {"headers": {"Authorization": "Bearer x"}, "body": "{\"token\":\"t\",\"n\":1}"},
            "refreshToken": null,
        });
        redact(&mut value);
        let body = value["requestPayload"]["body"].as_str().unwrap().to_owned();
        let body: Value = serde_json::from_str(&body).unwrap();
        assert_eq!(body, json!({"token": "[redacted]", "n": 1}));
        value["requestPayload"]["body"] = body;
        let expected = json!({
            "id": "evt_1",
            "data": [{"newPassword": "[redacted]", "name": "Ada"}],
            "requestPayload": {"headers": {"Authorization": "[redacted]"}, "body": {"n": 1, "token": "[redacted]"}},
            "refreshToken": null,
        });
        assert_eq!(value, expected);
    }
}

use serde_json::{Value, json};

use crate::EventType;

/// The JSON Schema (2020-12) of an event of this type, with its envelope. Members may be added later, so none is forbidden.
///
/// # Errors
/// When a schema cannot be written as JSON.
pub fn schema(kind: EventType) -> Result<Value, serde_json::Error> {
    let mut data = serde_json::to_value(kind.data_schema())?;
    inline(&mut data);
    let text = |description: &str| json!({"type": "string", "description": description});
    Ok(json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": kind.name(),
        "description": kind.meaning().trim(),
        "type": "object",
        "required": ["id", "type", "time", "subject", "version", "data"],
        "properties": {
            "id": {
                "type": "string",
                "pattern": "^evt_[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$",
                "description": "Identifies the event: evt_ and a UUIDv7. A repeated delivery has the same id.",
            },
            "type": { "const": kind.name() },
            "time": {
                "type": "string",
                "format": "date-time",
                "description": "When it happened, in UTC (RFC 3339).",
            },
            "subject": text("What it happened to: the kind and the id, such as order/0190f9d4-…"),
            "version": {
                "type": "integer",
                "minimum": 1,
                "description": "The version of the subject after the change. An event with a lower version is older: ignore it.",
            },
            "data": data,
        },
    }))
}

/// Replaces references to shared schemas, which a file of its own does not have.
fn inline(schema: &mut Value) {
    match schema {
        Value::Object(members) => {
            if let Some(name) = members.get("$ref").and_then(Value::as_str)
                && let Some(found) = named(name.rsplit('/').next().unwrap_or_default())
            {
                let mut found = found;
                if let (Some(description), Some(found)) =
                    (members.get("description"), found.as_object_mut())
                {
                    found.insert("description".to_owned(), description.clone());
                }
                *schema = found;
                return inline(schema);
            }
            members.values_mut().for_each(inline);
        }
        Value::Array(items) => items.iter_mut().for_each(inline),
        _ => {}
    }
}

/// The schemas that the data of events share.
fn named(name: &str) -> Option<Value> {
    use utoipa::PartialSchema as _;
    let schema = match name {
        "MoneyData" => crate::MoneyData::schema(),
        "FileData" => crate::FileData::schema(),
        _ => return None,
    };
    serde_json::to_value(schema).ok()
}

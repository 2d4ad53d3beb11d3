//! Forms with nested names: `line_items[0][price_data][currency]=eur`.

use serde_json::{Map, Value};

/// Parses a form. Lists are objects with numbers as names, or have empty brackets.
pub(super) fn parse(form: &[u8]) -> Value {
    let mut root = Value::Object(Map::new());
    for (name, value) in form_urlencoded::parse(form) {
        let (first, rest) = name.split_once('[').unwrap_or((&name, ""));
        let rest = rest.strip_suffix(']').unwrap_or(rest);
        let mut path = vec![first];
        if name.contains('[') {
            path.extend(rest.split("]["));
        }
        insert(&mut root, &path, Value::String(value.into_owned()));
    }
    lists(root)
}

fn insert(at: &mut Value, path: &[&str], value: Value) {
    let Some((name, rest)) = path.split_first() else {
        *at = value;
        return;
    };
    if !at.is_object() {
        *at = Value::Object(Map::new());
    }
    if let Some(object) = at.as_object_mut() {
        let name = if name.is_empty() {
            object.len().to_string()
        } else {
            (*name).to_owned()
        };
        insert(object.entry(name).or_insert(Value::Null), rest, value);
    }
}

/// Turns objects with the names 0, 1, … into lists.
fn lists(value: Value) -> Value {
    let Value::Object(object) = value else {
        return value;
    };
    let is_list = !object.is_empty() && object.keys().all(|name| name.parse::<u16>().is_ok());
    if !is_list {
        return Value::Object(
            object
                .into_iter()
                .map(|(name, it)| (name, lists(it)))
                .collect(),
        );
    }
    let mut items: Vec<(u16, Value)> = object
        .into_iter()
        .map(|(name, item)| (name.parse().unwrap_or_default(), lists(item)))
        .collect();
    items.sort_by_key(|(at, _)| *at);
    Value::Array(items.into_iter().map(|(_, item)| item).collect())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn nested_names_are_objects_and_lists() {
        let form = b"mode=payment&a[b][0][c]=1&a[b][1][c]=x%26y&expand[]=one&expand[]=two";
        assert_eq!(
            parse(form),
            json!({
                "mode": "payment",
                "a": {"b": [{"c": "1"}, {"c": "x&y"}]},
                "expand": ["one", "two"],
            })
        );
        assert_eq!(parse(b""), json!({}));
        assert_eq!(parse(b"a=1&a[b]=2"), json!({"a": {"b": "2"}}));
    }
}

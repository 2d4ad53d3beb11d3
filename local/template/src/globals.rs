//! SAM's `Globals`: properties that every resource of a type inherits.

use serde_json::{Map, Value};

use crate::{Template, TemplateError, resolve};

impl Template {
    /// Merges the unresolved properties of `resource` into those of the `Globals` section `section`: maps are merged,
    /// lists are joined, other values are replaced.
    pub(crate) fn properties(
        &self,
        section: &str,
        id: &str,
        resource: &Value,
    ) -> Result<Map<String, Value>, TemplateError> {
        let mut merged = match self.globals.get(section) {
            None | Some(Value::Null) => Value::Object(Map::new()),
            Some(globals) => globals.clone(),
        };
        if !resource["Properties"].is_null() {
            merge(&mut merged, &resource["Properties"]);
        }
        match merged {
            Value::Object(properties) => Ok(properties),
            _ => Err(TemplateError::at(
                format!("Resources.{id}.Properties"),
                "is not a mapping",
            )),
        }
    }
}

fn merge(base: &mut Value, over: &Value) {
    // An intrinsic function is one value, whatever its shape.
    let is_plain = resolve::intrinsic(base).is_none() && resolve::intrinsic(over).is_none();
    match (base, over) {
        (Value::Object(base), Value::Object(over)) if is_plain => {
            for (key, value) in over {
                merge(base.entry(key.clone()).or_insert(Value::Null), value);
            }
        }
        (Value::Array(base), Value::Array(over)) => base.extend(over.iter().cloned()),
        (base, over) => *base = over.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn maps_merge_lists_join_and_functions_replace() {
        let mut base = json!({"a": {"x": 1, "y": 2}, "b": [1], "c": {"Ref": "C"}, "d": 1});
        merge(
            &mut base,
            &json!({"a": {"y": 3}, "b": [2], "c": {"Fn::Sub": "c"}, "d": 2}),
        );
        assert_eq!(
            base,
            json!({"a": {"x": 1, "y": 3}, "b": [1, 2], "c": {"Fn::Sub": "c"}, "d": 2})
        );
    }
}

//! Converts YAML to JSON values and short tags to their long forms.

use saphyr::{LoadableYamlNode, Mapping, Scalar, Yaml};
use serde_json::{Map, Value, json};

use crate::TemplateError;

/// The short tags whose long form is `Fn::` and the tag.
const FUNCTIONS: [&str; 17] = [
    "And",
    "Base64",
    "Cidr",
    "Equals",
    "FindInMap",
    "GetAZs",
    "GetAtt",
    "If",
    "ImportValue",
    "Join",
    "Length",
    "Not",
    "Or",
    "Select",
    "Split",
    "Sub",
    "Transform",
];

/// Parses the only document in `text`.
pub(crate) fn read(text: &str) -> Result<Map<String, Value>, TemplateError> {
    let documents =
        Yaml::load_from_str(text).map_err(|error| TemplateError::Yaml(error.to_string()))?;
    let [document] = documents.as_slice() else {
        return Err(TemplateError::Yaml(format!(
            "expected one document, found {}",
            documents.len()
        )));
    };
    match convert(document, "the template")? {
        Value::Object(map) => Ok(map),
        _ => Err(TemplateError::Yaml("expected a mapping".to_owned())),
    }
}

fn convert(node: &Yaml, at: &str) -> Result<Value, TemplateError> {
    match node {
        Yaml::Value(scalar) => Ok(convert_scalar(scalar)),
        Yaml::Sequence(items) => items
            .iter()
            .enumerate()
            .map(|(index, item)| convert(item, &format!("{at}.{index}")))
            .collect(),
        Yaml::Mapping(entries) => convert_mapping(entries, at).map(Value::Object),
        Yaml::Tagged(tag, inner) => long_form(&tag.suffix, &convert(inner, at)?, at),
        Yaml::Representation(..) | Yaml::Alias(_) | Yaml::BadValue => {
            Err(TemplateError::at(at, "is a value that cannot be read"))
        }
    }
}

fn convert_mapping(entries: &Mapping, at: &str) -> Result<Map<String, Value>, TemplateError> {
    let mut map = Map::new();
    for (key, value) in entries {
        let key = match key {
            Yaml::Value(Scalar::String(key)) => key.to_string(),
            // Mappings may be keyed by account ids and the like.
            Yaml::Value(Scalar::Integer(key)) => key.to_string(),
            _ => return Err(TemplateError::at(at, "has a key that is not a string")),
        };
        let value = convert(value, &format!("{at}.{key}"))?;
        map.insert(key, value);
    }
    Ok(map)
}

fn convert_scalar(scalar: &Scalar) -> Value {
    match scalar {
        Scalar::Null => Value::Null,
        Scalar::Boolean(value) => json!(value),
        Scalar::Integer(value) => json!(value),
        Scalar::FloatingPoint(value) => json!(value.into_inner()),
        Scalar::String(value) => json!(value),
    }
}

fn long_form(tag: &str, argument: &Value, at: &str) -> Result<Value, TemplateError> {
    match tag {
        "Ref" | "Condition" => Ok(json!({ tag: argument })),
        tag if FUNCTIONS.contains(&tag) => Ok(json!({ format!("Fn::{tag}"): argument })),
        tag => Err(TemplateError::at(at, format!("has an unknown tag !{tag}"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_tags_become_long_forms() {
        let read = read("a: !Ref B\nc: !If [D, !Sub '${E}', !GetAtt F.Arn]\n").unwrap();
        assert_eq!(
            Value::Object(read),
            json!({
                "a": {"Ref": "B"},
                "c": {"Fn::If": ["D", {"Fn::Sub": "${E}"}, {"Fn::GetAtt": "F.Arn"}]},
            })
        );
    }

    #[test]
    fn an_unknown_tag_is_named_with_its_place() {
        let error = read("Resources:\n  A: !Reff B\n").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the template.Resources.A: has an unknown tag !Reff"
        );
    }

    #[test]
    fn a_date_stays_text() {
        let read = read("Version: 2012-10-17\n").unwrap();
        assert_eq!(read["Version"], "2012-10-17");
    }

    #[test]
    fn broken_yaml_is_an_error_with_a_line() {
        let error = read("a: [1,\nb: 2").unwrap_err().to_string();
        assert!(error.contains("line"), "{error}");
    }
}

//! What the document says about texts that other people see: names, cities and names of files.

use utoipa::openapi::{
    OpenApi as Document, RefOr,
    schema::{Object, Schema},
};

/// The members of request bodies that are such texts.
const MEMBERS: [&str; 5] = ["city", "filename", "firstName", "lastName", "name"];

/// A text without control characters and without characters that change the direction of text, as `domain::Name` requires.
const PATTERN: &str =
    r"^[^\u0000-\u001F\u007F-\u009F\u061C\u200E\u200F\u2028\u2029\u202A-\u202E\u2066-\u2069]*$";

/// Adds the pattern to these members in the schemas of request bodies, whose names end with `Request` or are parts of them.
pub fn require_one_line(document: &mut Document) {
    let schemas = document
        .components
        .iter_mut()
        .flat_map(|components| &mut components.schemas);
    for schema in schemas.filter_map(|(_, schema)| object_of(schema)) {
        // Only request bodies are closed.
        if schema.additional_properties.is_none() {
            continue;
        }
        for member in MEMBERS {
            if let Some(text) = schema.properties.get_mut(member).and_then(object_of) {
                text.pattern = Some(PATTERN.to_owned());
            }
        }
    }
}

fn object_of(schema: &mut RefOr<Schema>) -> Option<&mut Object> {
    match schema {
        RefOr::T(Schema::Object(object)) => Some(object),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use domain::Name;
    use regex_lite::Regex;

    use super::*;

    #[test]
    fn the_pattern_refuses_the_characters_that_a_name_refuses() {
        let pattern = Regex::new(PATTERN).unwrap();
        for c in '\0'..=char::MAX {
            let text = format!("a{c}b");
            let is_refused = Name::parse(&text).is_err();
            assert_eq!(!pattern.is_match(&text), is_refused, "{c:?}");
        }
    }
}

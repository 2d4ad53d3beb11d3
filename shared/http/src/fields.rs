use domain::{Invalid, Patch};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{Problem, json};

/// An invalid field of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// The field: a JSON Pointer (RFC 6901) into the body, or `/` and the name of a query parameter.
    pub pointer: String,
    /// A stable word for programs.
    pub code: &'static str,
    /// What is wrong and what to do, for people.
    pub detail: &'static str,
}

impl FieldError {
    /// Creates the error `invalid` of the field at `pointer`.
    #[must_use]
    pub fn at(pointer: impl Into<String>, Invalid { code, detail }: Invalid) -> Self {
        Self {
            pointer: pointer.into(),
            code,
            detail,
        }
    }
}

const REQUIRED: Invalid = Invalid {
    code: "required",
    detail: "This field is required.",
};
const UNKNOWN: Invalid = Invalid {
    code: "unknown_field",
    detail: "There is no such field. Check the spelling.",
};
const NOT_AN_OBJECT: Invalid = Invalid {
    code: "wrong_type",
    detail: "A JSON object is required.",
};
const NOT_A_LIST: Invalid = Invalid {
    code: "wrong_type",
    detail: "A list is required.",
};
const EMPTY_LIST: Invalid = Invalid {
    code: "empty",
    detail: "At least one item is required.",
};
const LONG_LIST: Invalid = Invalid {
    code: "too_long",
    detail: "There are too many items. Send them in several requests.",
};
const NOT_A_STRING: Invalid = Invalid {
    code: "wrong_type",
    detail: "A string is required.",
};
const NOT_A_NUMBER: Invalid = Invalid {
    code: "wrong_type",
    detail: "A non-negative integer is required.",
};

/// Returns a parser of a string.
pub fn text<T>(
    parse: impl FnOnce(&str) -> Result<T, Invalid>,
) -> impl FnOnce(&Value) -> Result<T, Invalid> {
    |value| value.as_str().ok_or(NOT_A_STRING).and_then(parse)
}

/// Returns a parser of a non-negative integer.
pub fn number<T>(
    parse: impl FnOnce(u64) -> Result<T, Invalid>,
) -> impl FnOnce(&Value) -> Result<T, Invalid> {
    |value| value.as_u64().ok_or(NOT_A_NUMBER).and_then(parse)
}

/// A type that is parsed from the fields of a JSON object.
pub trait FromFields: Sized {
    /// The largest body: 64 KiB, or 1 MiB where a list needs it.
    const MAX_BYTES: usize = json::MAX_BYTES;

    /// Takes each field once. Returns `None` when a field is missing or invalid; `fields` collects the errors, so take all
    /// fields before the first `?`.
    fn from_fields(fields: &mut Fields) -> Option<Self>;
}

/// The fields of a JSON object that are not taken yet, and the errors found so far.
#[derive(Debug)]
pub struct Fields {
    pointer: String,
    object: Map<String, Value>,
    errors: Vec<FieldError>,
}

impl Fields {
    /// Parses a `T` from a body.
    ///
    /// # Errors
    /// 422 with all invalid fields, unknown ones included.
    pub fn read<T: FromFields>(body: Value) -> Result<T, Problem> {
        let mut errors = Vec::new();
        let parsed = Self::object(body, String::new(), &mut errors, T::from_fields);
        match parsed {
            Some(parsed) if errors.is_empty() => Ok(parsed),
            _ => Err(Problem::invalid(errors)),
        }
    }

    fn object<T>(
        value: Value,
        pointer: String,
        errors: &mut Vec<FieldError>,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        let Value::Object(object) = value else {
            errors.push(FieldError::at(pointer, NOT_AN_OBJECT));
            return None;
        };
        let mut fields = Self {
            pointer,
            object,
            errors: Vec::new(),
        };
        let parsed = read(&mut fields);
        for name in fields.object.keys() {
            let pointer = fields.pointer_to(name);
            fields.errors.push(FieldError::at(pointer, UNKNOWN));
        }
        errors.append(&mut fields.errors);
        parsed
    }

    /// Takes a required field.
    pub fn required<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&Value) -> Result<T, Invalid>,
    ) -> Option<T> {
        match self.object.remove(name) {
            Some(value) => self.accept(name, read(&value)),
            None => self.refuse(name, REQUIRED),
        }
    }

    /// Takes an optional field: `Some(None)` when it is absent or null, `None` when it is invalid.
    pub fn optional<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&Value) -> Result<T, Invalid>,
    ) -> Option<Option<T>> {
        match self.object.remove(name) {
            None | Some(Value::Null) => Some(None),
            Some(value) => self.accept(name, read(&value)).map(Some),
        }
    }

    /// Takes a field of a JSON Merge Patch (RFC 7396).
    pub fn patched<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&Value) -> Result<T, Invalid>,
    ) -> Option<Patch<T>> {
        match self.object.remove(name) {
            None => Some(Patch::Keep),
            Some(Value::Null) => Some(Patch::Remove),
            Some(value) => self.accept(name, read(&value)).map(Patch::Set),
        }
    }

    /// Takes a nested object. `absent` and `null` return its value when it is absent or null.
    pub fn nested<T>(
        &mut self,
        name: &str,
        absent: impl FnOnce() -> T,
        null: impl FnOnce() -> T,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        match self.object.remove(name) {
            None => Some(absent()),
            Some(Value::Null) => Some(null()),
            Some(value) => {
                let pointer = self.pointer_to(name);
                Self::object(value, pointer, &mut self.errors, read)
            }
        }
    }

    /// Takes a required nested object.
    pub fn required_object<T>(
        &mut self,
        name: &str,
        read: impl FnOnce(&mut Self) -> Option<T>,
    ) -> Option<T> {
        match self.object.remove(name) {
            None => self.refuse(name, REQUIRED),
            Some(value) => {
                let pointer = self.pointer_to(name);
                Self::object(value, pointer, &mut self.errors, read)
            }
        }
    }

    /// Returns whether the field is present, with any value.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.object.contains_key(name)
    }

    /// Ignores the remaining fields, for protocols that others define.
    pub fn ignore_others(&mut self) {
        self.object.clear();
    }

    /// Takes a required list of 1 to `max` objects; `read` parses the fields of each.
    pub fn list<T>(
        &mut self,
        name: &str,
        max: usize,
        mut read: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        let items = match self.object.remove(name) {
            None => return self.refuse(name, REQUIRED),
            Some(Value::Array(items)) => items,
            Some(_) => return self.refuse(name, NOT_A_LIST),
        };
        match items.len() {
            0 => return self.refuse(name, EMPTY_LIST),
            n if n > max => return self.refuse(name, LONG_LIST),
            _ => {}
        }
        let pointer = self.pointer_to(name);
        let items = items.into_iter().enumerate().map(|(index, item)| {
            let pointer = format!("{pointer}/{index}");
            Self::object(item, pointer, &mut self.errors, &mut read)
        });
        // All items are parsed before the first error ends the request, so that all errors are reported.
        let items: Vec<_> = items.collect();
        items.into_iter().collect()
    }

    /// Takes a required list of 1 to `max` values; `read` parses each.
    pub fn values<T>(
        &mut self,
        name: &str,
        max: usize,
        read: impl Fn(&Value) -> Result<T, Invalid>,
    ) -> Option<Vec<T>> {
        self.required(name, |value| {
            let items = value.as_array().ok_or(NOT_A_LIST)?;
            match items.len() {
                0 => Err(EMPTY_LIST),
                n if n > max => Err(LONG_LIST),
                _ => items.iter().map(read).collect(),
            }
        })
    }

    /// Records that a field is invalid.
    pub fn refuse<T>(&mut self, name: &str, invalid: Invalid) -> Option<T> {
        let pointer = self.pointer_to(name);
        self.errors.push(FieldError::at(pointer, invalid));
        None
    }

    fn accept<T>(&mut self, name: &str, value: Result<T, Invalid>) -> Option<T> {
        match value {
            Ok(value) => Some(value),
            Err(invalid) => self.refuse(name, invalid),
        }
    }

    /// RFC 6901, section 3: `~` and `/` in a name are escaped.
    fn pointer_to(&self, name: &str) -> String {
        format!(
            "{}/{}",
            self.pointer,
            name.replace('~', "~0").replace('/', "~1")
        )
    }
}

#[cfg(test)]
mod tests {
    use domain::Name;
    use serde_json::json;

    use super::*;

    #[derive(Debug)]
    struct TestRequest;

    impl FromFields for TestRequest {
        fn from_fields(fields: &mut Fields) -> Option<Self> {
            let name = fields.required("name", text(Name::parse));
            let nested = fields.nested(
                "in",
                || (),
                || (),
                |inside| inside.optional("n", number(Ok)).map(|_: Option<u64>| ()),
            );
            name.and(nested).map(|()| Self)
        }
    }

    fn errors(body: Value) -> Vec<(String, &'static str)> {
        let problem = Fields::read::<TestRequest>(body).unwrap_err();
        problem
            .errors()
            .iter()
            .map(|error| (error.pointer.clone(), error.code))
            .collect()
    }

    #[test]
    fn all_invalid_fields_are_reported_at_once() {
        let body = json!({"name": 7, "in": {"n": "x", "a/b~c": 1}, "extra": null});
        let mut found = errors(body);
        found.sort();
        assert_eq!(
            found,
            [
                ("/extra".to_owned(), "unknown_field"),
                ("/in/a~1b~0c".to_owned(), "unknown_field"),
                ("/in/n".to_owned(), "wrong_type"),
                ("/name".to_owned(), "wrong_type"),
            ]
        );
    }

    #[test]
    fn a_body_that_is_not_an_object_is_refused() {
        for body in [json!([]), json!("x"), json!(1), json!(null)] {
            assert_eq!(errors(body), [(String::new(), "wrong_type")]);
        }
    }

    #[test]
    fn negative_and_fractional_numbers_are_refused() {
        for bad in [json!(-1), json!(1.5), json!("1"), json!(true)] {
            assert_eq!(
                errors(json!({"name": "A", "in": {"n": bad}})),
                [("/in/n".to_owned(), "wrong_type")]
            );
        }
    }
}

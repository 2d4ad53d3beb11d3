use domain::{Invalid, Patch};
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{Problem, json};

/// One thing that is wrong with what was sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct FieldError {
    /// Where: a JSON Pointer (RFC 6901) into the body; for a query parameter, its name as if it were a member.
    pub pointer: String,
    /// A stable word.
    pub code: &'static str,
    /// What would be right.
    pub detail: &'static str,
}

impl FieldError {
    /// `invalid` at this place.
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
    detail: "must be there",
};
const UNKNOWN: Invalid = Invalid {
    code: "unknown_field",
    detail: "is not a field of this request; check the spelling",
};
const NOT_AN_OBJECT: Invalid = Invalid {
    code: "wrong_type",
    detail: "must be a JSON object",
};
const NOT_A_LIST: Invalid = Invalid {
    code: "wrong_type",
    detail: "must be a list",
};
const EMPTY_LIST: Invalid = Invalid {
    code: "empty",
    detail: "must have at least one item",
};
const LONG_LIST: Invalid = Invalid {
    code: "too_long",
    detail: "has too many items; send them in several requests",
};
const NOT_A_STRING: Invalid = Invalid {
    code: "wrong_type",
    detail: "must be a string",
};
const NOT_A_NUMBER: Invalid = Invalid {
    code: "wrong_type",
    detail: "must be a whole number, not negative",
};

/// Reads a string.
pub fn text<T>(
    parse: impl FnOnce(&str) -> Result<T, Invalid>,
) -> impl FnOnce(&Value) -> Result<T, Invalid> {
    |value| value.as_str().ok_or(NOT_A_STRING).and_then(parse)
}

/// Reads a whole number that is not negative.
pub fn number<T>(
    parse: impl FnOnce(u64) -> Result<T, Invalid>,
) -> impl FnOnce(&Value) -> Result<T, Invalid> {
    |value| value.as_u64().ok_or(NOT_A_NUMBER).and_then(parse)
}

/// What is made of the fields of a JSON object.
pub trait FromFields: Sized {
    /// The largest body it is read from: 64 KiB, or 1 MiB where a list needs it.
    const MAX_BYTES: usize = json::MAX_BYTES;

    /// Takes each field once. `None` when one is missing or wrong; `fields` remembers which and why, so take all of
    /// them before giving up on any.
    fn from_fields(fields: &mut Fields) -> Option<Self>;
}

/// The fields of a JSON object, and what turned out to be wrong with them.
#[derive(Debug)]
pub struct Fields {
    pointer: String,
    object: Map<String, Value>,
    errors: Vec<FieldError>,
}

impl Fields {
    /// Makes a `T` of a body.
    ///
    /// # Errors
    /// 422 with everything that is wrong, unknown fields included.
    pub fn read<T: FromFields>(body: Value) -> Result<T, Problem> {
        let mut errors = Vec::new();
        let made = Self::object(body, String::new(), &mut errors, T::from_fields);
        match made {
            Some(made) if errors.is_empty() => Ok(made),
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
        let made = read(&mut fields);
        for name in fields.object.keys() {
            let pointer = fields.pointer_to(name);
            fields.errors.push(FieldError::at(pointer, UNKNOWN));
        }
        errors.append(&mut fields.errors);
        made
    }

    /// A field that must be there.
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

    /// A field that may be absent or null: both are `Some(None)`, and `None` is one that is wrong.
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

    /// A field of a merge patch.
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

    /// An object inside this one. `absent` and `null` stand for it when it is not there, or null.
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

    /// Whether there is such a field, whatever it holds.
    #[must_use]
    pub fn has(&self, name: &str) -> bool {
        self.object.contains_key(name)
    }

    /// Takes no notice of the fields that are left, for protocols that are not ours.
    pub fn ignore_others(&mut self) {
        self.object.clear();
    }

    /// A list that must be there, of 1 to `max` items; of which `read` makes each of an object's fields.
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
        // All of them are read, so that all that is wrong is told.
        let items: Vec<_> = items.collect();
        items.into_iter().collect()
    }

    /// A list that must be there, of 1 to `max` plain values.
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

    /// Records that a field is wrong.
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
    struct Form;

    impl FromFields for Form {
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
        let problem = Fields::read::<Form>(body).unwrap_err();
        problem
            .errors()
            .iter()
            .map(|error| (error.pointer.clone(), error.code))
            .collect()
    }

    #[test]
    fn everything_wrong_is_reported_at_once() {
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
    fn a_body_that_is_no_object_is_refused_as_a_whole() {
        for body in [json!([]), json!("x"), json!(1), json!(null)] {
            assert_eq!(errors(body), [(String::new(), "wrong_type")]);
        }
    }

    #[test]
    fn numbers_are_whole_and_not_negative() {
        for bad in [json!(-1), json!(1.5), json!("1"), json!(true)] {
            assert_eq!(
                errors(json!({"name": "A", "in": {"n": bad}})),
                [("/in/n".to_owned(), "wrong_type")]
            );
        }
    }
}

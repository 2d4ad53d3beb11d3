use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;

/// The expressions of one request, with their placeholders.
///
/// The texts are written as in `DynamoDB`'s documentation. `#name` stands for the attribute `name`, which is bound without
/// being listed, and `:name` for a value that [`Expression::bind`] gives
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Expressions.html>).
#[derive(Debug, Clone, Default)]
pub(crate) struct Expression {
    set: Vec<String>,
    remove: Vec<String>,
    add: Vec<String>,
    conditions: Vec<String>,
    values: HashMap<String, AttributeValue>,
}

impl Expression {
    /// Adds assignments: `a = :a, b = if_not_exists(b, :b)`.
    pub fn set(&mut self, assignments: impl Into<String>) {
        self.set.push(assignments.into());
    }

    /// Adds attributes to remove: `a, b`.
    pub fn remove(&mut self, attributes: impl Into<String>) {
        self.remove.push(attributes.into());
    }

    /// Adds numbers to add: `a :a, b :b`.
    pub fn add(&mut self, numbers: impl Into<String>) {
        self.add.push(numbers.into());
    }

    /// Adds a condition. All conditions have to hold.
    pub fn only_if(&mut self, condition: impl Into<String>) {
        self.conditions.push(condition.into());
    }

    /// Gives placeholders their values.
    pub fn bind<P: Into<String>>(&mut self, values: impl IntoIterator<Item = (P, AttributeValue)>) {
        for (placeholder, value) in values {
            let earlier = self.values.insert(placeholder.into(), value);
            debug_assert!(earlier.is_none(), "a placeholder has two values");
        }
    }

    /// The update: `SET …, … REMOVE … ADD …`; `None` if there is nothing to update.
    pub fn update(&self) -> Option<String> {
        let clauses = [
            ("SET", &self.set),
            ("REMOVE", &self.remove),
            ("ADD", &self.add),
        ];
        let texts = clauses.into_iter().filter(|(_, parts)| !parts.is_empty());
        let texts: Vec<_> = texts
            .map(|(keyword, parts)| format!("{keyword} {}", parts.join(", ")))
            .collect();
        (!texts.is_empty()).then(|| texts.join(" "))
    }

    /// The condition; `None` if there is none.
    pub fn condition(&self) -> Option<String> {
        match &self.conditions[..] {
            [] => None,
            [only] => Some(only.clone()),
            all => {
                let grouped = all.iter().map(|condition| {
                    if condition.contains(" OR ") {
                        format!("({condition})")
                    } else {
                        condition.clone()
                    }
                });
                Some(grouped.collect::<Vec<_>>().join(" AND "))
            }
        }
    }

    /// The attributes that the texts name with `#`; `None` if there are none, for `DynamoDB` refuses an empty map.
    pub fn names(&self) -> Option<HashMap<String, String>> {
        let texts = [self.update(), self.condition()];
        names(texts.iter().flatten().map(String::as_str))
    }

    /// The values of the placeholders; `None` if there are none, for `DynamoDB` refuses an empty map.
    pub fn values(&self) -> Option<HashMap<String, AttributeValue>> {
        let texts = [self.update(), self.condition()];
        check_values(
            texts.iter().flatten().map(String::as_str),
            self.values.keys().map(String::as_str),
        );
        (!self.values.is_empty()).then(|| self.values.clone())
    }
}

/// The attributes that texts name with `#`, as a request maps them; `None` if there are none.
pub(crate) fn names<'a>(texts: impl Iterator<Item = &'a str>) -> Option<HashMap<String, String>> {
    let names: HashMap<_, _> = texts
        .flat_map(|text| placeholders(text, '#'))
        .map(|name| (name.to_owned(), name[1..].to_owned()))
        .collect();
    (!names.is_empty()).then_some(names)
}

/// Checks that each placeholder has a value and each value a placeholder: `DynamoDB` refuses a request otherwise.
pub(crate) fn check_values<'a>(
    texts: impl Iterator<Item = &'a str>,
    values: impl Iterator<Item = &'a str>,
) {
    if cfg!(debug_assertions) {
        let sorted = |mut names: Vec<&'a str>| {
            names.sort_unstable();
            names.dedup();
            names
        };
        let used = sorted(texts.flat_map(|text| placeholders(text, ':')).collect());
        assert_eq!(used, sorted(values.collect()), "placeholders and values");
    }
}

/// The words of a text that begin with `sign`, sign included.
fn placeholders(text: &str, sign: char) -> impl Iterator<Item = &str> {
    text.match_indices(sign).map(|(start, _)| {
        let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let length = text[start + 1..].find(|c| !is_word(c));
        &text[start..length.map_or(text.len(), |length| start + 1 + length)]
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::row::{n, s};

    #[test]
    fn an_expression_joins_its_parts_and_binds_its_names() {
        let mut expression = Expression::default();
        expression.set("#hash = :new");
        expression.remove("failures, locked_until");
        expression.add("#count :one");
        expression.set("updated_at = :now");
        expression.only_if("#hash = :old");
        expression.only_if("attribute_not_exists(expires_at) OR expires_at <= :now");
        expression.bind([(":new", s("b")), (":old", s("a")), (":one", n(1))]);
        expression.bind([(":now", n(5))]);
        assert_eq!(
            expression.update().unwrap(),
            "SET #hash = :new, updated_at = :now REMOVE failures, locked_until ADD #count :one"
        );
        assert_eq!(
            expression.condition().unwrap(),
            "#hash = :old AND (attribute_not_exists(expires_at) OR expires_at <= :now)"
        );
        let names = expression.names().unwrap();
        assert_eq!(names.len(), 2);
        assert_eq!((&*names["#hash"], &*names["#count"]), ("hash", "count"));
        assert_eq!(expression.values().unwrap().len(), 4);
    }

    #[test]
    fn an_expression_without_parts_sends_nothing() {
        let mut expression = Expression::default();
        assert_eq!(expression.update(), None);
        assert_eq!(expression.condition(), None);
        assert_eq!(expression.names(), None);
        assert_eq!(expression.values(), None);
        expression.only_if("attribute_not_exists(id) OR expires_at <= :now");
        expression.bind([(":now", n(5))]);
        let condition = expression.condition().unwrap();
        assert_eq!(
            condition, "attribute_not_exists(id) OR expires_at <= :now",
            "one condition needs no parentheses"
        );
    }

    #[test]
    fn a_placeholder_is_not_part_of_a_longer_one() {
        let found: Vec<_> = placeholders(":a = :ab AND (:abc_1)", ':').collect();
        assert_eq!(found, [":a", ":ab", ":abc_1"]);
    }

    #[test]
    #[should_panic(expected = "placeholders and values")]
    fn a_placeholder_without_a_value_is_found() {
        let mut expression = Expression::default();
        expression.only_if("a = :a AND b = :b");
        expression.bind([(":a", n(1))]);
        expression.values();
    }

    #[test]
    #[should_panic(expected = "placeholders and values")]
    fn a_value_without_a_placeholder_is_found() {
        let mut expression = Expression::default();
        expression.only_if("a = :a");
        expression.bind([(":a", n(1)), (":b", n(2))]);
        expression.values();
    }
}

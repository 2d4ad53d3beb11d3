//! The intrinsic functions of templates.

use serde_json::{Map, Value, json};

use crate::{ACCOUNT, PARTITION, REGION, Template, TemplateError};

type Result<T> = std::result::Result<T, TemplateError>;

impl Template {
    /// Replaces every intrinsic function in `value` by its result. `AWS::NoValue` becomes null, or is removed from its
    /// collection.
    pub(crate) fn resolve(&self, value: &Value, at: &str) -> Result<Value> {
        Ok(self.resolve_optional(value, at)?.unwrap_or(Value::Null))
    }

    /// Resolves `value` to text.
    pub(crate) fn resolve_text(&self, value: &Value, at: &str) -> Result<String> {
        text(&self.resolve(value, at)?, at)
    }

    fn resolve_optional(&self, value: &Value, at: &str) -> Result<Option<Value>> {
        match value {
            Value::Object(map) => match intrinsic(value) {
                Some((name, argument)) => self.call(name, argument, at),
                None => self.resolve_map(map, at).map(Some),
            },
            Value::Array(items) => self.resolve_list(items, at).map(Some),
            scalar => Ok(Some(scalar.clone())),
        }
    }

    fn resolve_map(&self, map: &Map<String, Value>, at: &str) -> Result<Value> {
        let mut resolved = Map::new();
        for (key, value) in map {
            if let Some(value) = self.resolve_optional(value, &format!("{at}.{key}"))? {
                resolved.insert(key.clone(), value);
            }
        }
        Ok(Value::Object(resolved))
    }

    fn resolve_list(&self, items: &[Value], at: &str) -> Result<Value> {
        let mut resolved = Vec::with_capacity(items.len());
        for (index, item) in items.iter().enumerate() {
            resolved.extend(self.resolve_optional(item, &format!("{at}.{index}"))?);
        }
        Ok(Value::Array(resolved))
    }

    fn call(&self, name: &str, argument: &Value, at: &str) -> Result<Option<Value>> {
        match name {
            "Ref" => match argument.as_str() {
                Some("AWS::NoValue") => Ok(None),
                Some(target) => self.reference(target, at).map(Some),
                None => Err(TemplateError::at(at, "Ref takes a name")),
            },
            "Fn::If" => {
                let [condition, then, otherwise] = arguments(argument, name, at)?;
                let holds = self.condition(&text(condition, at)?, at)?;
                self.resolve_optional(if holds { then } else { otherwise }, at)
            }
            "Fn::GetAtt" => self.attribute_of(argument, at).map(Some),
            "Fn::Sub" => self.substitute(argument, at).map(Some),
            "Fn::Join" => self.join(argument, at).map(Some),
            "Fn::Split" => self.split(argument, at).map(Some),
            "Fn::Select" => self.select(argument, at).map(Some),
            "Fn::FindInMap" => self.find_in_map(argument, at).map(Some),
            other => Err(TemplateError::at(
                at,
                format!("{other} is not supported locally"),
            )),
        }
    }

    /// Evaluates `Ref` for a pseudo parameter, a parameter or a resource.
    fn reference(&self, name: &str, at: &str) -> Result<Value> {
        if let Some(value) = self.pseudo_parameter(name) {
            return Ok(value);
        }
        if let Some(parameter) = self.parameters.get(name) {
            return parameter.value().cloned().ok_or_else(|| {
                TemplateError::at(at, format!("the parameter `{name}` has no value"))
            });
        }
        if let Some(function) = name.strip_suffix(".Alias") {
            return self.alias(function, at).map(Value::String);
        }
        self.identifier(name, at).map(Value::String)
    }

    fn pseudo_parameter(&self, name: &str) -> Option<Value> {
        let stack = &self.stack_name;
        Some(match name {
            "AWS::AccountId" => json!(ACCOUNT),
            "AWS::Partition" => json!(PARTITION),
            "AWS::Region" => json!(REGION),
            "AWS::StackName" => json!(stack),
            "AWS::StackId" => json!(format!(
                "arn:{PARTITION}:cloudformation:{REGION}:{ACCOUNT}:stack/{stack}/local"
            )),
            "AWS::URLSuffix" => json!("amazonaws.com"),
            "AWS::NotificationARNs" => json!([]),
            _ => return None,
        })
    }

    fn attribute_of(&self, argument: &Value, at: &str) -> Result<Value> {
        let argument = match argument {
            Value::String(path) => path.clone(),
            Value::Array(parts) => {
                let parts: Result<Vec<_>> = parts
                    .iter()
                    .map(|part| self.resolve_text(part, at))
                    .collect();
                parts?.join(".")
            }
            _ => return Err(TemplateError::at(at, "Fn::GetAtt takes a name")),
        };
        match argument.split_once('.') {
            Some((resource, attribute)) => {
                self.attribute(resource, attribute, at).map(Value::String)
            }
            None => Err(TemplateError::at(
                at,
                format!("Fn::GetAtt `{argument}` does not name an attribute"),
            )),
        }
    }

    fn substitute(&self, argument: &Value, at: &str) -> Result<Value> {
        let none = json!({});
        let (pattern, given) = match argument {
            Value::String(pattern) => (pattern.as_str(), &none),
            Value::Array(parts) => match parts.as_slice() {
                [Value::String(pattern), given] => (pattern.as_str(), given),
                _ => return Err(TemplateError::at(at, "Fn::Sub takes a text and a map")),
            },
            _ => return Err(TemplateError::at(at, "Fn::Sub takes a text")),
        };
        let mut result = String::with_capacity(pattern.len());
        let mut rest = pattern;
        while let Some((before, after)) = rest.split_once("${") {
            let Some((name, after)) = after.split_once('}') else {
                return Err(TemplateError::at(at, "Fn::Sub has `${` without `}`"));
            };
            result.push_str(before);
            // `${!Literal}` is how a template writes `${Literal}`.
            if let Some(literal) = name.strip_prefix('!') {
                result.extend(["${", literal, "}"]);
            } else {
                result.push_str(&self.substitution(name.trim(), given, at)?);
            }
            rest = after;
        }
        result.push_str(rest);
        Ok(Value::String(result))
    }

    fn substitution(&self, name: &str, given: &Value, at: &str) -> Result<String> {
        if let Some(value) = given.get(name) {
            return self.resolve_text(value, at);
        }
        match name.split_once('.') {
            Some((resource, attribute)) => self.attribute(resource, attribute, at),
            None => text(&self.reference(name, at)?, at),
        }
    }

    fn join(&self, argument: &Value, at: &str) -> Result<Value> {
        let [delimiter, items] = arguments(argument, "Fn::Join", at)?;
        let delimiter = self.resolve_text(delimiter, at)?;
        let items = self.resolve(items, at)?;
        let items: Result<Vec<_>> = list(&items, at)?
            .iter()
            .map(|item| text(item, at))
            .collect();
        Ok(Value::String(items?.join(&delimiter)))
    }

    fn split(&self, argument: &Value, at: &str) -> Result<Value> {
        let [delimiter, whole] = arguments(argument, "Fn::Split", at)?;
        let delimiter = self.resolve_text(delimiter, at)?;
        let whole = self.resolve_text(whole, at)?;
        Ok(whole.split(delimiter.as_str()).collect())
    }

    fn select(&self, argument: &Value, at: &str) -> Result<Value> {
        let [index, items] = arguments(argument, "Fn::Select", at)?;
        let index = self.resolve_text(index, at)?;
        let items = self.resolve(items, at)?;
        let item = index
            .parse::<usize>()
            .ok()
            .and_then(|index| list(&items, at).ok()?.get(index).cloned());
        item.ok_or_else(|| TemplateError::at(at, format!("Fn::Select has no item {index}")))
    }

    fn find_in_map(&self, argument: &Value, at: &str) -> Result<Value> {
        let [map, first, second] = arguments(argument, "Fn::FindInMap", at)?;
        let keys = [map, first, second].map(|key| self.resolve_text(key, at));
        let [map, first, second] = keys;
        let (map, first, second) = (map?, first?, second?);
        self.mappings
            .get(&map)
            .and_then(|map| map.get(&first)?.get(&second))
            .cloned()
            .ok_or_else(|| TemplateError::at(at, format!("Mappings has no {map}.{first}.{second}")))
    }
}

/// Returns the intrinsic function in `value` and its argument.
pub(crate) fn intrinsic(value: &Value) -> Option<(&str, &Value)> {
    single_entry(value).filter(|(name, _)| *name == "Ref" || name.starts_with("Fn::"))
}

pub(crate) fn single_entry(value: &Value) -> Option<(&str, &Value)> {
    let map = value.as_object().filter(|map| map.len() == 1)?;
    map.iter()
        .next()
        .map(|(name, value)| (name.as_str(), value))
}

/// Converts a scalar to text. A list is joined by commas, as in a `CommaDelimitedList`.
pub(crate) fn text(value: &Value, at: &str) -> Result<String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(value) => Ok(value.to_string()),
        Value::Array(items) => {
            let items: Result<Vec<_>> = items.iter().map(|item| text(item, at)).collect();
            Ok(items?.join(","))
        }
        Value::Null => Err(TemplateError::at(at, "is missing")),
        Value::Object(_) => Err(TemplateError::at(at, "is a mapping, not a text")),
    }
}

pub(crate) fn list<'a>(value: &'a Value, at: &str) -> Result<&'a [Value]> {
    match value {
        Value::Array(items) => Ok(items),
        _ => Err(TemplateError::at(at, "is not a list")),
    }
}

pub(crate) fn arguments<'a, const N: usize>(
    argument: &'a Value,
    name: &str,
    at: &str,
) -> Result<&'a [Value; N]> {
    argument
        .as_array()
        .and_then(|items| items.as_slice().try_into().ok())
        .ok_or_else(|| TemplateError::at(at, format!("{name} takes {N} arguments")))
}

#[cfg(test)]
mod tests;

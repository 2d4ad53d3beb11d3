//! The operations: request JSON in, response JSON out.

use serde_json::{Value, json};
use time::OffsetDateTime;

use super::{
    error::SsmError,
    filters::Filter,
    name,
    page::Page,
    parameter_arn,
    store::{Kind, NewParameter, Parameter, ParameterStore},
};

/// The maximum page size of `GetParametersByPath`.
const PATH_PAGE: u64 = 10;
/// The maximum page size of `DescribeParameters`.
const DESCRIBE_PAGE: u64 = 50;
/// The maximum number of names in `GetParameters`.
const MAX_NAMES: usize = 10;
/// The maximum value size of the standard tier. The advanced tier allows twice that.
const MAX_VALUE: usize = 4096;

/// The value of a `SecureString` without `WithDecryption`. AWS returns the ciphertext.
const ENCRYPTED: &str = "AQICAHg-encrypted";

pub(crate) fn put(
    store: &mut ParameterStore,
    now: OffsetDateTime,
    body: &Value,
) -> Result<Value, SsmError> {
    let name = text(body, "Name")?;
    name::check(name)?;
    let value = text(body, "Value")?;
    let tier = body["Tier"].as_str().unwrap_or("Standard");
    let max = if tier == "Standard" {
        MAX_VALUE
    } else {
        2 * MAX_VALUE
    };
    if value.len() > max {
        return Err(SsmError::validation(format!(
            "{tier} tier parameters support a maximum parameter value of {max} characters."
        )));
    }
    let kind = match body["Type"].as_str() {
        None => None,
        Some(kind) => Some(Kind::parse(kind).ok_or_else(|| {
            SsmError::validation(format!("The type {kind} is not a parameter type."))
        })?),
    };
    let version = store.put(
        NewParameter {
            name: name.to_owned(),
            value: value.to_owned(),
            kind,
            description: body["Description"].as_str().map(str::to_owned),
            overwrite: body["Overwrite"] == true,
        },
        now,
    )?;
    Ok(json!({"Version": version, "Tier": tier}))
}

pub(crate) fn get(store: &ParameterStore, body: &Value) -> Result<Value, SsmError> {
    let name = text(body, "Name")?;
    let parameter = store
        .get(name)
        .ok_or_else(|| SsmError::NotFound(name.to_owned()))?;
    Ok(json!({"Parameter": parameter_json(name, parameter, body)}))
}

pub(crate) fn get_many(store: &ParameterStore, body: &Value) -> Result<Value, SsmError> {
    let names: Vec<_> = body["Names"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect();
    if names.is_empty() || names.len() > MAX_NAMES {
        return Err(SsmError::validation(format!(
            "'names' must have 1 to {MAX_NAMES} members."
        )));
    }
    let (mut found, mut invalid) = (Vec::new(), Vec::new());
    for name in names {
        match store.get(name) {
            Some(parameter) => found.push(parameter_json(name, parameter, body)),
            None => invalid.push(name),
        }
    }
    Ok(json!({"Parameters": found, "InvalidParameters": invalid}))
}

pub(crate) fn get_by_path(store: &ParameterStore, body: &Value) -> Result<Value, SsmError> {
    let path = text(body, "Path")?;
    name::check_path(path)?;
    let found = store
        .under(path, body["Recursive"] == true)
        .map(|(name, parameter)| (name, parameter_json(name, parameter, body)));
    Ok(Page::read(body, PATH_PAGE)?.of(found))
}

pub(crate) fn delete(store: &mut ParameterStore, body: &Value) -> Result<Value, SsmError> {
    store.delete(text(body, "Name")?)?;
    Ok(json!({}))
}

pub(crate) fn describe(store: &ParameterStore, body: &Value) -> Result<Value, SsmError> {
    let filters = Filter::read_all(body)?;
    let found = store
        .iter()
        .filter(|(name, parameter)| filters.iter().all(|filter| filter.matches(name, parameter)))
        .map(|(name, parameter)| (name, description_json(name, parameter)));
    Ok(Page::read(body, DESCRIBE_PAGE)?.of(found))
}

fn parameter_json(name: &str, parameter: &Parameter, body: &Value) -> Value {
    let is_hidden = parameter.kind == Kind::SecureString && body["WithDecryption"] != true;
    json!({
        "Name": name,
        "Type": parameter.kind.as_str(),
        "Value": if is_hidden { ENCRYPTED } else { &parameter.value },
        "Version": parameter.version,
        "LastModifiedDate": parameter.modified.unix_timestamp(),
        "ARN": parameter_arn(name),
        "DataType": "text",
    })
}

fn description_json(name: &str, parameter: &Parameter) -> Value {
    let mut described = json!({
        "Name": name,
        "Type": parameter.kind.as_str(),
        "Version": parameter.version,
        "LastModifiedDate": parameter.modified.unix_timestamp(),
        "ARN": parameter_arn(name),
        "DataType": "text",
        "Tier": "Standard",
        "Policies": [],
    });
    if parameter.kind == Kind::SecureString {
        described["KeyId"] = json!("alias/aws/ssm");
    }
    if let Some(description) = &parameter.description {
        described["Description"] = json!(description);
    }
    described
}

fn text<'a>(body: &'a Value, field: &str) -> Result<&'a str, SsmError> {
    body[field]
        .as_str()
        .filter(|text| !text.is_empty())
        .ok_or_else(|| SsmError::validation(format!("{field} is required.")))
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn store(count: usize) -> ParameterStore {
        let mut store = ParameterStore::in_memory();
        for index in 0..count {
            let name = format!("/shop/dev/{index:02}");
            let body = json!({"Name": name, "Value": "secret", "Type": "SecureString"});
            put(&mut store, datetime!(2026-01-02 03:04:05 UTC), &body).unwrap();
        }
        store
    }

    #[test]
    fn a_path_is_listed_in_pages_of_ten() {
        let store = store(21);
        let mut body = json!({"Path": "/shop/dev", "WithDecryption": true});
        let mut sizes = Vec::new();
        loop {
            let page = get_by_path(&store, &body).unwrap();
            sizes.push(page["Parameters"].as_array().unwrap().len());
            assert_eq!(page["Parameters"][0]["Value"], "secret");
            match page.get("NextToken") {
                Some(token) => body["NextToken"] = token.clone(),
                None => break,
            }
        }
        assert_eq!(sizes, [10, 10, 1]);
    }

    #[test]
    fn a_full_last_page_has_no_token() {
        let page = get_by_path(&store(10), &json!({"Path": "/shop/dev"})).unwrap();
        assert!(page.get("NextToken").is_none());
    }

    #[test]
    fn an_invalid_page_request_is_an_error() {
        let by_path = |body: &Value| get_by_path(&store(1), body).unwrap_err().to_string();
        let token = json!({"Path": "/", "NextToken": "?"});
        assert_eq!(by_path(&token), "The specified token isn't valid.");
        let eleven = json!({"Path": "/", "MaxResults": 11});
        assert!(by_path(&eleven).contains("less than or equal to 10"));
    }

    #[test]
    fn a_secret_is_hidden_until_it_is_decrypted() {
        let body = json!({"Name": "/shop/dev/00"});
        let answer = get(&store(1), &body).unwrap();
        assert_eq!(answer["Parameter"]["Value"], ENCRYPTED);
        assert_eq!(answer["Parameter"]["Version"], 1);
    }

    #[test]
    fn a_listing_does_not_contain_values() {
        let body = json!({"ParameterFilters": [
            {"Key": "Path", "Option": "Recursive", "Values": ["/shop"]},
        ]});
        let answer = describe(&store(2), &body).unwrap();
        assert_eq!(answer["Parameters"].as_array().unwrap().len(), 2);
        assert!(!answer.to_string().contains("secret"));
    }

    #[test]
    fn unknown_names_are_listed_as_invalid() {
        let body = json!({"Names": ["/shop/dev/00", "/nothing"]});
        let answer = get_many(&store(1), &body).unwrap();
        assert_eq!(answer["InvalidParameters"], json!(["/nothing"]));
        assert_eq!(answer["Parameters"].as_array().unwrap().len(), 1);
    }

    #[test]
    fn a_value_over_the_limit_is_refused() {
        let body = json!({"Name": "/a", "Type": "String", "Value": "x".repeat(4097)});
        let now = datetime!(2026-01-02 03:04:05 UTC);
        let error = put(&mut store(0), now, &body).unwrap_err();
        assert!(error.to_string().contains("4096"));
    }
}

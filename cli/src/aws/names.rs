//! The names that `CloudFormation` gave the resources of a stack.

use aws_sdk_dynamodb::Client;

use super::AwsError;

/// The names of all tables, a hundred with each answer.
///
/// # Errors
/// When `DynamoDB` does not list them.
pub async fn table_names(client: &Client, endpoint: &str) -> Result<Vec<String>, AwsError> {
    let mut pages = client.list_tables().into_paginator().items().send();
    let mut names = Vec::new();
    while let Some(name) = pages.next().await {
        let name =
            name.map_err(|error| AwsError::of_call("dynamodb:ListTables", "*", endpoint, &error))?;
        names.push(name);
    }
    Ok(names)
}

/// The one name that is `{prefix}`, as in the local system, or `{prefix}-{random}`, as `CloudFormation` makes it.
///
/// # Errors
/// With all that fit, when it is not exactly one.
pub fn one_with(prefix: &str, names: &[String]) -> Result<String, Vec<String>> {
    let fits = |name: &&String| {
        let rest = name.strip_prefix(prefix);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    let fitting: Vec<_> = names.iter().filter(fits).cloned().collect();
    match fitting.as_slice() {
        [one] => Ok(one.clone()),
        _ => Err(fitting),
    }
}

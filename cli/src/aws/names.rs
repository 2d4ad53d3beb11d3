//! Finds the names that `CloudFormation` generated for the resources of a stack.

use aws_sdk_dynamodb::Client;

use super::AwsError;

/// Lists the names of all tables, 100 per page.
///
/// # Errors
/// When the `ListTables` call fails.
pub async fn table_names(client: &Client, endpoint: &str) -> Result<Vec<String>, AwsError> {
    let mut pages = client.list_tables().into_paginator().items().send();
    let mut names = Vec::new();
    while let Some(name) = pages.next().await {
        let name = name
            .map_err(|error| AwsError::from_call("dynamodb:ListTables", "*", endpoint, &error))?;
        names.push(name);
    }
    Ok(names)
}

/// Finds the only name that is `{prefix}`, as in the local system, or `{prefix}-{random}`, as `CloudFormation`
/// generates it.
///
/// # Errors
/// Returns all matching names when there is not exactly one.
pub fn find_by_prefix(prefix: &str, names: &[String]) -> Result<String, Vec<String>> {
    let matches = |name: &&String| {
        let rest = name.strip_prefix(prefix);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    let matching: Vec<_> = names.iter().filter(matches).cloned().collect();
    match matching.as_slice() {
        [one] => Ok(one.clone()),
        _ => Err(matching),
    }
}

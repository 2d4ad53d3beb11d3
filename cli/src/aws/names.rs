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

/// Finds a table of a stack among the names of all tables.
///
/// # Errors
/// When there is no such table, or several.
pub fn find_table(
    names: &[String],
    stack: &str,
    table: &'static str,
    endpoint: &str,
) -> Result<String, AwsError> {
    find_by_prefix(&format!("{stack}-{table}"), names).map_err(|matching| {
        if matching.is_empty() {
            AwsError::NoTable {
                stack: stack.to_owned(),
                table,
                endpoint: endpoint.to_owned(),
            }
        } else {
            AwsError::SeveralTables(matching)
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(names: &[&str]) -> Result<String, String> {
        let names: Vec<_> = names.iter().copied().map(str::to_owned).collect();
        find_table(&names, "cloakroom-dev", "UsersTable", "nowhere")
            .map_err(|error| error.to_string())
    }

    #[test]
    fn a_table_is_found_by_its_stack_name() {
        let one = "cloakroom-dev-UsersTable-1ABC";
        assert_eq!(
            find(&[
                "cloakroom-dev-UsersTableOld",
                one,
                "cloakroom-dev2-UsersTable-X"
            ])
            .unwrap(),
            one
        );
        let local = "cloakroom-dev-UsersTable";
        assert_eq!(find(&[local]).unwrap(), local);
    }

    #[test]
    fn no_table_and_several_tables_are_errors_with_their_names() {
        assert!(
            find(&["cloakroom-qa-UsersTable-1"])
                .unwrap_err()
                .contains("cloakroom-dev-UsersTable")
        );
        let (one, two) = ("cloakroom-dev-UsersTable-1", "cloakroom-dev-UsersTable-2");
        let error = find(&[one, two]).unwrap_err();
        assert!(error.contains(one) && error.contains(two), "{error}");
    }
}

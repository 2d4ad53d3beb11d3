//! Creates the SSM parameters and the items of a new system.

use time::OffsetDateTime;

use crate::{
    DevError, Seed, Seeded,
    dynamodb::DynamoDb,
    ssm::{Kind, NewParameter, ParameterStore},
};

/// Creates what [`DevOptions::seed`](crate::DevOptions::seed) describes, unless a parameter exists under its path. The
/// parameters are written last: a start that was interrupted before is repeated.
pub(crate) fn seed(
    store: &mut ParameterStore,
    database: &DynamoDb,
    seed: &Seed,
    stack_name: &str,
    now: OffsetDateTime,
) -> Result<(), DevError> {
    if store.under(&seed.unless_under, true).next().is_some() {
        return Ok(());
    }
    let Seeded { parameters, items } = (seed.make)();
    for (table, item) in &items {
        database.put(&format!("{stack_name}-{table}"), item)?;
    }
    for (name, value) in parameters {
        put(store, name, value, now)?;
    }
    Ok(())
}

/// Creates a parameter, unless it exists.
pub(crate) fn put_missing(
    store: &mut ParameterStore,
    name: &str,
    value: String,
    now: OffsetDateTime,
) -> Result<(), DevError> {
    if store.get(name).is_some() {
        return Ok(());
    }
    put(store, name.to_owned(), value, now)
}

fn put(
    store: &mut ParameterStore,
    name: String,
    value: String,
    now: OffsetDateTime,
) -> Result<(), DevError> {
    let parameter = NewParameter {
        name,
        value,
        kind: Some(Kind::SecureString),
        description: Some("created by the first start of the local system".to_owned()),
        // Some of the parameters may exist outside the path.
        overwrite: true,
    };
    store
        .put(parameter, now)
        .map_err(|error| DevError::Parameters(error.to_string()))?;
    Ok(())
}

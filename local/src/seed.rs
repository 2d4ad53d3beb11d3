//! Creates the SSM parameters of a new system.

use time::OffsetDateTime;

use crate::{
    DevError, Seed,
    ssm::{Kind, NewParameter, ParameterStore},
};

/// Stores the parameters of [`DevOptions::seed`](crate::DevOptions::seed), unless one exists under its path.
pub(crate) fn seed(
    store: &mut ParameterStore,
    seed: &Seed,
    now: OffsetDateTime,
) -> Result<(), DevError> {
    if store.under(&seed.unless_under, true).next().is_some() {
        return Ok(());
    }
    for (name, value) in (seed.parameters)() {
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
    }
    Ok(())
}

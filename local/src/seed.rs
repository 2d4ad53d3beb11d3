//! The secrets of a new system.

use time::OffsetDateTime;

use crate::{
    DevError, DevOptions,
    ssm::{Kind, NewParameter, ParameterStore},
};

/// Stores what [`DevOptions::seed_parameters`] makes, unless there is a signing key already.
pub(crate) fn seed(
    store: &mut ParameterStore,
    options: &DevOptions,
    now: OffsetDateTime,
) -> Result<(), DevError> {
    let keys = format!("/cloakroom/{}/keys/private", options.env);
    if store.under(&keys, true).next().is_some() {
        return Ok(());
    }
    for (name, value) in (options.seed_parameters)(&options.env) {
        let parameter = NewParameter {
            name,
            value,
            kind: Some(Kind::SecureString),
            description: Some("made by the first start of the local system".to_owned()),
            // A public key may be left of a pair whose private half was deleted.
            overwrite: true,
        };
        store
            .put(parameter, now)
            .map_err(|error| DevError::Parameters(error.to_string()))?;
    }
    Ok(())
}

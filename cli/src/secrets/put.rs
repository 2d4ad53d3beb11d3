use std::io::{self, IsTerminal as _, Read as _, Write};

use auth::keys::{VerifyingKeys, public_half};
use clap::Args;
use secrecy::{ExposeSecret as _, SecretString, zeroize::Zeroizing};

use super::{Error, Store, store::Written};
use crate::aws::Target;

/// A standard parameter holds 4 KB, an advanced one costs money.
const MAX_VALUE_BYTES: usize = 4096;

/// `cloakroom secrets put`.
#[derive(Debug, Args)]
pub(super) struct PutArgs {
    /// Its name below /cloakroom/{env}/, as in smtp/password
    name: String,
    /// Replace the value that is there
    #[arg(long)]
    overwrite: bool,
    #[command(flatten)]
    target: Target,
}

pub(super) async fn run(args: &PutArgs, out: &mut impl Write) -> Result<(), Error> {
    check_name(&args.name)?;
    let store = Store::open(&args.target).await?;
    let name = store.name(&args.name);
    let value = read_value(&name)?;
    check_value(&args.name, &value)?;
    match store.write(&args.name, &value, args.overwrite).await? {
        Written::Version(version) => Ok(writeln!(out, "wrote {name}, version {version}")?),
        Written::AlreadyThere => Err(Error::AlreadyThere(name)),
    }
}

/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-parameter-name-constraints.html>
fn check_name(name: &str) -> Result<(), Error> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    let parts = || name.split('/');
    let valid = parts().all(|part| !part.is_empty() && part.chars().all(allowed));
    if valid && parts().count() <= 13 && name.len() <= 900 {
        Ok(())
    } else {
        Err(Error::BadName(name.to_owned()))
    }
}

/// What no function could read is not written. Of a key, the public half comes first: functions do not sign with what
/// nobody can verify, and until it is there they do not sign at all.
fn check_value(name: &str, value: &SecretString) -> Result<(), Error> {
    match value.expose_secret().len() {
        0 => return Err(Error::EmptyValue),
        bytes if bytes > MAX_VALUE_BYTES => return Err(Error::LongValue(bytes)),
        _ => {}
    }
    if let Some(kid) = name.strip_prefix("keys/public/") {
        VerifyingKeys::from_parameters([(kid, value)])?.validate()?;
    } else if let Some(kid) = name.strip_prefix("keys/private/") {
        public_half(kid, value)?;
    }
    Ok(())
}

/// The value from a person, unseen, or from a pipe, without its last line break.
fn read_value(name: &str) -> Result<SecretString, Error> {
    if io::stdin().is_terminal() {
        return Ok(rpassword::prompt_password(format!("Value of {name}: "))?.into());
    }
    let mut value = Zeroizing::new(Vec::new());
    // One byte more than fits tells a long value from one that just fits; so does its line break.
    let limit = u64::try_from(MAX_VALUE_BYTES * 4).unwrap_or(u64::MAX);
    io::stdin().lock().take(limit).read_to_end(&mut value)?;
    let value = std::str::from_utf8(&value).map_err(|_| Error::NotText)?;
    let value = value.strip_suffix('\n').unwrap_or(value);
    Ok(value.strip_suffix('\r').unwrap_or(value).into())
}

#[cfg(test)]
mod tests {
    use auth::keys::{Algorithm, NewKey};
    use domain::Clock;

    use super::*;

    #[test]
    fn names_are_relative_and_plain() {
        for good in ["smtp/password", "keys/public/kPrK_qmxVW-a.b", "a"] {
            assert!(check_name(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "/",
            "/smtp",
            "smtp/",
            "a//b",
            "a b",
            "é",
            "a/*",
            &"a/".repeat(14),
            &"a".repeat(901),
        ] {
            assert!(matches!(check_name(bad), Err(Error::BadName(_))), "{bad}");
        }
    }

    #[test]
    fn a_value_fits_a_standard_parameter() {
        let check = |bytes| check_value("smtp/password", &"x".repeat(bytes).into());
        assert!(matches!(check(0), Err(Error::EmptyValue)));
        assert!(check(1).is_ok() && check(4096).is_ok());
        assert!(matches!(check(4097), Err(Error::LongValue(4097))));
    }

    #[test]
    fn a_point_off_the_curve_is_not_written() {
        let key = NewKey::generate(Algorithm::ES256, Clock::system().now()).unwrap();
        let name = format!("keys/public/{}", key.kid);
        let mut jwk: serde_json::Value = serde_json::from_str(key.public.expose_secret()).unwrap();
        assert!(check_value(&name, &jwk.to_string().into()).is_ok());
        jwk["y"] = jwk["x"].clone();
        let off = check_value(&name, &jwk.to_string().into());
        assert!(matches!(off, Err(Error::Key(_))), "{off:?}");
    }

    #[test]
    fn a_broken_key_is_not_written() {
        let key = NewKey::generate(Algorithm::EdDSA, Clock::system().now()).unwrap();
        let (public, private) = (
            format!("keys/public/{}", key.kid),
            format!("keys/private/{}", key.kid),
        );
        assert!(check_value(&public, &key.public).is_ok());
        assert!(check_value(&private, &key.private).is_ok());
        for (name, value) in [(&public, &key.private), (&private, &key.public)] {
            assert!(matches!(check_value(name, value), Err(Error::Key(_))));
        }
        assert!(matches!(
            check_value("keys/public/other", &key.public),
            Err(Error::Key(_))
        ));
    }
}

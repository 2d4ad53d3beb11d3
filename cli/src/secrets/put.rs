use std::io::{self, IsTerminal as _, Read as _, Write};

use auth::keys::{VerifyingKeys, public_half};
use clap::Args;
use secrecy::{ExposeSecret as _, SecretString, zeroize::Zeroizing};

use super::{Error, Store, store::WriteOutcome};
use crate::aws::Target;

/// Size limit of a standard parameter. Advanced parameters are billed.
const MAX_VALUE_BYTES: usize = 4096;

/// Arguments of `cloakroom secrets put`.
#[derive(Debug, Args)]
pub(super) struct PutArgs {
    /// Name relative to /cloakroom/{stack}/, for example smtp/password
    name: String,
    /// Replace the existing value
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
        WriteOutcome::Written(version) => Ok(writeln!(out, "wrote {name}, version {version}")?),
        WriteOutcome::AlreadyExists => Err(Error::AlreadyExists(name)),
    }
}

/// Checks a name against
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-parameter-name-constraints.html>.
fn check_name(name: &str) -> Result<(), Error> {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    let parts = || name.split('/');
    let valid = parts().all(|part| !part.is_empty() && part.chars().all(allowed));
    if valid && parts().count() <= 13 && name.len() <= 900 {
        Ok(())
    } else {
        Err(Error::InvalidName(name.to_owned()))
    }
}

/// Rejects a value that the functions could not use: an empty or oversized one, or an invalid key.
fn check_value(name: &str, value: &SecretString) -> Result<(), Error> {
    match value.expose_secret().len() {
        0 => return Err(Error::EmptyValue),
        bytes if bytes > MAX_VALUE_BYTES => return Err(Error::ValueTooLong(bytes)),
        _ => {}
    }
    if let Some(kid) = name.strip_prefix("keys/public/") {
        VerifyingKeys::from_parameters([(kid, value)])?.validate()?;
    } else if let Some(kid) = name.strip_prefix("keys/private/") {
        public_half(kid, value)?;
    } else if let Some(expected) = stripe_form(name, value.expose_secret()) {
        return Err(Error::InvalidStripeSecret(expected));
    }
    Ok(())
}

/// What the value of a secret of the payment provider has to be, if it is another one.
fn stripe_form(name: &str, value: &str) -> Option<&'static str> {
    let is_key = |key: &str| key.starts_with("sk_") || key.starts_with("rk_");
    match name {
        "stripe/api-key" if !is_key(value) || value.contains(char::is_whitespace) => {
            Some("a secret key of the provider's API, which begins with sk_ or rk_")
        }
        "stripe/webhook-secrets" => {
            let mut secrets = value.split([' ', ',', '\n']);
            let is_list = secrets.all(|secret| secret.starts_with("whsec_"));
            (!is_list).then_some("one or two secrets of webhooks, which begin with whsec_, with a space between them")
        }
        _ => None,
    }
}

/// Reads the value from a hidden prompt, or from standard input without its final line break.
fn read_value(name: &str) -> Result<SecretString, Error> {
    if io::stdin().is_terminal() {
        return Ok(rpassword::prompt_password(format!("Value of {name}: "))?.into());
    }
    let mut value = Zeroizing::new(Vec::new());
    // Reads beyond the limit, so that a value that is too long is detected and reported with its size.
    let limit = u64::try_from(MAX_VALUE_BYTES * 4).unwrap_or(u64::MAX);
    io::stdin().lock().take(limit).read_to_end(&mut value)?;
    let value = std::str::from_utf8(&value).map_err(|_| Error::NotUtf8)?;
    let value = value.strip_suffix('\n').unwrap_or(value);
    Ok(value.strip_suffix('\r').unwrap_or(value).into())
}

#[cfg(test)]
mod tests {
    use auth::keys::{Algorithm, NewKey};
    use domain::Clock;

    use super::*;

    #[test]
    fn a_name_is_relative_and_uses_only_allowed_characters() {
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
            assert!(
                matches!(check_name(bad), Err(Error::InvalidName(_))),
                "{bad}"
            );
        }
    }

    #[test]
    fn a_value_over_4096_bytes_or_without_any_is_refused() {
        let check = |bytes| check_value("smtp/password", &"x".repeat(bytes).into());
        assert!(matches!(check(0), Err(Error::EmptyValue)));
        assert!(check(1).is_ok() && check(4096).is_ok());
        assert!(matches!(check(4097), Err(Error::ValueTooLong(4097))));
    }

    #[test]
    fn a_secret_of_the_payment_provider_has_its_form() {
        let check = |name, value: &str| check_value(name, &value.to_owned().into()).is_ok();
        for (name, good, bad) in [
            ("stripe/api-key", "sk_test_1", "pk_test_1"),
            ("stripe/api-key", "rk_live_1", "sk_test_1 "),
            ("stripe/webhook-secrets", "whsec_1", "sk_test_1"),
            (
                "stripe/webhook-secrets",
                "whsec_1 whsec_2",
                "whsec_1  whsec_2",
            ),
        ] {
            assert!(check(name, good) && !check(name, bad), "{name}");
        }
    }

    #[test]
    fn a_point_off_the_curve_is_not_written() {
        let key = NewKey::generate(Algorithm::ES256, Clock::system().now()).unwrap();
        let name = format!("keys/public/{}", key.kid);
        let mut jwk: serde_json::Value = serde_json::from_str(key.public.expose_secret()).unwrap();
        assert!(check_value(&name, &jwk.to_string().into()).is_ok());
        jwk["y"] = jwk["x"].clone();
        let off = check_value(&name, &jwk.to_string().into());
        assert!(matches!(off, Err(Error::InvalidKey(_))), "{off:?}");
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
            assert!(matches!(
                check_value(name, value),
                Err(Error::InvalidKey(_))
            ));
        }
        assert!(matches!(
            check_value("keys/public/other", &key.public),
            Err(Error::InvalidKey(_))
        ));
    }
}

use std::io::Write;

use aws_sdk_ssm::{
    primitives::{DateTime, DateTimeFormat},
    types::Parameter,
};
use clap::Args;

use super::{Error, Store, Target};

/// `cloakroom secrets list`.
#[derive(Debug, Args)]
pub(super) struct ListArgs {
    #[command(flatten)]
    target: Target,
}

pub(super) async fn run(args: &ListArgs, out: &mut impl Write) -> Result<(), Error> {
    let store = Store::open(&args.target).await?;
    let found = store.list("").await?;
    if found.is_empty() {
        let (path, env) = (args.target.env.path(), args.target.env.word());
        writeln!(
            out,
            "nothing under {path}: `cloakroom secrets init --env {env}` makes the signing key"
        )?;
        return Ok(());
    }
    Ok(write_table(&found, out)?)
}

fn write_table(found: &[Parameter], out: &mut impl Write) -> std::io::Result<()> {
    let widest = found
        .iter()
        .filter_map(Parameter::name)
        .map(str::len)
        .max()
        .unwrap_or_default();
    writeln!(
        out,
        "{:widest$}  {:12}  {:>7}  MODIFIED",
        "NAME", "TYPE", "VERSION"
    )?;
    for parameter in found {
        writeln!(
            out,
            "{:widest$}  {:12}  {:>7}  {}",
            parameter.name().unwrap_or_default(),
            parameter.r#type().map_or("", |kind| kind.as_str()),
            parameter.version(),
            parameter
                .last_modified_date()
                .map(seconds)
                .unwrap_or_default(),
        )?;
    }
    Ok(())
}

/// RFC 3339, in whole seconds.
fn seconds(time: &DateTime) -> String {
    DateTime::from_secs(time.secs())
        .fmt(DateTimeFormat::DateTime)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use aws_sdk_ssm::types::ParameterType;

    use super::*;

    #[test]
    fn a_list_shows_everything_but_the_value() {
        let parameter = Parameter::builder()
            .name("/cloakroom/dev/keys/public/abc")
            .value("hush")
            .r#type(ParameterType::SecureString)
            .version(3)
            .last_modified_date(DateTime::from_secs_and_nanos(1_772_366_400, 5))
            .build();
        let mut shown = Vec::new();
        write_table(&[parameter], &mut shown).unwrap();
        insta::assert_snapshot!(String::from_utf8(shown).unwrap(), @r"
        NAME                            TYPE          VERSION  MODIFIED
        /cloakroom/dev/keys/public/abc  SecureString        3  2026-03-01T12:00:00Z
        ");
    }
}

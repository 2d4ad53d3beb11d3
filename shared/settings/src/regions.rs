//! The list of AWS regions that the SDKs read (docs/adr/0012-release-functions-are-static.md).

use std::fs;

use crate::{Env, EnvError};

/// Names a file that replaces the list in the SDKs (<https://github.com/smithy-lang/smithy-rs/pull/3610>).
const LIST: &str = "SMITHY_CLIENT_SDK_CUSTOM_PARTITION";

/// Writes that file, if it has a name, with this region alone. It has to exist before a client does. The SDKs' own list has all
/// regions, and each SDK parses it: a quarter of the instructions of a start.
///
/// # Errors
/// When the file cannot be written.
pub(crate) fn write_list(env: &Env, region: &str) -> Result<(), EnvError> {
    let Some(path) = env.get(LIST) else {
        return Ok(());
    };
    // Lambda's functions have a disk of their own. Where they share one, none reads what another has half written.
    let unfinished = format!("{path}.{}", std::process::id());
    fs::write(&unfinished, list_of(region))
        .and_then(|()| fs::rename(&unfinished, path))
        .map_err(|_| EnvError::Invalid(LIST, "the path of a file that can be written"))
}

/// The format of `partitions.json` in AWS's SDKs, for the partition `aws`: the template names no file in the others. The
/// expression matches any other region.
fn list_of(region: &str) -> String {
    format!(
        r#"{{"partitions":[{{"id":"aws","regionRegex":"","regions":{{"{region}":{{}}}},"outputs":{{"name":"aws","dnsSuffix":"amazonaws.com","dualStackDnsSuffix":"api.aws","supportsFIPS":true,"supportsDualStack":true,"implicitGlobalRegion":"us-east-1"}}}}]}}"#
    )
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use aws_sdk_ssm::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};

    use super::*;

    /// What this process, if the test has started it, prints before its endpoints.
    const ENDPOINTS: &str = "endpoints: ";

    /// The SDK reads its list once in a process, so each list has a process of its own: this test, in another role.
    #[tokio::test]
    async fn endpoints_are_the_same_as_with_the_complete_list() {
        if let Ok(region) = std::env::var("REGION_OF_TEST") {
            eprintln!("{ENDPOINTS}{}", endpoints(&region).await);
            return;
        }
        let path = std::env::temp_dir().join(format!("regions-{}.json", std::process::id()));
        let path = path.to_str().unwrap();
        let elsewhere = endpoints_of_a_process("sa-east-1", None);
        for region in [
            "us-east-1",
            "eu-central-1",
            "ap-southeast-7",
            "il-central-1",
        ] {
            write_list(&Env::from([(LIST, path)]), region).unwrap();
            let listed = endpoints_of_a_process(region, Some(path));
            assert!(listed.contains(&format!("https://ssm.{region}.amazonaws.com")));
            assert_eq!(listed, endpoints_of_a_process(region, None));
            // A client of another region than the function's.
            assert_eq!(endpoints_of_a_process("sa-east-1", Some(path)), elsewhere);
        }
        fs::remove_file(path).unwrap();
    }

    fn endpoints_of_a_process(region: &str, list: Option<&str>) -> String {
        let name = "regions::tests::endpoints_are_the_same_as_with_the_complete_list";
        let mut test = Command::new(std::env::current_exe().unwrap());
        test.args(["--exact", name, "--nocapture"]);
        test.env("REGION_OF_TEST", region);
        test.envs(list.map(|path| (LIST, path)));
        let output = String::from_utf8(test.output().unwrap().stderr).unwrap();
        let line = output.lines().find_map(|line| line.strip_prefix(ENDPOINTS));
        line.expect(&output).to_owned()
    }

    async fn endpoints(region: &str) -> String {
        let mut found = Vec::new();
        for (fips, dual_stack) in [(false, false), (true, false), (false, true), (true, true)] {
            let params = Params::builder()
                .region(region)
                .use_fips(fips)
                .use_dual_stack(dual_stack);
            let params = params.build().unwrap();
            let endpoint = DefaultResolver::new().resolve_endpoint(&params).await;
            found.push(endpoint.unwrap().url().to_owned());
        }
        found.join(" ")
    }

    #[test]
    fn without_a_name_nothing_is_written_and_a_wrong_one_is_reported() {
        assert_eq!(write_list(&Env::default(), "us-east-1"), Ok(()));
        let nowhere = Env::from([(LIST, "/no/such/folder/partitions.json")]);
        let error = write_list(&nowhere, "us-east-1").unwrap_err();
        assert_eq!(
            error.to_string(),
            "the environment variable SMITHY_CLIENT_SDK_CUSTOM_PARTITION is not the path of a file that can be written"
        );
    }
}

use super::{
    super::{Deployment, Doctor, Finding},
    account::identity,
    bucket::BUCKET,
};
use crate::aws::Request;

const CHECK: &str = "access points";

/// Checks that the access points exist, and that S3 answers at the host name of presigned URLs.
pub(in crate::doctor) async fn check(doctor: &Doctor, deployment: &Deployment) -> Vec<Finding> {
    if doctor.is_local() {
        return vec![Finding::not_local(CHECK)];
    }
    vec![
        existing(doctor, deployment).await,
        alias(doctor, deployment).await,
    ]
}

async fn existing(doctor: &Doctor, deployment: &Deployment) -> Finding {
    let account = match identity(doctor).await {
        Ok((account, _)) => account,
        Err(finding) => return finding,
    };
    let bucket = deployment.resource(BUCKET).unwrap_or_default();
    let listed = match doctor.calls.access_points(&account, bucket).await {
        Ok(listed) => listed,
        Err(error) => return Finding::failed(CHECK, &error),
    };
    let listed = listed.at(&["AccessPointList"]).cloned().unwrap_or_default();
    let names: Vec<_> = listed
        .all("AccessPoint")
        .filter_map(|point| point.text_of("Name"))
        .collect();
    let expected = deployment.template.access_points().unwrap_or_default();
    let known = deployment.resources_of("AWS::S3::AccessPoint");
    let known: Vec<_> = known.into_iter().map(|(_, name)| name.to_owned()).collect();
    let expected = if known.is_empty() {
        expected.into_iter().map(|point| point.name).collect()
    } else {
        known
    };
    let missing: Vec<_> = expected
        .iter()
        .filter(|name| !names.contains(name))
        .map(String::as_str)
        .collect();
    if missing.is_empty() {
        return Finding::ok(CHECK, format!("{} are there", names.join(", ")));
    }
    let text = format!(
        "missing: {}. Functions cannot reach the bucket",
        missing.join(", ")
    );
    let fix = format!(
        "Rename them in template.yaml, so that CloudFormation creates new ones, then {}",
        doctor.deploy()
    );
    Finding::problem(CHECK, text, fix)
}

async fn alias(doctor: &Doctor, deployment: &Deployment) -> Finding {
    let check = "access point alias";
    let Some(origin) = deployment.output("UploadsOrigin") else {
        let text = "the stack has no output UploadsOrigin";
        return Finding::problem(check, text, doctor.deploy());
    };
    let request = Request::new("GET", format!("{origin}/"));
    match doctor.http.send(request).await {
        // Unsigned requests are refused. An alias that does not exist is a 404.
        Ok(response) if response.status == 403 => {
            Finding::ok(check, format!("S3 answers at {origin}"))
        }
        Ok(response) => Finding::problem(
            check,
            format!("{origin} answers {}, not 403", response.status),
            doctor.deploy(),
        ),
        Err(error) => Finding::problem(
            check,
            format!("{origin} cannot be reached: {error}"),
            "Check the network: the name must resolve to S3",
        ),
    }
}

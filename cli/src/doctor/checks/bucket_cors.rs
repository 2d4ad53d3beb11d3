use aws_sdk_s3::types::CorsRule;
use serde_json::{Value, json};

use super::{
    super::{Deployment, Doctor, Finding},
    api::origins,
    bucket::{BUCKET, Bucket},
};

const CHECK: &str = "bucket CORS";

/// Checks that pages of all allowed origins can send files to the bucket and read the headers of its responses.
pub(in crate::doctor) async fn check(doctor: &Doctor, deployment: &Deployment) -> Vec<Finding> {
    let Some(name) = deployment.resource(BUCKET) else {
        return Vec::new();
    };
    let (client, endpoint) = doctor.connection.s3();
    let read = client.get_bucket_cors().bucket(name).send().await;
    let bucket = Bucket {
        client,
        endpoint,
        name,
    };
    let found = match bucket.found(CHECK, "s3:GetBucketCORS", read) {
        Ok(found) => found.and_then(|found| found.cors_rules).unwrap_or_default(),
        Err(finding) => return vec![finding],
    };
    let property = deployment.template.property(BUCKET, "CorsConfiguration");
    let expected = property.unwrap_or_default()["CorsRules"][0].clone();
    // The local system allows its own page without a rule (docs/adr/0042-origins-in-development.md).
    let needs_no_rule = |origin: &str| {
        doctor.is_local()
            && deployment.output("ApiUrl") == Some(origin)
            && rule_of(origin, &found).is_none()
    };
    let problem = origins(deployment)
        .iter()
        .filter(|origin| !needs_no_rule(origin))
        .find_map(|origin| difference(origin, &expected, &found));
    vec![match problem {
        None => Finding::ok(CHECK, "pages of all allowed origins can upload"),
        Some(text) if doctor.is_local() => Finding::problem(CHECK, text, doctor.deploy()),
        Some(text) => {
            let rules = configuration(deployment, &expected);
            let put =
                format!("aws s3api put-bucket-cors --bucket {name} --cors-configuration '{rules}'");
            Finding::problem(CHECK, text, put)
        }
    }]
}

/// Describes why pages of an origin cannot upload. `None` when they can.
fn difference(origin: &str, expected: &Value, found: &[CorsRule]) -> Option<String> {
    let Some(rule) = rule_of(origin, found) else {
        return Some(format!(
            "pages of {origin} cannot send files to S3: no rule allows them"
        ));
    };
    [
        ("AllowedMethods", rule.allowed_methods()),
        ("AllowedHeaders", rule.allowed_headers()),
        ("ExposedHeaders", rule.expose_headers()),
    ]
    .into_iter()
    .find_map(|(list, found)| {
        let missing = texts(&expected[list]).find(|one| !has(found, one))?;
        Some(format!(
            "for pages of {origin}, {list} does not contain {missing}"
        ))
    })
}

/// Returns the rule that S3 uses for an origin: the first that matches.
fn rule_of<'a>(origin: &str, rules: &'a [CorsRule]) -> Option<&'a CorsRule> {
    rules
        .iter()
        .find(|rule| has(rule.allowed_origins(), origin))
}

fn has(list: &[String], text: &str) -> bool {
    let mut list = list.iter();
    list.any(|one| one == "*" || one.eq_ignore_ascii_case(text))
}

/// Returns the template's rule in the form of S3's API, with the origins of this stack.
fn configuration(deployment: &Deployment, rule: &Value) -> Value {
    json!({"CORSRules": [{
        "AllowedOrigins": origins(deployment),
        "AllowedMethods": rule["AllowedMethods"],
        "AllowedHeaders": rule["AllowedHeaders"],
        "ExposeHeaders": rule["ExposedHeaders"],
        "MaxAgeSeconds": rule["MaxAge"],
    }]})
}

fn texts(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rule_of_an_origin_decides() {
        let expected = json!({
            "AllowedMethods": ["GET", "PUT"], "AllowedHeaders": ["x-amz-*"], "ExposedHeaders": ["ETag", "Location"],
        });
        let rule = |exposed: &str| {
            let rule = CorsRule::builder()
                .allowed_origins("https://a")
                .allowed_headers("*");
            let rule = rule.allowed_methods("GET").allowed_methods("PUT");
            rule.expose_headers("etag")
                .expose_headers(exposed)
                .build()
                .unwrap()
        };
        let of = |origin, rules: &[CorsRule]| difference(origin, &expected, rules);
        assert_eq!(of("https://a", &[rule("Location")]), None);
        let rules = [rule("x"), rule("Location")];
        let text = of("https://a", &rules).unwrap();
        assert!(
            text.contains("ExposedHeaders does not contain Location"),
            "{text}"
        );
        let text = of("https://b", &rules).unwrap();
        assert!(text.contains("https://b cannot send files"), "{text}");
    }
}

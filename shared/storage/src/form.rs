use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::{Upload, upload::URL_LIFETIME};
use ring::hmac;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use time::{OffsetDateTime, format_description::well_known::Rfc3339, macros::format_description};

use crate::{Bucket, Keys, StorageError};

/// An HTML form that uploads a file to S3
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-HTTPPOSTConstructPolicy.html>).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadForm {
    /// The URL to send it to.
    pub url: String,
    /// The fields before the file.
    pub fields: Vec<(&'static str, String)>,
    /// When it expires.
    pub expires_at: OffsetDateTime,
}

impl Bucket {
    /// A form for an upload of at most [`Upload::size`] bytes, of its type and with its key.
    ///
    /// # Errors
    /// When the time has no year of four digits.
    pub fn form(&self, upload: &Upload, now: OffsetDateTime) -> Result<UploadForm, StorageError> {
        let unformatted = |error: time::error::Format| StorageError::Request(error.to_string());
        let day = now
            .format(format_description!("[year][month][day]"))
            .map_err(unformatted)?;
        let stamp = format_description!("[year][month][day]T[hour][minute][second]Z");
        let expires_at = now + URL_LIFETIME;
        let Keys {
            region,
            access_key_id,
            session_token,
            ..
        } = &self.keys;
        let mut fields = vec![
            ("key", upload.key()),
            ("Content-Type", upload.content_type.as_str().to_owned()),
            ("success_action_status", "201".to_owned()),
            ("x-amz-algorithm", "AWS4-HMAC-SHA256".to_owned()),
            (
                "x-amz-credential",
                format!("{access_key_id}/{day}/{region}/s3/aws4_request"),
            ),
            ("x-amz-date", now.format(stamp).map_err(unformatted)?),
        ];
        if let Some(token) = session_token {
            fields.push(("x-amz-security-token", token.expose_secret().to_owned()));
        }
        let conditions = conditions(&fields, upload.size.bytes());
        let expiration = expires_at.replace_nanosecond(0).unwrap_or(expires_at);
        let expiration = expiration.format(&Rfc3339).map_err(unformatted)?;
        let policy = json!({"expiration": expiration, "conditions": conditions});
        let policy = STANDARD.encode(policy.to_string());
        let signature = self.keys.sign(&day, &policy);
        fields.extend([("policy", policy), ("x-amz-signature", signature)]);
        Ok(UploadForm {
            url: self.url(),
            fields,
            expires_at,
        })
    }
}

/// Returns the conditions of a policy: the fields as they are, and a file of at most `bytes`.
///
/// The policy must name the bucket. S3 may compare it with the bucket behind the access point, whose name the function does
/// not know. The role of the function allows only this access point, so any bucket can stand here.
fn conditions(fields: &[(&'static str, String)], bytes: u64) -> Vec<Value> {
    let mut conditions = vec![
        json!(["starts-with", "$bucket", ""]),
        json!(["content-length-range", 0, bytes]),
    ];
    conditions.extend(fields.iter().map(|(name, value)| json!({*name: value})));
    conditions
}

impl Keys {
    /// Signature version 4 of a policy
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-UsingHTTPPOST.html>).
    fn sign(&self, day: &str, policy: &str) -> String {
        let secret = format!("AWS4{}", self.secret_access_key.expose_secret());
        let mut key = secret.into_bytes();
        for part in [day, self.region.as_ref(), "s3", "aws4_request", policy] {
            let signing = hmac::Key::new(hmac::HMAC_SHA256, &key);
            key = hmac::sign(&signing, part.as_bytes()).as_ref().to_vec();
        }
        key.iter()
            .fold(String::new(), |hex, byte| format!("{hex}{byte:02x}"))
    }
}

#[cfg(test)]
mod tests {
    use aws_types::region::Region;

    use super::*;

    #[test]
    fn a_policy_names_no_bucket_and_fixes_every_field() {
        let fields = [("key", "a/b".to_owned()), ("x-amz-date", "now".to_owned())];
        assert_eq!(
            conditions(&fields, 5),
            [
                json!(["starts-with", "$bucket", ""]),
                json!(["content-length-range", 0, 5]),
                json!({"key": "a/b"}),
                json!({"x-amz-date": "now"}),
            ]
        );
    }

    /// AWS's own example, with the secret that all of its examples have
    /// (<https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-post-example.html>).
    #[test]
    fn the_signature_of_a_policy_matches_the_published_example() {
        let keys = Keys {
            region: Region::from_static("us-east-1"),
            access_key_id: "AKIAIOSFODNN7EXAMPLE".to_owned(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY".into(),
            session_token: None,
        };
        let policy = "eyAiZXhwaXJhdGlvbiI6ICIyMDE1LTEyLTMwVDEyOjAwOjAwLjAwMFoiLA0KICAiY29uZGl0aW9ucyI6IFsNCiAgICB7ImJ1Y2tldCI6ICJzaWd2NGV4YW1wbGVidWNrZXQifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRrZXkiLCAidXNlci91c2VyMS8iXSwNCiAgICB7ImFjbCI6ICJwdWJsaWMtcmVhZCJ9LA0KICAgIHsic3VjY2Vzc19hY3Rpb25fcmVkaXJlY3QiOiAiaHR0cDovL3NpZ3Y0ZXhhbXBsZWJ1Y2tldC5zMy5hbWF6b25hd3MuY29tL3N1Y2Nlc3NmdWxfdXBsb2FkLmh0bWwifSwNCiAgICBbInN0YXJ0cy13aXRoIiwgIiRDb250ZW50LVR5cGUiLCAiaW1hZ2UvIl0sDQogICAgeyJ4LWFtei1tZXRhLXV1aWQiOiAiMTQzNjUxMjM2NTEyNzQifSwNCiAgICB7IngtYW16LXNlcnZlci1zaWRlLWVuY3J5cHRpb24iOiAiQUVTMjU2In0sDQogICAgWyJzdGFydHMtd2l0aCIsICIkeC1hbXotbWV0YS10YWciLCAiIl0sDQoNCiAgICB7IngtYW16LWNyZWRlbnRpYWwiOiAiQUtJQUlPU0ZPRE5ON0VYQU1QTEUvMjAxNTEyMjkvdXMtZWFzdC0xL3MzL2F3czRfcmVxdWVzdCJ9LA0KICAgIHsieC1hbXotYWxnb3JpdGhtIjogIkFXUzQtSE1BQy1TSEEyNTYifSwNCiAgICB7IngtYW16LWRhdGUiOiAiMjAxNTEyMjlUMDAwMDAwWiIgfQ0KICBdDQp9";
        assert_eq!(
            keys.sign("20151229", policy),
            "8afdbf4008c03f22c2cd3cdb72e4afbb1f6a588f3255ac628749a66d7f09699e"
        );
    }
}

//! The signature of Standard Webhooks
//! (<https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md>).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::webhook::Secret;
use ring::hmac;

/// The value of the header `webhook-signature`: one signature for each secret.
pub fn signatures<'a>(
    secrets: impl Iterator<Item = &'a Secret>,
    id: &str,
    timestamp: i64,
    payload: &str,
) -> String {
    let content = format!("{id}.{timestamp}.{payload}");
    let signed = secrets.map(|secret| {
        let key = hmac::Key::new(hmac::HMAC_SHA256, secret.bytes());
        let signature = hmac::sign(&key, content.as_bytes());
        format!("v1,{}", STANDARD.encode(signature))
    });
    signed.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the reference implementations.
    #[test]
    fn the_signature_is_that_of_the_reference_libraries() {
        let secret = Secret::parse("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let sign = |secrets: &[&Secret]| {
            let (id, payload) = ("msg_p5jXN8AQM9LWM0D4loKWxJek", r#"{"test": 2432232314}"#);
            signatures(secrets.iter().copied(), id, 1_614_265_330, payload)
        };
        let expected = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
        assert_eq!(sign(&[&secret]), expected);
        let other = Secret::of_random([7; 32]);
        let both = sign(&[&other, &secret]);
        let (first, second) = both.split_once(' ').unwrap();
        assert!(first.starts_with("v1,") && first != expected);
        assert_eq!(second, expected);
    }
}

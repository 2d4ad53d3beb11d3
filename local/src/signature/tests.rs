use http::{Request, Uri};
use time::macros::datetime;

use super::*;

const SECRET: &str = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
const NOW: OffsetDateTime = datetime!(2015-08-30 12:36:00 UTC);

/// Verifies a request with these headers as in AWS's examples: for `service`, with the secret [`SECRET`].
fn parts(method: &str, uri: &str, headers: &[(&str, &str)]) -> Parts {
    let request = Request::builder().method(method).uri(uri);
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    request.body(()).unwrap().into_parts().0
}

fn authorization(signed_headers: &str, signature: &str) -> String {
    format!(
        "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, \
         SignedHeaders={signed_headers}, Signature={signature}"
    )
}

fn verify(parts: &Parts, body: &[u8], now: OffsetDateTime) -> Result<(), Unauthenticated> {
    Signature::read(&parts.headers)?.verify((parts, body), SECRET, "service", now)
}

/// From AWS's test suite for Signature Version 4: `get-vanilla`, `get-vanilla-query-order-key-case`,
/// `post-header-key-sort` and `get-header-value-trim`.
#[test]
fn signatures_of_the_published_test_suite_are_valid() {
    const DATE: (&str, &str) = ("x-amz-date", "20150830T123600Z");
    const HOST: (&str, &str) = ("host", "example.amazonaws.com");
    for (method, uri, extra, signed, signature) in [
        (
            "GET",
            "/",
            None,
            "host;x-amz-date",
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        ),
        (
            "GET",
            "/?Param2=value2&Param1=value1",
            None,
            "host;x-amz-date",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        (
            "POST",
            "/",
            Some(("my-header1", "value1")),
            "host;my-header1;x-amz-date",
            "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c",
        ),
    ] {
        let authorization = authorization(signed, signature);
        let mut headers = vec![HOST, DATE, ("authorization", authorization.as_str())];
        headers.extend(extra);
        let parts = parts(method, uri, &headers);
        assert_eq!(verify(&parts, b"", NOW), Ok(()), "{method} {uri}");
    }
}

const VANILLA: &str = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";

fn vanilla(headers: &[(&str, &str)]) -> Parts {
    let authorization = authorization("host;x-amz-date", VANILLA);
    let mut all = vec![
        ("host", "example.amazonaws.com"),
        ("x-amz-date", "20150830T123600Z"),
        ("authorization", authorization.as_str()),
    ];
    for header in headers {
        all.retain(|(name, _)| *name != header.0);
        all.push(*header);
    }
    all.retain(|(_, value)| !value.is_empty());
    parts("GET", "/", &all)
}

#[test]
fn a_changed_request_is_refused() {
    assert_eq!(verify(&vanilla(&[]), b"", NOW), Ok(()));
    assert_eq!(
        verify(&vanilla(&[]), b"{}", NOW),
        Err(Unauthenticated::Mismatch)
    );
    let other_host = vanilla(&[("host", "localhost")]);
    assert_eq!(
        verify(&other_host, b"", NOW),
        Err(Unauthenticated::Mismatch)
    );
    let mut other_path = vanilla(&[]);
    other_path.uri = Uri::from_static("/other");
    assert_eq!(
        verify(&other_path, b"", NOW),
        Err(Unauthenticated::Mismatch)
    );
    let mut other_method = vanilla(&[]);
    other_method.method = http::Method::POST;
    assert_eq!(
        verify(&other_method, b"", NOW),
        Err(Unauthenticated::Mismatch)
    );
    let other_time = vanilla(&[("x-amz-date", "20150830T123601Z")]);
    assert_eq!(
        verify(&other_time, b"", NOW),
        Err(Unauthenticated::Mismatch)
    );
}

#[test]
fn a_wrong_secret_or_signature_is_refused() {
    let parts = vanilla(&[]);
    let signature = Signature::read(&parts.headers).unwrap();
    let verified = signature.verify((&parts, b""), "another", "service", NOW);
    assert_eq!(verified, Err(Unauthenticated::Mismatch));
    for signature in ["0", &VANILLA[1..], &VANILLA.to_uppercase()] {
        let authorization = authorization("host;x-amz-date", signature);
        let parts = vanilla(&[("authorization", &authorization)]);
        let verified = verify(&parts, b"", NOW);
        assert_eq!(verified, Err(Unauthenticated::Mismatch), "{signature}");
    }
}

#[test]
fn a_signature_is_valid_for_fifteen_minutes() {
    let parts = vanilla(&[]);
    for (minutes, seconds, is_good) in [
        (0, 0, true),
        (15, 0, true),
        (-15, 0, true),
        (15, 1, false),
        (-15, -1, false),
    ] {
        let now = NOW + Duration::minutes(minutes) + Duration::seconds(seconds);
        let verified = verify(&parts, b"", now);
        assert_eq!(
            verified.is_ok(),
            is_good,
            "{minutes}:{seconds} {verified:?}"
        );
    }
}

#[test]
fn a_signature_for_another_scope_is_refused() {
    let parts = vanilla(&[]);
    let signature = Signature::read(&parts.headers).unwrap();
    let other = signature.verify((&parts, b""), SECRET, "dynamodb", NOW);
    let expected = "Credential should be scoped to correct service: 'dynamodb'.";
    assert_eq!(other.unwrap_err().to_string(), expected);
    for scope in [
        "20150830/eu-west-1/service/aws4_request",
        "20150830/us-east-1/service/aws4",
        "20150829/us-east-1/service/aws4_request",
        "/us-east-1/service/aws4_request",
    ] {
        let authorization = authorization("host;x-amz-date", VANILLA)
            .replace("20150830/us-east-1/service/aws4_request", scope);
        let verified = verify(&vanilla(&[("authorization", &authorization)]), b"", NOW);
        assert!(
            matches!(verified, Err(Unauthenticated::Scope(_))),
            "{scope}"
        );
    }
}

#[test]
fn the_host_and_all_amz_headers_must_be_signed() {
    for signed in ["x-amz-date", "host", "date;x-amz-date"] {
        let authorization = authorization(signed, VANILLA);
        let verified = verify(&vanilla(&[("authorization", &authorization)]), b"", NOW);
        assert!(
            matches!(verified, Err(Unauthenticated::Incomplete(_))),
            "{signed}"
        );
    }
    let unsigned = vanilla(&[("x-amz-target", "DynamoDB_20120810.ListTables")]);
    let verified = verify(&unsigned, b"", NOW);
    assert!(matches!(verified, Err(Unauthenticated::Incomplete(_))));
    // Other headers need not be signed, because proxies and browsers add some.
    assert_eq!(verify(&vanilla(&[("accept", "*/*")]), b"", NOW), Ok(()));
    let absent = authorization("host;not-there;x-amz-date", VANILLA);
    let absent = verify(&vanilla(&[("authorization", &absent)]), b"", NOW);
    assert_eq!(absent, Err(Unauthenticated::Mismatch));
}

#[test]
fn a_malformed_signature_is_refused() {
    for (authorization, expected) in [
        ("", Unauthenticated::Missing),
        ("Bearer x", Unauthenticated::Missing),
        ("AWS4-HMAC-SHA256", Unauthenticated::Missing),
        (
            "AWS4-HMAC-SHA256 ",
            Unauthenticated::Incomplete("Credential"),
        ),
        (
            "AWS4-HMAC-SHA256 Credential=a/b",
            Unauthenticated::Incomplete("Credential"),
        ),
        (
            "AWS4-HMAC-SHA256 Credential=/b/c/d/e, SignedHeaders=host, Signature=0",
            Unauthenticated::Missing,
        ),
        (
            "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, Signature=0",
            Unauthenticated::Incomplete("SignedHeaders"),
        ),
        (
            "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host",
            Unauthenticated::Incomplete("Signature"),
        ),
        (
            "AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host, Signature=0, Signature=1",
            Unauthenticated::Incomplete("Signature"),
        ),
    ] {
        let parts = vanilla(&[("authorization", authorization)]);
        let read = Signature::read(&parts.headers).map(|_| ());
        assert_eq!(read, Err(expected), "{authorization}");
    }
    let no_date = vanilla(&[("x-amz-date", "")]);
    let verified = verify(&no_date, b"", NOW);
    assert!(matches!(verified, Err(Unauthenticated::Incomplete(_))));
}

#[test]
fn a_wrong_session_token_is_refused() {
    for (token, expected) in [
        (SESSION_TOKEN, Ok(())),
        ("stolen", Err(Unauthenticated::UnknownKey)),
    ] {
        let mut parts = vanilla(&[("x-amz-security-token", token)]);
        let mut signature = Signature::read(&parts.headers).unwrap();
        signature.signed_headers = vec!["host", "x-amz-date", "x-amz-security-token"];
        let valid = signature.compute(&parts, b"", SECRET, NOW).unwrap();
        let authorization = authorization("host;x-amz-date;x-amz-security-token", &valid);
        parts
            .headers
            .insert(AUTHORIZATION, authorization.parse().unwrap());
        assert_eq!(verify(&parts, b"", NOW), expected, "{token}");
    }
}

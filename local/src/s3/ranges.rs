//! Removes invalid `Range` headers: S3 ignores them, but s3s refuses them.

use http::{Request, header::RANGE};

use super::gate::signed_headers;

/// Removes a `Range` header that is not a single byte range, unless it is signed.
pub(crate) fn remove_invalid<T>(request: &mut Request<T>) {
    let Some(range) = request.headers().get(RANGE) else {
        return;
    };
    let is_valid = range.to_str().is_ok_and(is_range);
    let signed = signed_headers(request.uri(), request.headers()).unwrap_or_default();
    if !is_valid && !signed.split(';').any(|name| name == "range") {
        request.headers_mut().remove(RANGE);
    }
}

/// Whether the value is exactly one range (RFC 9110, section 14.1.2).
fn is_range(text: &str) -> bool {
    let Some((first, last)) = text
        .strip_prefix("bytes=")
        .and_then(|range| range.split_once('-'))
    else {
        return false;
    };
    match (first, first.parse::<u64>(), last.parse::<u64>()) {
        ("", _, Ok(_)) => true,
        (_, Ok(_), _) if last.is_empty() => true,
        (_, Ok(first), Ok(last)) => first <= last,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_single_byte_range_is_valid() {
        for (text, expected) in [
            ("bytes=0-4", true),
            ("bytes=6-", true),
            ("bytes=-5", true),
            ("bytes=5-2", false),
            ("bytes=-", false),
            ("bytes=0-1,3-4", false),
            ("bytes=a-b", false),
            ("lines=1-2", false),
        ] {
            assert_eq!(is_range(text), expected, "{text}");
        }
    }
}

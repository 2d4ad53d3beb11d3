use super::*;

fn sum(algorithm: Algorithm, bytes: &[u8]) -> Checksum {
    let mut hasher = algorithm.hasher();
    hasher.update(bytes);
    algorithm.finish(hasher)
}

#[test]
fn checksums_match_the_published_values() {
    for (algorithm, expected) in [
        (Algorithm::Crc32, "y/Q5Jg=="),
        (Algorithm::Crc32c, "4waSgw=="),
        (Algorithm::Crc64Nvme, "rosUhgp5mIg="),
        (Algorithm::Sha1, "98O8HYCOBHMq32eZZczDTKeuNEE="),
        (
            Algorithm::Sha256,
            "FeKw08M4keuw8e9gnsQZQgwg4yDOlMZfvIwzEkSOsiU=",
        ),
    ] {
        assert_eq!(sum(algorithm, b"123456789").value, expected);
        let length = BASE64_STANDARD.decode(expected).unwrap().len();
        assert_eq!(length, algorithm.length());
    }
}

#[test]
fn two_checksums_are_refused() {
    let crc = || Some("y/Q5Jg==".to_owned());
    let headers = HeaderMap::new();
    let one = declared([crc(), None, None, None, None], None, &headers).unwrap();
    assert_eq!(one.unwrap().algorithm, Algorithm::Crc32);
    assert!(declared([crc(), crc(), None, None, None], None, &headers).is_err());
    let short = Some("y/Q=".to_owned());
    assert!(declared([short, None, None, None, None], None, &headers).is_err());
}

#[test]
fn a_composite_checksum_has_the_number_of_parts() {
    let parts = [sum(Algorithm::Sha256, b"a"), sum(Algorithm::Sha256, b"b")];
    let whole = Checksum::composite(Algorithm::Sha256, parts.iter()).unwrap();
    assert!(whole.composite && whole.value.ends_with("=-2"), "{whole:?}");
}

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::digest::{SHA256, digest};

/// Returns the SHA-256 of bytes in unpadded base64url, for tables that store a digest in place of a value.
#[must_use]
pub fn sha256(bytes: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(sha256_bytes(bytes))
}

/// Returns the SHA-256 of bytes.
#[must_use]
pub fn sha256_bytes(bytes: impl AsRef<[u8]>) -> [u8; 32] {
    let digest = digest(&SHA256, bytes.as_ref());
    std::array::from_fn(|at| digest.as_ref()[at])
}

#[cfg(test)]
mod tests {
    use super::*;

    /// FIPS 180-2, appendix B.1.
    #[test]
    fn the_digest_of_abc_is_that_of_the_standard() {
        assert_eq!(sha256("abc"), "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
    }
}

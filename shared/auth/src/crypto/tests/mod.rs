//! Published vectors: RFC 7515, appendices A.1 to A.3, and RFC 8037, appendix A.4.

use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, crypto};

use super::*;

mod vectors;

const CLAIMS: &str = concat!(
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQog",
    "Imh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
);

/// RFC 8037, appendix A.1.
const ED25519_X: &str = "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo";
/// RFC 8410, section 7: the prefix of an Ed25519 private key of 32 bytes in PKCS#8 version 1.
const ED25519_PKCS8: [u8; 16] = [
    0x30, 0x2e, 2, 1, 0, 0x30, 5, 6, 3, 0x2b, 0x65, 0x70, 4, 0x22, 4, 0x20,
];
const ED25519_D: [u8; 32] = [
    0x9d, 0x61, 0xb1, 0x9d, 0xef, 0xfd, 0x5a, 0x60, 0xba, 0x84, 0x4a, 0xf4, 0x92, 0xec, 0x2c, 0xc4,
    0x44, 0x49, 0xc5, 0x69, 0x7b, 0x32, 0x69, 0x19, 0x70, 0x3b, 0xac, 0x03, 0x1c, 0xae, 0x7f, 0x60,
];
const ED25519_MESSAGE: &str = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc";
const ED25519_SIGNATURE: &str = concat!(
    "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5B",
    "hVsPt9g7sVvpAr_MuM0KAg"
);

const P256_X: &str = "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU";
const P256_Y: &str = "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0";
const P256_SIGNATURE: &str = concat!(
    "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSA",
    "pmWQxfKTUJqPP3-Kg6NU1Q"
);

const RSA_N: &str = concat!(
    "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt",
    "0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSX",
    "ndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5",
    "IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
);
const RSA_SIGNATURE: &str = concat!(
    "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W",
    "2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkS",
    "jtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnv",
    "Wh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"
);

const HMAC_K: &str =
    "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
const HMAC_HEADER: &str = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9";
const HMAC_SIGNATURE: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

fn verifies(algorithm: Algorithm, message: &str, signature: &str, key: &DecodingKey) -> bool {
    install();
    crypto::verify(signature, message.as_bytes(), key, algorithm).unwrap()
}

/// Asserts that the published signature is accepted, and no change of it or of its message.
fn assert_only_published_signature(
    algorithm: Algorithm,
    message: &str,
    signature: &str,
    key: &DecodingKey,
) {
    assert!(verifies(algorithm, message, signature, key));
    assert!(!verifies(algorithm, &format!("{message}x"), signature, key));
    let other = if signature.starts_with('A') { "B" } else { "A" };
    assert!(!verifies(
        algorithm,
        message,
        &format!("{other}{}", &signature[1..]),
        key
    ));
    assert!(!verifies(algorithm, message, &signature[4..], key));
    assert!(!verifies(algorithm, message, "", key));
}

#[test]
fn rfc_7515_a_1_hs256() {
    let key = jwk_bytes(HMAC_K);
    let message = format!("{HMAC_HEADER}.{CLAIMS}");
    assert_only_published_signature(
        Algorithm::HS256,
        &message,
        HMAC_SIGNATURE,
        &DecodingKey::from_secret(&key),
    );
    let signed = crypto::sign(
        message.as_bytes(),
        &EncodingKey::from_secret(&key),
        Algorithm::HS256,
    );
    assert_eq!(signed.unwrap(), HMAC_SIGNATURE);
}

#[test]
fn rfc_7515_a_2_rs256() {
    let key = DecodingKey::from_rsa_components(RSA_N, "AQAB").unwrap();
    let message = format!("eyJhbGciOiJSUzI1NiJ9.{CLAIMS}");
    assert_only_published_signature(Algorithm::RS256, &message, RSA_SIGNATURE, &key);
}

#[test]
fn rfc_7515_a_3_es256() {
    let key = DecodingKey::from_ec_components(P256_X, P256_Y).unwrap();
    let message = format!("eyJhbGciOiJFUzI1NiJ9.{CLAIMS}");
    assert_only_published_signature(Algorithm::ES256, &message, P256_SIGNATURE, &key);
    // r = s = 0, the signature of CVE-2022-21449
    assert!(!verifies(Algorithm::ES256, &message, &"A".repeat(86), &key));
}

#[test]
fn rfc_8037_a_4_eddsa() {
    let key = DecodingKey::from_ed_components(ED25519_X).unwrap();
    assert_only_published_signature(Algorithm::EdDSA, ED25519_MESSAGE, ED25519_SIGNATURE, &key);
    let pkcs8 = [&ED25519_PKCS8[..], &ED25519_D].concat();
    let signed = crypto::sign(
        ED25519_MESSAGE.as_bytes(),
        &EncodingKey::from_ed_der(&pkcs8),
        Algorithm::EdDSA,
    );
    assert_eq!(signed.unwrap(), ED25519_SIGNATURE);
}

#[test]
fn other_algorithms_and_key_types_are_errors() {
    install();
    let secret = EncodingKey::from_secret(&[7; 32]);
    let secret_too = DecodingKey::from_secret(&[7; 32]);
    for algorithm in [
        "HS384", "HS512", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384",
        "EdDSA",
    ] {
        let algorithm = algorithm.parse().unwrap();
        assert!(
            crypto::sign(b"message", &secret, algorithm).is_err(),
            "{algorithm:?}"
        );
        assert!(
            crypto::verify("AAAA", b"message", &secret_too, algorithm).is_err(),
            "{algorithm:?}"
        );
    }
    for broken in [&[][..], &[0x30], &[0xff; 200]] {
        for (key, algorithm) in [
            (EncodingKey::from_rsa_der(broken), Algorithm::RS256),
            (EncodingKey::from_ec_der(broken), Algorithm::ES256),
            (EncodingKey::from_ed_der(broken), Algorithm::EdDSA),
        ] {
            assert!(crypto::sign(b"message", &key, algorithm).is_err());
        }
        for (key, algorithm) in [
            (
                DecodingKey::from_rsa_raw_components(broken, broken),
                Algorithm::RS256,
            ),
            (DecodingKey::from_ec_der(broken), Algorithm::ES256),
            (DecodingKey::from_ed_der(broken), Algorithm::EdDSA),
        ] {
            assert!(!crypto::verify("AAAA", b"message", &key, algorithm).unwrap());
        }
    }
}

fn jwk_bytes(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::URL_SAFE_NO_PAD
        .decode(text)
        .unwrap()
}

//! Project Wycheproof's vectors (<https://github.com/C2SP/wycheproof>) for the four algorithms: invalid signatures that
//! faulty verifiers accept, and valid ones that they refuse.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use wycheproof::{TestResult, ecdsa, eddsa, mac, rsa_pkcs1_verify};

use super::*;

/// Counts the accepted and refused vectors of a set. The tests compare the counts, so that no vector is skipped.
#[derive(Debug, Default, PartialEq, Eq)]
struct Counts {
    accepted: usize,
    refused: usize,
}

impl Counts {
    fn check(
        &mut self,
        (algorithm, key): (Algorithm, &DecodingKey),
        (message, signature): (&[u8], &[u8]),
        (expected, id): (TestResult, usize),
    ) {
        let signature = URL_SAFE_NO_PAD.encode(signature);
        let accepted = crypto::verify(&signature, message, key, algorithm).unwrap();
        // "Acceptable" vectors deviate from the standard without a security risk. They are refused, too.
        assert_eq!(
            accepted,
            expected == TestResult::Valid,
            "{algorithm:?} {id}"
        );
        if accepted {
            self.accepted += 1;
        } else {
            self.refused += 1;
        }
    }
}

#[test]
fn hs256() {
    install();
    let mut counts = Counts::default();
    let set = mac::TestSet::load(mac::TestName::HmacSha256).unwrap();
    for group in set.test_groups {
        for test in group.tests {
            // JWS requires the whole tag (RFC 7518, section 3.2); some vectors have a shortened one.
            let whole = group.tag_size == 256;
            let expected = if whole {
                test.result
            } else {
                TestResult::Invalid
            };
            let key = DecodingKey::from_secret(&test.key);
            counts.check(
                (Algorithm::HS256, &key),
                (&test.msg, &test.tag),
                (expected, test.tc_id),
            );
        }
    }
    assert_eq!(
        counts,
        Counts {
            accepted: 33,
            refused: 141
        }
    );
}

#[test]
fn rs256() {
    install();
    let mut counts = Counts::default();
    for name in [
        rsa_pkcs1_verify::TestName::Rsa2048Sha256,
        rsa_pkcs1_verify::TestName::Rsa3072Sha256,
        rsa_pkcs1_verify::TestName::Rsa4096Sha256,
        rsa_pkcs1_verify::TestName::Rsa8192Sha256,
    ] {
        let set = rsa_pkcs1_verify::TestSet::load(name).unwrap();
        for group in set.test_groups {
            let strip = |number: &[u8]| {
                let zeros = number.iter().take_while(|byte| **byte == 0).count();
                number[zeros..].to_vec()
            };
            let (n, e) = (strip(&group.key.n), strip(&group.key.e));
            let key = DecodingKey::from_rsa_raw_components(&n, &e);
            for test in group.tests {
                counts.check(
                    (Algorithm::RS256, &key),
                    (&test.msg, &test.sig),
                    (test.result, test.tc_id),
                );
            }
        }
    }
    assert_eq!(
        counts,
        Counts {
            accepted: 31,
            refused: 1003
        }
    );
}

#[test]
fn es256() {
    install();
    let mut counts = Counts::default();
    let set = ecdsa::TestSet::load(ecdsa::TestName::EcdsaSecp256r1Sha256P1363).unwrap();
    for group in set.test_groups {
        let key = DecodingKey::from_ec_der(&group.key.key);
        for test in group.tests {
            counts.check(
                (Algorithm::ES256, &key),
                (&test.msg, &test.sig),
                (test.result, test.tc_id),
            );
        }
    }
    assert_eq!(
        counts,
        Counts {
            accepted: 173,
            refused: 89
        }
    );
}

#[test]
fn eddsa() {
    install();
    let mut counts = Counts::default();
    let set = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap();
    for group in set.test_groups {
        let key = DecodingKey::from_ed_der(&group.key.pk);
        for test in group.tests {
            counts.check(
                (Algorithm::EdDSA, &key),
                (&test.msg, &test.sig),
                (test.result, test.tc_id),
            );
        }
    }
    assert_eq!(
        counts,
        Counts {
            accepted: 88,
            refused: 63
        }
    );
}

use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use time::Duration;

use super::{
    Algorithm, KeyError, KeyProblem, NewKey, NewKeyError, NoSigningKey, SigningKeys, VerifyingKeys,
    jwk::{Jwk, Material, text},
    public_half,
    testing::{NOW, key_sets, new_key, rsa_pkcs8},
    verifying_until,
};

fn verifying(values: &[(&str, &Value)]) -> Result<VerifyingKeys, KeyError> {
    let values: Vec<_> = values
        .iter()
        .map(|(name, value)| (*name, SecretString::from(value.to_string())))
        .collect();
    VerifyingKeys::from_parameters(values.iter().map(|(name, value)| (*name, value)))
}

fn json_of(value: &SecretString) -> Value {
    serde_json::from_str(value.expose_secret()).unwrap()
}

fn problem<T>(result: &Result<T, KeyError>) -> Option<KeyProblem> {
    match result {
        Err(KeyError::Broken { problem, .. }) => Some(*problem),
        Ok(_) | Err(KeyError::NoKeys) => None,
    }
}

/// Returns the problem of a new key with these members changed (`null` removes one).
fn problem_with(algorithm: Algorithm, changes: &Value) -> Option<KeyProblem> {
    let key = new_key(algorithm);
    let mut jwk = json_of(&key.public);
    for (name, value) in changes.as_object().unwrap() {
        if value.is_null() {
            jwk.as_object_mut().unwrap().remove(name);
        } else {
            jwk[name] = value.clone();
        }
    }
    let keys = verifying(&[(&key.kid, &jwk)]);
    problem(&keys.and_then(|keys| keys.validate()))
}

#[test]
fn a_new_key_of_each_algorithm_parses() {
    for algorithm in Algorithm::ALL {
        let key = new_key(algorithm);
        let (signing, verifying) = key_sets(&[&key]);
        let current = signing.current(NOW).unwrap();
        assert_eq!(
            (current.kid(), current.algorithm()),
            (key.kid.as_str(), algorithm)
        );
        assert_eq!(verifying.get(&key.kid).unwrap().algorithm(), algorithm);
        assert!(verifying.algorithms(NOW).contains(&algorithm));
    }
}

fn thumbprint(algorithm: Algorithm, jwk: &Value) -> String {
    let jwk = jwk.to_string();
    let jwk: Jwk<'_> = serde_json::from_str(&jwk).unwrap();
    Material::of_jwk(algorithm, &jwk).ok().unwrap().thumbprint()
}

/// RFC 7638, section 3.1, and RFC 8037, appendix A.3.
#[test]
fn thumbprints_match_the_published_examples() {
    let jwk = json!({
        "kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
        "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k", "alg": "EdDSA",
    });
    assert_eq!(thumbprint(Algorithm::EdDSA, &jwk), jwk["kid"]);

    let jwk = json!({
        "kty": "RSA", "e": "AQAB", "alg": "RS256", "kid": "2011-04-29", "n": concat!(
            "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tS",
            "oc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65",
            "YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyr",
            "dkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"
        ),
    });
    assert_eq!(
        thumbprint(Algorithm::RS256, &jwk),
        "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    );
}

#[test]
fn the_jwk_set_has_only_public_members_of_live_asymmetric_keys() {
    let keys = Algorithm::ALL.map(new_key);
    let (_, verifying) = key_sets(&keys.each_ref());
    let set = verifying.jwks(NOW);
    assert_eq!(set["keys"].as_array().unwrap().len(), 3);
    for jwk in set["keys"].as_array().unwrap() {
        for (name, _) in jwk.as_object().unwrap() {
            let public = ["kty", "crv", "x", "y", "n", "e", "kid", "alg", "use"];
            assert!(public.contains(&name.as_str()), "{name}");
        }
        assert_ne!(jwk["kty"], "oct");
    }
}

#[test]
fn an_hmac_key_is_not_published_and_has_a_random_name() {
    let key = new_key(Algorithm::HS256);
    let (_, verifying) = key_sets(&[&key]);
    assert_eq!(verifying.jwks(NOW), json!({"keys": []}));
    assert_eq!(key.kid.len(), 22);
}

#[test]
fn a_key_verifies_until_its_exp() {
    let key = new_key(Algorithm::ES256);
    let mut jwk = json_of(&key.public);
    jwk["exp"] = json!(NOW.unix_timestamp() + 10);
    let verifying = verifying(&[(&key.kid, &jwk)]).unwrap();
    let key = verifying.get(&key.kid).unwrap();
    assert!(key.is_live(NOW + Duration::seconds(9)));
    assert!(!key.is_live(NOW + Duration::seconds(10)));
    assert_eq!(verifying.jwks(NOW)["keys"].as_array().unwrap().len(), 1);
    assert_eq!(
        verifying.jwks(NOW + Duration::seconds(10)),
        json!({"keys": []})
    );
}

#[test]
fn the_next_key_is_published_at_once_and_signs_from_its_nbf() {
    let first = new_key(Algorithm::ES256);
    let next = NewKey::generate(Algorithm::EdDSA, NOW + Duration::hours(1)).unwrap();
    let (signing, verifying) = key_sets(&[&next, &first]);
    assert_eq!(verifying.jwks(NOW)["keys"].as_array().unwrap().len(), 2);
    let current = |at| signing.current(at).map(super::SigningKey::kid);
    assert_eq!(current(NOW), Ok(first.kid.as_str()));
    assert_eq!(current(NOW + Duration::minutes(59)), Ok(first.kid.as_str()));
    assert_eq!(current(NOW + Duration::hours(1)), Ok(next.kid.as_str()));
    assert_eq!(current(NOW - Duration::seconds(1)), Err(NoSigningKey));
}

#[test]
fn an_empty_key_set_is_refused() {
    assert_eq!(verifying(&[]).unwrap_err(), KeyError::NoKeys);
    let (_, verifying) = key_sets(&[&new_key(Algorithm::ES256)]);
    assert_eq!(
        SigningKeys::from_parameters([], &verifying).unwrap_err(),
        KeyError::NoKeys
    );
}

#[test]
fn the_algorithm_must_match_the_key() {
    use KeyProblem::{AlgorithmMismatch, UnknownAlgorithm};
    let es256 = |changes| problem_with(Algorithm::ES256, &changes);
    assert_eq!(es256(json!({})), None);
    for other in ["HS256", "RS256", "EdDSA"] {
        assert_eq!(
            es256(json!({"alg": other})),
            Some(AlgorithmMismatch),
            "{other}"
        );
    }
    for other in ["none", "es256", "ES384", "PS256", ""] {
        assert_eq!(
            es256(json!({"alg": other})),
            Some(UnknownAlgorithm),
            "{other}"
        );
    }
    assert_eq!(es256(json!({"crv": "P-384"})), Some(AlgorithmMismatch));
    assert_eq!(es256(json!({"kty": "oct"})), Some(AlgorithmMismatch));
    assert_eq!(
        problem_with(Algorithm::EdDSA, &json!({"crv": "Ed448"})),
        Some(AlgorithmMismatch)
    );
}

#[test]
fn invalid_public_keys_are_refused() {
    use KeyProblem::{Invalid, KidMismatch, Malformed, NotForSignatures, PrivateMembers, TooShort};
    let es256 = |changes| problem_with(Algorithm::ES256, &changes);
    assert_eq!(es256(json!({"kid": "other"})), Some(KidMismatch));
    assert_eq!(es256(json!({"kid": null})), Some(Malformed));
    assert_eq!(es256(json!({"alg": null})), Some(Malformed));
    assert_eq!(es256(json!({"x": null})), Some(Malformed));
    assert_eq!(es256(json!({"x": "not base64!"})), Some(Malformed));
    assert_eq!(es256(json!({"x": "AAAA"})), Some(Invalid));
    // Not a point of the curve: y cannot be 0 there.
    assert_eq!(es256(json!({"y": "A".repeat(43)})), Some(Invalid));
    assert_eq!(es256(json!({"d": "AAAA"})), Some(PrivateMembers));
    assert_eq!(es256(json!({"use": "enc"})), Some(NotForSignatures));
    assert_eq!(es256(json!({"exp": "soon"})), Some(Malformed));
    assert_eq!(es256(json!({"unknown": "ignored"})), None);
    assert_eq!(
        problem_with(Algorithm::EdDSA, &json!({"x": "AAAA"})),
        Some(Invalid)
    );

    let hs256 = |bytes| problem_with(Algorithm::HS256, &json!({"k": text(&vec![1; bytes])}));
    assert_eq!(
        (hs256(0), hs256(31), hs256(32)),
        (Some(TooShort), Some(TooShort), None)
    );

    let rs256 = |n: Vec<u8>| problem_with(Algorithm::RS256, &json!({"n": text(&n)}));
    assert_eq!(rs256(vec![0xff; 256]), None);
    assert_eq!(rs256(vec![0xff; 255]), Some(TooShort));
    assert_eq!(
        rs256([vec![0x7f], vec![0xff; 255]].concat()),
        Some(TooShort)
    );
    assert_eq!(rs256([vec![0xff; 255], vec![0xfe]].concat()), Some(Invalid));
    assert_eq!(rs256(vec![0xff; 1025]), Some(Invalid));
    for e in ["", "AQ", "AA", "AAEAAQ", "AgAA", "AQAAAAAB"] {
        assert_eq!(
            problem_with(Algorithm::RS256, &json!({"e": e})),
            Some(Invalid),
            "{e}"
        );
    }
}

#[test]
fn a_duplicate_member_or_name_is_refused() {
    let key = new_key(Algorithm::ES256);
    let doubled = key
        .public
        .expose_secret()
        .replacen('{', r#"{"alg":"HS256","#, 1);
    let doubled = SecretString::from(doubled);
    let read = VerifyingKeys::from_parameters([(key.kid.as_str(), &doubled)]);
    assert_eq!(problem(&read), Some(KeyProblem::Malformed));

    let twice = [
        (key.kid.as_str(), &key.public),
        (key.kid.as_str(), &key.public),
    ];
    assert_eq!(
        problem(&VerifyingKeys::from_parameters(twice)),
        Some(KeyProblem::Duplicate)
    );
    let (_, verifying) = key_sets(&[&key]);
    let twice = [
        (key.kid.as_str(), &key.private),
        (key.kid.as_str(), &key.private),
    ];
    assert_eq!(
        problem(&SigningKeys::from_parameters(twice, &verifying)),
        Some(KeyProblem::Duplicate)
    );
}

#[test]
fn a_private_key_needs_its_own_public_half() {
    let (key, other) = (new_key(Algorithm::ES256), new_key(Algorithm::ES256));
    let (_, published) = key_sets(&[&other]);
    let read = |published: &VerifyingKeys, name: &str, value: &Value| {
        let value = SecretString::from(value.to_string());
        problem(&SigningKeys::from_parameters([(name, &value)], published))
    };
    let mut private = json_of(&key.private);
    assert_eq!(
        read(&published, &key.kid, &private),
        Some(KeyProblem::NotPublished)
    );
    private["kid"] = json!(other.kid);
    assert_eq!(
        read(&published, &other.kid, &private),
        Some(KeyProblem::NotAPair)
    );
    assert_eq!(
        read(&published, &key.kid, &private),
        Some(KeyProblem::KidMismatch)
    );
    private["key"] = json!("AAAA");
    assert_eq!(
        read(&published, &other.kid, &private),
        Some(KeyProblem::Invalid)
    );
    private["alg"] = json!("none");
    assert_eq!(
        read(&published, &other.kid, &private),
        Some(KeyProblem::UnknownAlgorithm)
    );
    assert_eq!(
        read(&published, &other.kid, &json!([])),
        Some(KeyProblem::Malformed)
    );
}

#[test]
fn errors_name_the_parameter_and_never_its_value() {
    let key = new_key(Algorithm::HS256);
    let mut jwk = json_of(&key.public);
    let secret = jwk["k"].as_str().unwrap().to_owned();
    jwk["exp"] = json!(secret);
    let error = verifying(&[(&key.kid, &jwk)]).unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(
        shown.contains(&key.kid) && !shown.contains(&secret),
        "{shown}"
    );
}

#[test]
fn debug_output_of_keys_contains_no_secrets() {
    for algorithm in Algorithm::ALL {
        let key = new_key(algorithm);
        let secret = json_of(&key.private)["key"].as_str().unwrap().to_owned();
        let (signing, verifying) = key_sets(&[&key]);
        let shown = format!("{key:?} {signing:?} {verifying:?}");
        assert!(!shown.contains(&secret), "{shown}");
    }
}

#[test]
fn rsa_keys_are_not_generated_and_need_2048_bits() {
    let generated = NewKey::generate(Algorithm::RS256, NOW);
    assert_eq!(generated.unwrap_err(), NewKeyError::RsaNotSupported);
    for not_rsa in [&b"not DER"[..], &rsa_pkcs8(1024)] {
        assert_eq!(
            NewKey::from_pkcs8_rsa(not_rsa, NOW).unwrap_err(),
            NewKeyError::Invalid
        );
    }
}

#[test]
fn a_public_half_can_be_derived_from_the_private_one() {
    for key in Algorithm::ALL.map(new_key) {
        let again = public_half(&key.kid, &key.private).unwrap();
        assert_eq!(again.expose_secret(), key.public.expose_secret());
        assert_eq!(
            problem(&public_half("other", &key.private)),
            Some(KeyProblem::KidMismatch)
        );
    }
}

#[test]
fn a_key_can_be_recreated_from_its_private_value() {
    for algorithm in Algorithm::ALL {
        let key = new_key(algorithm);
        let again = NewKey::from_private(&key.private).unwrap();
        assert_eq!((&again.kid, again.algorithm), (&key.kid, algorithm));
        assert_eq!(json_of(&again.public), json_of(&key.public));

        let later = NOW + Duration::hours(1);
        let later = NewKey {
            private: again.signing_from(later).unwrap(),
            ..again
        };
        let (signing, _) = key_sets(&[&later]);
        assert_eq!(signing.current(NOW).err(), Some(NoSigningKey));
        assert_eq!(
            signing.iter().next().unwrap().signs_from(),
            NOW + Duration::hours(1)
        );
    }
    for broken in [
        "",
        "{}",
        "[]",
        r#"{"kid":"a","alg":"ES256","key":"","nbf":0}"#,
    ] {
        let taken = NewKey::from_private(&broken.to_owned().into());
        assert!(taken.is_err(), "{broken}");
    }
}

#[test]
fn a_published_key_can_be_given_an_expiry() {
    for algorithm in Algorithm::ALL {
        let key = new_key(algorithm);
        let public = verifying_until(&key.kid, &key.public, NOW).unwrap();
        let keys = verifying(&[(&key.kid, &json_of(&public))]).unwrap();
        let ending = keys.get(&key.kid).unwrap();
        assert_eq!(ending.until(), Some(NOW));
        assert!(!ending.is_live(NOW) && ending.is_live(NOW - Duration::seconds(1)));
        assert!(verifying_until("other", &key.public, NOW).is_err());
    }
}

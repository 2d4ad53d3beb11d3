use super::*;

/// Spellings of "none" and other unsupported algorithms, with and without a signature.
#[test]
fn unsupported_algorithms_and_none_are_refused() {
    let forge = Forge::new();
    for none in [
        "none", "None", "NONE", "nOnE", "", " none", "hs256", "HS384", "HS512", "PS256", "ES384",
    ] {
        assert_eq!(
            forge.with_header(&json!({"alg": none})),
            Some(TokenError::WrongAlgorithm),
            "{none}"
        );
        let header = changed(forge.header(), &json!({"alg": none})).to_string();
        let unsigned = format!(
            "{}.{}.",
            BASE64.encode(header),
            BASE64.encode(Forge::claims().to_string())
        );
        assert_eq!(
            verified(&forge.verifying, &unsigned),
            Err(TokenError::WrongAlgorithm)
        );
    }
    for no_string in [json!(["HS256"]), json!(0), json!({})] {
        assert_eq!(
            forge.with_header(&json!({"alg": no_string})),
            Some(TokenError::MissingHeader("alg"))
        );
    }
}

/// The public key's bytes in every published form, as an HMAC secret.
#[test]
fn a_public_key_is_not_accepted_as_an_hmac_secret() {
    for algorithm in [Algorithm::RS256, Algorithm::ES256, Algorithm::EdDSA] {
        let key = new_key(algorithm);
        let (_, verifying) = key_sets(&[&key]);
        let jwk: Value = serde_json::from_str(key.public.expose_secret()).unwrap();
        let member = jwk.get("n").or(jwk.get("x")).unwrap().as_str().unwrap();
        let raw = BASE64.decode(member).unwrap();
        for secret in [
            key.public.expose_secret().as_bytes(),
            member.as_bytes(),
            &raw,
        ] {
            for alg in ["HS256", algorithm.as_str()] {
                let header = json!({"typ": "at+jwt", "alg": alg, "kid": key.kid}).to_string();
                let message = format!(
                    "{}.{}",
                    BASE64.encode(header),
                    BASE64.encode(Forge::claims().to_string())
                );
                let signature = jsonwebtoken::crypto::sign(
                    message.as_bytes(),
                    &EncodingKey::from_secret(secret),
                    jsonwebtoken::Algorithm::HS256,
                );
                let token = format!("{message}.{}", signature.unwrap());
                let expected = if alg == "HS256" {
                    TokenError::WrongAlgorithm
                } else {
                    TokenError::BadSignature
                };
                assert_eq!(
                    verified(&verifying, &token),
                    Err(expected),
                    "{algorithm} {alg}"
                );
            }
        }
    }
}

#[test]
fn a_token_cannot_choose_its_key() {
    let forge = Forge::new();
    assert_eq!(forge.with_header(&json!({})), None);
    for kid in ["", "other", "../../etc/passwd", "' OR 1=1 --", "/dev/null"] {
        assert_eq!(
            forge.with_header(&json!({"kid": kid})),
            Some(TokenError::UnknownKey),
            "{kid}"
        );
    }
    let missing = Some(TokenError::MissingHeader("kid"));
    assert_eq!(forge.with_header(&json!({"kid": null})), missing);
    assert_eq!(forge.with_header(&json!({"kid": 1})), missing);
    for name in ["crit", "jku", "jwk", "x5u", "x5c", "b64"] {
        for value in [json!([]), json!("exp"), json!({}), json!(true)] {
            assert_eq!(
                forge.with_header(&json!({name: value})),
                Some(TokenError::RefusedHeader(name))
            );
        }
    }
    assert_eq!(forge.with_header(&json!({"x-harmless": "ignored"})), None);
}

#[test]
fn null_and_duplicate_header_members_are_refused() {
    let forge = Forge::new();
    let claims = Forge::claims().to_string();
    let header = forge.header().to_string();
    let with = |member: &str| {
        let header = header.replacen('{', &format!("{{{member},"), 1);
        verified(&forge.verifying, &forge.sign(&header, &claims))
    };
    assert_eq!(
        with(r#""crit":null"#),
        Err(TokenError::RefusedHeader("crit"))
    );
    for doubled in [
        r#""alg":"none""#,
        r#""kid":"other""#,
        r#""typ":"JWT""#,
        r#""x":1,"x":1"#,
    ] {
        assert_eq!(with(doubled), Err(TokenError::Malformed), "{doubled}");
    }
    assert!(with(r#""x":1"#).is_ok());
}

#[test]
fn only_the_access_token_type_is_accepted() {
    let forge = Forge::new();
    for typ in [
        "at+jwt",
        "AT+JWT",
        "application/at+jwt",
        "Application/At+Jwt",
    ] {
        assert_eq!(forge.with_header(&json!({"typ": typ})), None, "{typ}");
    }
    for typ in [
        "JWT",
        "jwt",
        "",
        "at+jwt ",
        "at",
        "application/",
        "application/jwt",
        "x/at+jwt",
    ] {
        assert_eq!(
            forge.with_header(&json!({"typ": typ})),
            Some(TokenError::WrongType),
            "{typ}"
        );
    }
    assert_eq!(
        forge.with_header(&json!({"typ": null})),
        Some(TokenError::MissingHeader("typ"))
    );
}

#[test]
fn times_have_60_seconds_of_leeway() {
    let forge = Forge::new();
    let now = NOW.unix_timestamp();
    let with = |claim: &str, time: i64| forge.with_claims(&json!({ claim: time }));
    assert_eq!(with("exp", now - 60), None);
    assert_eq!(with("exp", now - 61), Some(TokenError::Expired));
    for claim in ["nbf", "iat"] {
        assert_eq!(with(claim, now + 60), None);
        assert_eq!(with(claim, now + 61), Some(TokenError::NotYetValid));
    }
    assert_eq!(with("exp", i64::MIN), Some(TokenError::Expired));
    assert_eq!(with("exp", i64::MAX), None);
    assert_eq!(with("nbf", i64::MAX), Some(TokenError::NotYetValid));
    assert_eq!(with("iat", i64::MIN), None);
}

#[test]
fn a_missing_or_mistyped_claim_is_refused() {
    let forge = Forge::new();
    let bad = Some(TokenError::BadClaims);
    for claim in [
        "iss", "sub", "aud", "iat", "nbf", "exp", "jti", "sid", "roles",
    ] {
        assert_eq!(
            forge.with_claims(&json!({ claim: null })),
            bad,
            "{claim} missing"
        );
        assert_eq!(
            forge.with_claims(&json!({ claim: {} })),
            bad,
            "{claim} an object"
        );
        assert_eq!(
            forge.with_claims(&json!({ claim: true })),
            bad,
            "{claim} a boolean"
        );
    }
    for time in ["iat", "nbf", "exp"] {
        for value in [
            json!("1772366400"),
            json!(1.5),
            json!(1e300),
            json!(u64::MAX),
            json!([1]),
        ] {
            assert_eq!(
                forge.with_claims(&json!({ time: value })),
                bad,
                "{time} {value}"
            );
        }
    }
    assert_eq!(forge.with_claims(&json!({"roles": "admin"})), bad);
    for claims in [
        "",
        "[]",
        "null",
        "\"\"",
        "{",
        r#"{"exp":1,"exp":1}"#,
        &"[".repeat(5000),
    ] {
        let token = forge.sign(&forge.header().to_string(), claims);
        assert_eq!(
            verified(&forge.verifying, &token).err(),
            bad,
            "{claims:.20}"
        );
    }
    let doubled = Forge::claims()
        .to_string()
        .replacen('{', r#"{"sub":"x","#, 1);
    let token = forge.sign(&forge.header().to_string(), &doubled);
    assert_eq!(verified(&forge.verifying, &token).err(), bad);
}

#[test]
fn issuer_and_audience_must_match_exactly() {
    let forge = Forge::new();
    for iss in [
        "https://api.example/",
        "https://API.example",
        "http://api.example",
        "",
        "*",
    ] {
        assert_eq!(
            forge.with_claims(&json!({"iss": iss})),
            Some(TokenError::WrongIssuer),
            "{iss}"
        );
    }
    assert_eq!(
        forge.with_claims(&json!({"iss": ["https://api.example"]})),
        Some(TokenError::BadClaims)
    );
    assert_eq!(
        forge.with_claims(&json!({"aud": ["other", "cloakroom"]})),
        None
    );
    for aud in [
        json!("other"),
        json!("Cloakroom"),
        json!(""),
        json!([]),
        json!(["other"]),
    ] {
        assert_eq!(
            forge.with_claims(&json!({"aud": aud})),
            Some(TokenError::WrongAudience),
            "{aud}"
        );
    }
}

#[test]
fn invalid_ids_are_refused_and_unknown_roles_are_ignored() {
    let forge = Forge::new();
    for claim in ["sub", "sid"] {
        for no_id in ["", "admin", "0", "{0190b6e4-0000-7000-8000-000000000000}"] {
            assert_eq!(
                forge.with_claims(&json!({ claim: no_id })),
                Some(TokenError::BadSubject)
            );
        }
    }
    let roles = |roles: Value| {
        forge
            .verdict(&json!({}), &json!({"roles": roles}))
            .unwrap()
            .roles
    };
    assert_eq!(
        roles(json!(["root", "admin", "Admin"])),
        [Role::Admin].into()
    );
    assert_eq!(roles(json!(["root"])), [].into());
}

#[test]
fn a_changed_token_has_a_bad_signature() {
    for algorithm in Algorithm::ALL {
        let (token, verifying, _) = issued(&new_key(algorithm));
        let [header, claims, signature] = token.split('.').collect::<Vec<_>>().try_into().unwrap();
        let bad = Err(TokenError::BadSignature);

        let other = changed(
            part(&token, 1),
            &json!({"sub": UserId::new(NOW).to_string()}),
        );
        let other = BASE64.encode(other.to_string());
        assert_eq!(
            verified(&verifying, &format!("{header}.{other}.{signature}")),
            bad
        );

        // A signature that is missing, shortened, lengthened, padded, all zero, or of another token.
        let bytes = BASE64.decode(signature).unwrap();
        let zero = BASE64.encode(vec![0; bytes.len()]);
        let short = BASE64.encode(&bytes[..bytes.len() - 1]);
        let long = BASE64.encode([&bytes[..], &[0]].concat());
        let (another, _, _) = issued(&new_key(algorithm));
        let another = another.rsplit('.').next().unwrap();
        let padded = [
            format!("{signature}="),
            format!("{signature}=="),
            format!("{signature} "),
        ];
        let forged = ["", &zero, &short, &long, another, &signature[..10]];
        for forged in forged.into_iter().chain(padded.iter().map(String::as_str)) {
            let token = format!("{header}.{claims}.{forged}");
            assert_eq!(verified(&verifying, &token), bad, "{algorithm} {forged}");
        }
    }
}

#[test]
fn a_text_that_is_not_a_jwt_is_malformed() {
    let (token, verifying, _) = issued(&new_key(Algorithm::ES256));
    let parts: Vec<_> = token.split('.').collect();
    let no_jwt = [
        String::new(),
        "..".to_owned(),
        "a.b".to_owned(),
        format!("{token}."),
        format!(".{token}"),
        format!("{token}.{token}"),
        format!("Bearer {token}"),
        format!("{}=.{}.{}", parts[0], parts[1], parts[2]),
        format!("{}..", BASE64.encode("[]")),
        format!("{}..", BASE64.encode("null")),
        format!("{}..", BASE64.encode("\u{feff}{}")),
        format!("{}..", BASE64.encode("[".repeat(3000))),
        format!("{}..", BASE64.encode([0xff, 0xfe])),
    ];
    for text in no_jwt {
        assert_eq!(
            verified(&verifying, &text),
            Err(TokenError::Malformed),
            "{text:.30}"
        );
    }
    let long = format!("{token}{}", "A".repeat(8 * 1024));
    assert_eq!(verified(&verifying, &long), Err(TokenError::TooLong));
}

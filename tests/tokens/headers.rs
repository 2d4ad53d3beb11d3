use serde_json::{Value, json};

use super::{Forger, changed};
use crate::support::{Signer, TestApp, decode, encode, hmac_token, message, parts};

#[tokio::test]
async fn no_spelling_of_none_is_an_algorithm() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    let (_, _, real_signature) = parts(&forger.token);
    for none in ["none", "None", "NONE", "nOnE", "none ", "", "null"] {
        let header = changed(&forger.header, &json!({"alg": none}));
        let message = message(&header, &forger.claims);
        forger.refuses(&format!("{message}."), none).await;
        forger.refuses(&message, none).await;
        let borrowed = format!("{message}.{}", encode(&real_signature));
        forger.refuses(&borrowed, none).await;
        forger
            .refuses(&forger.with_header(&json!({"alg": none})), none)
            .await;
    }
    let unsigned = message(&forger.header, &forger.claims);
    forger
        .refuses(&format!("{unsigned}."), "no signature")
        .await;
    for alg in [json!(["ES256"]), json!(0), json!({}), Value::Null] {
        let what = alg.to_string();
        forger
            .refuses(&forger.with_header(&json!({"alg": alg})), &what)
            .await;
    }
    for alg in ["es256", "ES384", "ES512", "ES256K", "RS256", "EdDSA"] {
        forger
            .refuses(&forger.with_header(&json!({"alg": alg})), alg)
            .await;
    }
}

/// The oldest trick of all: what everybody may know, used as a secret.
#[tokio::test]
async fn a_public_key_is_no_hmac_secret() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    let jwks = app.get("/.well-known/jwks.json").await.expect(200);
    let published = &jwks.json()["keys"][0];
    let parameter = app.parameters().await[&format!("keys/public/{}", forger.signer.kid)].clone();
    let [x, y] = ["x", "y"].map(|name| decode(published[name].as_str().unwrap()));
    let point = [&[4], x.as_slice(), &y].concat();
    let spki = spki(&point);
    let secrets = [
        jwks.body.clone(),
        published.to_string().into_bytes(),
        parameter.into_bytes(),
        published["x"].as_str().unwrap().as_bytes().to_vec(),
        x,
        point,
        pem(&spki).into_bytes(),
        spki,
        Vec::new(),
    ];
    for (i, secret) in secrets.iter().enumerate() {
        for alg in ["HS256", "ES256"] {
            let header = changed(&forger.header, &json!({"alg": alg}));
            let token = hmac_token(secret, &header, &forger.claims);
            forger
                .refuses(&token, &format!("secret {i} as {alg}"))
                .await;
        }
    }
}

/// A point on P-256 as RFC 5480 writes it.
fn spki(point: &[u8]) -> Vec<u8> {
    const PREFIX: &[u8] = b"\x30\x59\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\
        \x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00";
    [PREFIX, point].concat()
}

fn pem(der: &[u8]) -> String {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    let text = STANDARD.encode(der);
    let (first, second) = text.split_at(64);
    format!("-----BEGIN PUBLIC KEY-----\n{first}\n{second}\n-----END PUBLIC KEY-----\n")
}

#[tokio::test]
async fn a_kid_is_looked_up_and_nothing_else() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    let kid = &forger.signer.kid;
    for wrong in [
        json!(null),
        json!(""),
        json!("nobody"),
        json!(7),
        json!([kid]),
        json!(kid.to_uppercase()),
        json!(format!("{kid} ")),
        json!(format!("./{kid}")),
        json!(format!("../public/{kid}")),
        json!(format!("../private/{kid}")),
        json!(format!("keys/public/{kid}")),
        json!(format!("/cloakroom/dev/keys/public/{kid}")),
        json!("../../../../dev/null"),
        json!("http://127.0.0.1/key"),
        json!("' OR '1'='1"),
        json!("\u{0}"),
    ] {
        let what = wrong.to_string();
        forger
            .refuses(&forger.with_header(&json!({"kid": wrong})), &what)
            .await;
    }
}

#[tokio::test]
async fn only_an_access_token_is_one() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    for typ in [
        json!(null),
        json!(""),
        json!("JWT"),
        json!("jwt"),
        json!("at"),
        json!("rt+jwt"),
        json!("id+jwt"),
        json!("at+jwt "),
        json!("text/at+jwt"),
        json!(["at+jwt"]),
    ] {
        let what = typ.to_string();
        forger
            .refuses(&forger.with_header(&json!({"typ": typ})), &what)
            .await;
    }
    // A media type (RFC 7515, section 4.1.9).
    for typ in ["at+jwt", "at+JWT", "AT+JWT", "application/at+jwt"] {
        forger
            .accepts(&forger.with_header(&json!({"typ": typ})), typ)
            .await;
    }
}

/// Each of these members would let a token choose what it is verified with, or how.
#[tokio::test]
async fn a_token_chooses_neither_its_key_nor_its_rules() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    let own = app.get("/.well-known/jwks.json").await.expect(200).json()["keys"][0].clone();
    for member in [
        json!({"crit": []}),
        json!({"crit": ["exp"], "exp": 1}),
        json!({"crit": ["b64"], "b64": false}),
        json!({"b64": true}),
        json!({"jku": format!("{}/.well-known/jwks.json", app.endpoint("api"))}),
        json!({"jku": ""}),
        json!({"jwk": own}),
        json!({"jwk": {}}),
        json!({"x5u": "https://example.com/chain.pem"}),
        json!({"x5c": []}),
    ] {
        let what = member.to_string();
        forger.refuses(&forger.with_header(&member), &what).await;
    }
    // What says nothing about keys or rules is not our business.
    forger
        .accepts(
            &forger.with_header(&json!({"cty": "x", "x": 1})),
            "other members",
        )
        .await;
}

#[tokio::test]
async fn a_key_that_a_token_brings_along_does_not_verify_it() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    let key = super::keys::new_key(auth::keys::Algorithm::ES256, 0);
    let (stranger, jwk) = (Signer::from_private_key(&key.private), key.public_jwk());
    for kid in [&forger.signer.kid, &stranger.kid] {
        let header = changed(&stranger.header(), &json!({"kid": kid}));
        let plain = stranger.token(&header, &forger.claims);
        forger.refuses(&plain, "a stranger's signature").await;
        let header = changed(&header, &json!({"jwk": jwk}));
        let embedded = stranger.token(&header, &forger.claims);
        forger
            .refuses(&embedded, "a stranger's key, embedded")
            .await;
    }
}

#[tokio::test]
async fn a_member_that_comes_twice_is_refused() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    let header = forger.header.to_string();
    let claims = encode(forger.claims.to_string().as_bytes());
    for twice in [r#""alg":"none","#, r#""kid":"nobody","#, r#""typ":"JWT","#] {
        let header = encode(header.replacen('{', &format!("{{{twice}"), 1).as_bytes());
        let token = forger
            .signer
            .token_from_message(&format!("{header}.{claims}"));
        forger.refuses(&token, twice).await;
    }
    let header = encode(header.as_bytes());
    for twice in [r#""sub":"x","#, r#""exp":1,"#] {
        let claims = forger
            .claims
            .to_string()
            .replacen('{', &format!("{{{twice}"), 1);
        let message = format!("{header}.{}", encode(claims.as_bytes()));
        forger
            .refuses(&forger.signer.token_from_message(&message), twice)
            .await;
    }
}

use auth::keys::Algorithm;
use serde_json::{Value, json};

use super::{Forger, Forgery, Kind, changed, keys::new_key};
use crate::support::{Signer, TestApp, decode, encode, hmac_token, message, parts};

pub fn unsigned(forger: &Forger) -> Vec<Forgery> {
    let (_, _, real_signature) = parts(&forger.token);
    let mut all = Vec::new();
    for none in ["none", "None", "NONE", "nOnE", "none ", "", "null"] {
        let header = changed(&forger.header, &json!({"alg": none}));
        let message = message(&header, &forger.claims);
        let borrowed = format!("{message}.{}", encode(&real_signature));
        let signed = forger.with_header(&json!({"alg": none}));
        for token in [format!("{message}."), message, borrowed, signed] {
            all.push(Forgery::new(token, none));
        }
    }
    let unsigned = message(&forger.header, &forger.claims);
    all.push(Forgery::new(format!("{unsigned}."), "no signature"));
    all
}

pub fn with_other_algorithms(forger: &Forger) -> Vec<Forgery> {
    let types = [json!(["ES256"]), json!(0), json!({}), Value::Null];
    let names = ["es256", "ES384", "ES512", "ES256K", "RS256", "EdDSA"];
    types
        .into_iter()
        .chain(names.map(Value::from))
        .map(|alg| Forgery::new(forger.with_header(&json!({"alg": alg})), alg.to_string()))
        .collect()
}

#[tokio::test]
async fn unsigned_tokens_and_other_algorithms_are_refused() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    forger.refuses_all(Kind::Unsigned).await;
    forger.refuses_all(Kind::OtherAlgorithm).await;
}

/// Forges tokens with an HMAC whose secret is the public key, in each published form.
pub fn signed_with_public_keys_as_secrets(forger: &Forger) -> Vec<Forgery> {
    let published = &forger.jwks.json()["keys"][0];
    let [x, y] = ["x", "y"].map(|name| decode(published[name].as_str().unwrap()));
    let point = [&[4], x.as_slice(), &y].concat();
    let spki = spki(&point);
    let secrets = [
        forger.jwks.body.clone(),
        published.to_string().into_bytes(),
        forger.public_key.clone().into_bytes(),
        published["x"].as_str().unwrap().as_bytes().to_vec(),
        x,
        point,
        pem(&spki).into_bytes(),
        spki,
        Vec::new(),
    ];
    let mut all = Vec::new();
    for (i, secret) in secrets.iter().enumerate() {
        for alg in ["HS256", "ES256"] {
            let header = changed(&forger.header, &json!({"alg": alg}));
            let token = hmac_token(secret, &header, &forger.claims);
            all.push(Forgery::new(token, format!("secret {i} as {alg}")));
        }
    }
    all
}

#[tokio::test]
async fn a_public_key_is_not_accepted_as_an_hmac_secret() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    forger.refuses_all(Kind::PublicKeyAsSecret).await;
}

/// Encodes a point on P-256 as a `SubjectPublicKeyInfo` (RFC 5480).
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

pub fn with_unknown_keys(forger: &Forger) -> Vec<Forgery> {
    let kid = &forger.signer.kid;
    [
        json!(null),
        json!(""),
        json!("unknown"),
        json!(7),
        json!([kid]),
        json!(kid.to_uppercase()),
        json!(format!("{kid} ")),
        json!(format!("./{kid}")),
        json!(format!("../public/{kid}")),
        json!(format!("../private/{kid}")),
        json!(format!("keys/public/{kid}")),
        json!(format!("/cloakroom/cloakroom-dev/keys/public/{kid}")),
        json!("../../../../dev/null"),
        json!("http://127.0.0.1/key"),
        json!("' OR '1'='1"),
        json!("\u{0}"),
    ]
    .into_iter()
    .map(|kid| Forgery::new(forger.with_header(&json!({"kid": kid})), kid.to_string()))
    .collect()
}

#[tokio::test]
async fn a_kid_must_name_a_verifying_key() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    forger.refuses_all(Kind::UnknownKey).await;
}

pub fn with_other_types(forger: &Forger) -> Vec<Forgery> {
    [
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
    ]
    .into_iter()
    .map(|typ| Forgery::new(forger.with_header(&json!({"typ": typ})), typ.to_string()))
    .collect()
}

#[tokio::test]
async fn only_the_type_of_access_tokens_is_accepted() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    forger.refuses_all(Kind::OtherType).await;
    // `typ` is a media type and therefore case-insensitive (RFC 7515, section 4.1.9).
    for typ in ["at+jwt", "at+JWT", "AT+JWT", "application/at+jwt"] {
        forger
            .accepts(&forger.with_header(&json!({"typ": typ})), typ)
            .await;
    }
}

/// Forges tokens with header members that choose the key or the rules of their verification.
pub fn with_verification_headers(forger: &Forger) -> Vec<Forgery> {
    let own = forger.jwks.json()["keys"][0].clone();
    let jwks_uri = format!("{}/.well-known/jwks.json", forger.app.endpoint("api"));
    [
        json!({"crit": []}),
        json!({"crit": ["exp"], "exp": 1}),
        json!({"crit": ["b64"], "b64": false}),
        json!({"b64": true}),
        json!({"jku": jwks_uri}),
        json!({"jku": ""}),
        json!({"jwk": own}),
        json!({"jwk": {}}),
        json!({"x5u": "https://example.com/chain.pem"}),
        json!({"x5c": []}),
    ]
    .into_iter()
    .map(|member| Forgery::new(forger.with_header(&member), member.to_string()))
    .collect()
}

#[tokio::test]
async fn a_token_cannot_choose_its_key_or_its_verification_rules() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    forger.refuses_all(Kind::VerificationHeader).await;
    // Other members have no effect.
    let token = forger.with_header(&json!({"cty": "x", "x": 1}));
    forger.accepts(&token, "other members").await;
}

pub fn signed_with_unpublished_keys(forger: &Forger) -> Vec<Forgery> {
    let key = new_key(Algorithm::ES256, 0);
    let (unpublished, jwk) = (Signer::from_private_key(&key.private), key.public_jwk());
    let mut all = Vec::new();
    for kid in [&forger.signer.kid, &unpublished.kid] {
        let header = changed(&unpublished.header(), &json!({"kid": kid}));
        let plain = unpublished.token(&header, &forger.claims);
        all.push(Forgery::new(plain, "signed with an unpublished key"));
        let header = changed(&header, &json!({"jwk": jwk}));
        let embedded = unpublished.token(&header, &forger.claims);
        all.push(Forgery::new(
            embedded,
            "signed with an embedded unpublished key",
        ));
    }
    all
}

#[tokio::test]
async fn a_key_embedded_in_a_token_does_not_verify_it() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    forger.refuses_all(Kind::UnpublishedKey).await;
}

pub fn with_duplicate_members(forger: &Forger) -> Vec<Forgery> {
    let (header, claims) = (forger.header.to_string(), forger.claims.to_string());
    let twice = |json: &str, member: &str| {
        let json = json.replacen('{', &format!("{{{member}"), 1);
        encode(json.as_bytes())
    };
    let mut all = Vec::new();
    for member in [r#""alg":"none","#, r#""kid":"unknown","#, r#""typ":"JWT","#] {
        let message = format!("{}.{}", twice(&header, member), encode(claims.as_bytes()));
        all.push(Forgery::new(
            forger.signer.token_from_message(&message),
            member,
        ));
    }
    for member in [r#""sub":"x","#, r#""exp":1,"#] {
        let message = format!("{}.{}", encode(header.as_bytes()), twice(&claims, member));
        all.push(Forgery::new(
            forger.signer.token_from_message(&message),
            member,
        ));
    }
    all
}

#[tokio::test]
async fn a_duplicate_member_is_refused() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    forger.refuses_all(Kind::DuplicateMember).await;
}

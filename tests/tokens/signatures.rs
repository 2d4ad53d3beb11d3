use serde_json::json;

use super::Forger;
use crate::support::{TestApp, decode, encode, message, parts};

#[tokio::test]
async fn a_signature_covers_every_byte() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    let (header, claims, signature) = forger.split();
    for change in [
        json!({"sub": "01890000-0000-7000-8000-000000000000"}),
        json!({"roles": ["admin"]}),
        json!({"exp": 9_999_999_999_i64}),
        json!({"more": 1}),
    ] {
        let claims = super::changed(&forger.claims, &change);
        let token = format!("{}.{signature}", message(&forger.header, &claims));
        forger.refuses(&token, &change.to_string()).await;
    }
    // The same JSON in other bytes.
    let spaced = forger.claims.to_string().replacen(':', ": ", 1);
    let spaced = format!("{header}.{}.{signature}", encode(spaced.as_bytes()));
    forger
        .refuses(&spaced, "another spelling of the claims")
        .await;
    let other = app.new_user("bob@example.com").await.token;
    let (_, _, others) = parts(&other);
    let borrowed = format!("{header}.{claims}.{}", encode(&others));
    forger.refuses(&borrowed, "another token's signature").await;
}

#[tokio::test]
async fn a_signature_that_is_changed_is_none() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    let (header, claims, signature) = forger.split();
    let bytes = decode(signature);
    for bit in [0, 7, 255, 256, 300, 511] {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        let token = format!("{header}.{claims}.{}", encode(&flipped));
        forger.refuses(&token, &format!("bit {bit}")).await;
    }
    let (r, s) = bytes.split_at(32);
    for (what, bytes) in [
        ("zero", vec![0; 64]),
        ("r alone", r.to_vec()),
        ("in the other order", [s, r].concat()),
        ("r = 0", [&[0; 32], s].concat()),
        ("s = 0", [r, &[0; 32]].concat()),
        ("one byte more", [&bytes, &[0][..]].concat()),
        ("as ASN.1", der(r, s)),
    ] {
        let token = format!("{header}.{claims}.{}", encode(&bytes));
        forger.refuses(&token, what).await;
    }
}

/// An ECDSA signature as X.509 writes it (RFC 3279, section 2.2.3).
fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
    let integer = |bytes: &[u8]| {
        let sign = if bytes[0] < 0x80 { &[][..] } else { &[0] };
        let length = u8::try_from(sign.len() + bytes.len()).unwrap();
        [&[2, length], sign, bytes].concat()
    };
    let both = [integer(r), integer(s)].concat();
    [&[0x30, u8::try_from(both.len()).unwrap()], both.as_slice()].concat()
}

/// A token has one text, or a list of refused ones could be passed by.
#[tokio::test]
async fn a_token_has_one_spelling() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    let (header, claims, signature) = forger.split();
    // The last character of a signature carries two bits that are not part of it.
    let last = signature.chars().last().unwrap();
    let twin = if last == 'A' || last == 'Q' || last == 'g' || last == 'w' {
        char::from_u32(u32::from(last) + 1).unwrap()
    } else {
        panic!("not canonical: {signature}")
    };
    let twin = format!("{}{twin}", &signature[..signature.len() - 1]);
    for (what, token) in [
        ("spare bits", format!("{header}.{claims}.{twin}")),
        ("padding", format!("{header}.{claims}.{signature}==")),
        ("padded claims", format!("{header}.{claims}=.{signature}")),
        ("a fourth part", format!("{header}.{claims}.{signature}.")),
        ("five parts", format!("{header}.{claims}.{signature}.a.b")),
        ("a part in front", format!(".{header}.{claims}.{signature}")),
        ("a line break", format!("{header}.{claims}.{signature}%0A")),
        ("a space inside", format!("{header}. {claims}.{signature}")),
        ("quotes", format!("\"{header}.{claims}.{signature}\"")),
    ] {
        forger.refuses(&token, what).await;
    }
}

#[tokio::test]
async fn a_token_that_is_cut_short_is_none() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    let token = &forger.token;
    for length in [
        1,
        2,
        10,
        100,
        token.len() / 2,
        token.len() - 2,
        token.len() - 1,
    ] {
        forger
            .refuses(&token[..length], &format!("{length} characters"))
            .await;
    }
    let (header, claims, signature) = forger.split();
    for rest in [
        ".".to_owned(),
        "..".to_owned(),
        header.to_owned(),
        format!("{header}.{claims}"),
        format!("{header}.{claims}."),
        format!("{header}..{signature}"),
        format!(".{claims}.{signature}"),
        format!("{claims}.{header}.{signature}"),
    ] {
        forger.refuses(&rest, &rest).await;
    }
}

/// Signed as it should be: only its length is wrong, and nobody parses it to find that out.
#[tokio::test]
async fn a_token_longer_than_any_of_ours_is_refused() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    let long = |bytes: usize| forger.with_claims(&json!({"jti": "x".repeat(bytes * 3 / 4)}));
    let nine = long(9 * 1024);
    assert!((9_000..10_000).contains(&nine.len()), "{}", nine.len());
    forger.refuses(&nine, "9 KB").await;
    forger.accepts(&long(7 * 1024), "7 KB").await;
}

impl Forger<'_> {
    /// The three parts of the system's own token, as they were sent.
    fn split(&self) -> (&str, &str, &str) {
        let mut parts = self.token.split('.');
        let mut next = || parts.next().unwrap();
        (next(), next(), next())
    }
}

use serde_json::json;

use super::{Forger, Forgery, Kind, changed};
use crate::support::{TestApp, decode, encode, message, parts};

/// Combines signatures with headers and claims that they were not computed for.
pub fn with_changed_content(forger: &Forger) -> Vec<Forgery> {
    let (header, claims, signature) = forger.split();
    let mut all = Vec::new();
    for change in [
        json!({"sub": "01890000-0000-7000-8000-000000000000"}),
        json!({"roles": ["admin"]}),
        json!({"exp": 9_999_999_999_i64}),
        json!({"more": 1}),
    ] {
        let claims = changed(&forger.claims, &change);
        let token = format!("{}.{signature}", message(&forger.header, &claims));
        all.push(Forgery::new(token, change.to_string()));
    }
    let spaced = forger.claims.to_string().replacen(':', ": ", 1);
    let spaced = format!("{header}.{}.{signature}", encode(spaced.as_bytes()));
    all.push(Forgery::new(
        spaced,
        "the same claims with an additional space in the JSON",
    ));
    let (_, _, other) = parts(&forger.other_token);
    let borrowed = format!("{header}.{claims}.{}", encode(&other));
    all.push(Forgery::new(borrowed, "another token's signature"));
    all
}

#[tokio::test]
async fn a_signature_covers_all_bytes_of_a_token() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    forger.refuses_all(Kind::ChangedContent).await;
}

pub fn with_changed_signatures(forger: &Forger) -> Vec<Forgery> {
    let (header, claims, signature) = forger.split();
    let bytes = decode(signature);
    let mut all = Vec::new();
    let mut push = |bytes: &[u8], what: &str| {
        let token = format!("{header}.{claims}.{}", encode(bytes));
        all.push(Forgery::new(token, what));
    };
    for bit in [0, 7, 255, 256, 300, 511] {
        let mut flipped = bytes.clone();
        flipped[bit / 8] ^= 1 << (bit % 8);
        push(&flipped, &format!("bit {bit}"));
    }
    let (r, s) = bytes.split_at(32);
    push(&[0; 64], "zero");
    push(r, "r alone");
    push(&[s, r].concat(), "r and s exchanged");
    push(&[&[0; 32], s].concat(), "r = 0");
    push(&[r, &[0; 32]].concat(), "s = 0");
    push(&[&bytes, &[0][..]].concat(), "an additional byte");
    push(&der(r, s), "encoded in ASN.1");
    all
}

#[tokio::test]
async fn a_changed_signature_is_refused() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    forger.refuses_all(Kind::ChangedSignature).await;
}

/// Encodes an ECDSA signature in ASN.1 (RFC 3279, section 2.2.3).
fn der(r: &[u8], s: &[u8]) -> Vec<u8> {
    let integer = |bytes: &[u8]| {
        let sign = if bytes[0] < 0x80 { &[][..] } else { &[0] };
        let length = u8::try_from(sign.len() + bytes.len()).unwrap();
        [&[2, length], sign, bytes].concat()
    };
    let both = [integer(r), integer(s)].concat();
    [&[0x30, u8::try_from(both.len()).unwrap()], both.as_slice()].concat()
}

pub fn other_encodings(forger: &Forger) -> Vec<Forgery> {
    let (header, claims, signature) = forger.split();
    // The last character of an encoded signature has spare bits, which must be zero.
    let last = signature.chars().last().unwrap();
    assert!("AQgw".contains(last), "not canonical: {signature}");
    let last = char::from_u32(u32::from(last) + 1).unwrap();
    let with_spare_bits = format!("{}{last}", &signature[..signature.len() - 1]);
    [
        ("spare bits", format!("{header}.{claims}.{with_spare_bits}")),
        ("padding", format!("{header}.{claims}.{signature}==")),
        ("padded claims", format!("{header}.{claims}=.{signature}")),
        ("a fourth part", format!("{header}.{claims}.{signature}.")),
        ("five parts", format!("{header}.{claims}.{signature}.a.b")),
        (
            "an empty first part",
            format!(".{header}.{claims}.{signature}"),
        ),
        ("a line break", format!("{header}.{claims}.{signature}%0A")),
        ("a space inside", format!("{header}. {claims}.{signature}")),
        ("quotes", format!("\"{header}.{claims}.{signature}\"")),
    ]
    .into_iter()
    .map(|(what, token)| Forgery::new(token, what))
    .collect()
}

/// Otherwise a list of revoked tokens could be evaded.
#[tokio::test]
async fn a_token_has_one_encoding() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    forger.refuses_all(Kind::OtherEncoding).await;
}

pub fn truncated(forger: &Forger) -> Vec<Forgery> {
    let token = &forger.token;
    let lengths = [
        1,
        2,
        10,
        100,
        token.len() / 2,
        token.len() - 2,
        token.len() - 1,
    ];
    let beginnings = lengths.map(|length| {
        let what = format!("{length} characters");
        Forgery::new(token[..length].to_owned(), what)
    });
    let (header, claims, signature) = forger.split();
    let rest = [
        ".".to_owned(),
        "..".to_owned(),
        header.to_owned(),
        format!("{header}.{claims}"),
        format!("{header}.{claims}."),
        format!("{header}..{signature}"),
        format!(".{claims}.{signature}"),
        format!("{claims}.{header}.{signature}"),
    ];
    let rest = rest.map(|rest| Forgery::new(rest.clone(), rest));
    beginnings.into_iter().chain(rest).collect()
}

#[tokio::test]
async fn a_truncated_token_is_refused() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    forger.refuses_all(Kind::Truncated).await;
}

/// Signs a token that is longer by about this many bytes.
fn long(forger: &Forger, bytes: usize) -> String {
    forger.with_claims(&json!({"jti": "x".repeat(bytes * 3 / 4)}))
}

pub fn too_long(forger: &Forger) -> Vec<Forgery> {
    let nine = long(forger, 9 * 1024);
    assert!((9_000..10_000).contains(&nine.len()), "{}", nine.len());
    vec![Forgery::new(nine, "9 KB")]
}

/// The signature is valid. The length is checked before the token is parsed.
#[tokio::test]
async fn a_token_over_the_length_limit_is_refused() {
    let app = TestApp::start();
    let forger = Forger::new(&app).await;
    forger.refuses_all(Kind::TooLong).await;
    forger.accepts(&long(&forger, 7 * 1024), "7 KB").await;
}

impl Forger<'_> {
    /// Splits the issued token into its three encoded parts.
    fn split(&self) -> (&str, &str, &str) {
        let mut parts = self.token.split('.');
        let mut next = || parts.next().unwrap();
        (next(), next(), next())
    }
}

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    hmac,
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
    },
};
use serde_json::{Value, json};

/// A signing key of a system, with which a test signs what the system never would. It shares no code with the system.
pub struct Signer {
    pub kid: String,
    pub alg: String,
    raw: Vec<u8>,
}

impl Signer {
    /// From the value of a parameter `keys/private/{kid}`.
    pub fn of(private: &str) -> Self {
        let key: Value = serde_json::from_str(private).unwrap();
        let text = |name: &str| key[name].as_str().unwrap().to_owned();
        Self {
            kid: text("kid"),
            alg: text("alg"),
            raw: URL_SAFE_NO_PAD.decode(text("key")).unwrap(),
        }
    }

    /// The header of the tokens that the system signs with this key.
    pub fn header(&self) -> Value {
        json!({"typ": "at+jwt", "alg": self.alg, "kid": self.kid})
    }

    /// A token with this header and these claims, whatever they are, and a good signature.
    pub fn token(&self, header: &Value, claims: &Value) -> String {
        self.token_of(&message(header, claims))
    }

    /// A token with these first two parts, already encoded.
    pub fn token_of(&self, message: &str) -> String {
        let signature = encode(&self.sign(message.as_bytes()));
        format!("{message}.{signature}")
    }

    fn sign(&self, message: &[u8]) -> Vec<u8> {
        let rng = SystemRandom::new();
        match self.alg.as_str() {
            "HS256" => hs256(&self.raw, message),
            "RS256" => {
                let pair = RsaKeyPair::from_pkcs8(&self.raw).unwrap();
                let mut signature = vec![0; pair.public().modulus_len()];
                pair.sign(&RSA_PKCS1_SHA256, &rng, message, &mut signature)
                    .unwrap();
                signature
            }
            "ES256" => {
                let pair =
                    EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &self.raw, &rng);
                let signature = pair.unwrap().sign(&rng, message).unwrap();
                signature.as_ref().to_vec()
            }
            "EdDSA" => {
                let pair = Ed25519KeyPair::from_pkcs8(&self.raw).unwrap();
                pair.sign(message).as_ref().to_vec()
            }
            other => panic!("no such algorithm: {other}"),
        }
    }
}

/// A token with an HMAC over it, made with any bytes at all.
pub fn hmac_token(secret: &[u8], header: &Value, claims: &Value) -> String {
    let message = message(header, claims);
    let signature = encode(&hs256(secret, message.as_bytes()));
    format!("{message}.{signature}")
}

/// The first two parts of a token.
pub fn message(header: &Value, claims: &Value) -> String {
    let [header, claims] = [header, claims].map(|part| encode(part.to_string().as_bytes()));
    format!("{header}.{claims}")
}

/// The parts of a token: header, claims, signature.
pub fn parts(token: &str) -> (Value, Value, Vec<u8>) {
    let parts: Vec<_> = token.split('.').map(decode).collect();
    let [header, claims, signature] = parts.as_slice() else {
        panic!("not three parts: {token}")
    };
    let json = |part| serde_json::from_slice(part).unwrap();
    (json(header), json(claims), signature.clone())
}

pub fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

pub fn decode(text: &str) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text).unwrap()
}

fn hs256(secret: &[u8], message: &[u8]) -> Vec<u8> {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret);
    hmac::sign(&key, message).as_ref().to_vec()
}

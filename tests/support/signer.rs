use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use ring::{
    hmac,
    rand::SystemRandom,
    signature::{
        ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RSA_PKCS1_SHA256, RsaKeyPair,
    },
};
use serde_json::{Value, json};

/// A signing key of a system, for tokens that the system would never issue. Shares no code with the system.
pub struct Signer {
    pub kid: String,
    pub alg: String,
    raw: Vec<u8>,
}

impl Signer {
    /// Reads the value of a parameter `keys/private/{kid}`.
    pub fn from_private_key(private: &str) -> Self {
        let key: Value = serde_json::from_str(private).unwrap();
        let text = |name: &str| key[name].as_str().unwrap().to_owned();
        Self {
            kid: text("kid"),
            alg: text("alg"),
            raw: URL_SAFE_NO_PAD.decode(text("key")).unwrap(),
        }
    }

    /// Returns the header of the tokens that the system signs with this key.
    pub fn header(&self) -> Value {
        json!({"typ": "at+jwt", "alg": self.alg, "kid": self.kid})
    }

    /// Signs any header and claims. The signature is valid.
    pub fn token(&self, header: &Value, claims: &Value) -> String {
        self.token_from_message(&message(header, claims))
    }

    /// Signs the first two parts of a token, already encoded.
    pub fn token_from_message(&self, message: &str) -> String {
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

/// Signs a token with HMAC, with any bytes as the key.
pub fn hmac_token(secret: &[u8], header: &Value, claims: &Value) -> String {
    let message = message(header, claims);
    let signature = encode(&hs256(secret, message.as_bytes()));
    format!("{message}.{signature}")
}

/// Encodes the first two parts of a token.
pub fn message(header: &Value, claims: &Value) -> String {
    let [header, claims] = [header, claims].map(|part| encode(part.to_string().as_bytes()));
    format!("{header}.{claims}")
}

/// Decodes the parts of a token: header, claims, signature.
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

use unicode_normalization::UnicodeNormalization as _;

use crate::{Invalid, display_text};

/// The longest name that common file systems accept, in bytes.
const MAX_FILENAME_BYTES: usize = 255;
const MAX_CONTENT_TYPE_BYTES: usize = 255;

const BAD_FILENAME: Invalid = Invalid::new(
    "invalid_filename",
    "A file name without a path is required: 1 to 255 bytes, at least one visible character, no slashes, no control \
        characters, no characters that change the direction of text, not `.` or `..`.",
);
const BAD_CONTENT_TYPE: Invalid = Invalid::new(
    "invalid_content_type",
    "The media type is not valid. Send one like image/png or text/plain; charset=utf-8.",
);
const BAD_SHA256: Invalid = Invalid::new(
    "invalid_sha256",
    "The digest is not valid. Send a SHA-256 digest as 64 hexadecimal digits or 44 characters of base64.",
);

/// A file's name without a path, in NFC.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Filename(String);

impl Filename {
    /// Parses a name.
    ///
    /// # Errors
    /// When no character is visible, it is longer than 255 bytes, names a directory, or contains slashes, control characters or
    /// bidirectional controls.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let name: String = text.nfc().collect();
        let fits = (1..=MAX_FILENAME_BYTES).contains(&name.len());
        let is_path = name.contains(['/', '\\']) || name == "." || name == "..";
        // `photo\u{202e}gnp.exe` would be shown as `photoexe.png`.
        if fits && !is_path && display_text::check(&name).is_ok() {
            Ok(Self(name))
        } else {
            Err(BAD_FILENAME)
        }
    }

    /// A name from the table. It is not parsed again.
    #[must_use]
    pub fn stored(name: String) -> Self {
        Self(name)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A media type (RFC 9110, section 8.3.1).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ContentType(String);

impl ContentType {
    /// The media type of a file without one.
    #[must_use]
    pub fn unknown() -> Self {
        Self("application/octet-stream".to_owned())
    }

    /// Parses a media type, parameters included.
    ///
    /// # Errors
    /// When it is not a media type, or longer than 255 bytes.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let token = |part: &str| !part.is_empty() && part.bytes().all(is_token);
        let mut parts = text.splitn(2, ';');
        let essence = parts.next().unwrap_or_default().trim_end();
        let named = essence
            .split_once('/')
            .is_some_and(|(kind, subtype)| token(kind) && token(subtype));
        // S3 signs it and sends it as a header.
        let visible = text.bytes().all(|byte| (b' '..=b'~').contains(&byte));
        if named && visible && text.len() <= MAX_CONTENT_TYPE_BYTES && text.trim() == text {
            Ok(Self(text.to_owned()))
        } else {
            Err(BAD_CONTENT_TYPE)
        }
    }

    /// A type from the table. It is not parsed again.
    #[must_use]
    pub fn stored(text: String) -> Self {
        Self(text)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// RFC 9110, section 5.6.2.
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// A SHA-256 digest, as its sender wrote it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Sha256 {
    text: String,
    bytes: [u8; 32],
}

impl Sha256 {
    /// Parses hexadecimal digits, or base64 as S3 writes digests.
    ///
    /// # Errors
    /// When it is neither, or not of 32 bytes.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let bytes = of_hex(text).or_else(|| of_base64(text)).ok_or(BAD_SHA256)?;
        Ok(Self {
            text: text.to_owned(),
            bytes,
        })
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The digest.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.bytes
    }
}

fn of_hex(text: &str) -> Option<[u8; 32]> {
    let digits = text
        .chars()
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<Vec<u8>>>()?;
    let bytes: Vec<u8> = digits
        .chunks(2)
        .map(|pair| pair.iter().fold(0, |sum, digit| sum << 4 | digit))
        .collect();
    (digits.len() == 64).then(|| bytes.try_into().ok())?
}

fn of_base64(text: &str) -> Option<[u8; 32]> {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    STANDARD.decode(text).ok()?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filename_is_not_a_path() {
        for good in [
            "a.png",
            "Über uns.pdf",
            "..a",
            "a..",
            "日本語.txt",
            ".hidden",
            "Screenshot 3.45\u{202f}PM.png",
            "\u{1f469}\u{200d}\u{1f4bb}.png",
            "\u{6a9}\u{62a}\u{627}\u{628}\u{200c}\u{647}\u{627}.pdf",
        ] {
            assert!(Filename::parse(good).is_ok(), "{good}");
        }
        let long = "a".repeat(256);
        for bad in [
            "",
            " ",
            ".",
            "..",
            "../a",
            "a/b",
            "a\\b",
            "/etc/passwd",
            "a\0",
            "a\nb",
            "a\u{202e}gpj.exe",
            "a\u{200e}.txt",
            "a\u{61c}.txt",
            "a\u{2028}b.txt",
            "\u{200b}",
            "\u{2800}",
            &long,
        ] {
            assert_eq!(Filename::parse(bad), Err(BAD_FILENAME), "{bad:?}");
        }
    }

    #[test]
    fn a_content_type_is_a_media_type() {
        for good in [
            "image/png",
            "text/plain; charset=utf-8",
            "application/vnd.api+json",
        ] {
            assert!(ContentType::parse(good).is_ok(), "{good}");
        }
        for bad in [
            "",
            "png",
            "image/",
            "/png",
            "image/png\r\nx: y",
            " image/png",
            "im age/png",
            "text/pläin",
        ] {
            assert_eq!(ContentType::parse(bad), Err(BAD_CONTENT_TYPE), "{bad:?}");
        }
    }

    #[test]
    fn a_digest_has_32_bytes_in_either_writing() {
        let hex = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
        let base64 = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";
        let read = |text| Sha256::parse(text).map(|digest| *digest.as_bytes());
        assert_eq!(read(hex), read(base64));
        assert_eq!(read(&hex.to_uppercase()), read(hex));
        for bad in [
            "",
            "abc",
            &hex[1..],
            &base64[1..],
            "47DEQpj8",
            &format!("{hex}00"),
        ] {
            assert_eq!(Sha256::parse(bad), Err(BAD_SHA256), "{bad}");
        }
    }
}

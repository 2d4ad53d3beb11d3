//! Percent-decoding. Invalid UTF-8 becomes replacement characters.

use percent_encoding::percent_decode_str;

/// Decodes a part of a path.
pub(crate) fn decode(text: &str) -> String {
    percent_decode_str(text).decode_utf8_lossy().into_owned()
}

/// Decodes a name or value of a query string, where `+` is a space.
pub(crate) fn decode_query(text: &str) -> String {
    decode(&text.replace('+', " "))
}

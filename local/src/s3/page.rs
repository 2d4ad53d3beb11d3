//! Pagination of listings.

use std::{ops::Bound, sync::Arc};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::{
    S3Result,
    dto::{CommonPrefix, EncodingType},
    s3_error,
};

use super::store::{Keys, Version};

/// The characters that URL encoding of keys does not change.
const UNENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'/')
    .remove(b'_')
    .remove(b'~');

/// The maximum number of entries of a page.
const MAX_KEYS: i32 = 1000;

/// One page of the keys with `prefix`: the entries and the common prefixes.
pub(crate) struct Page<'a> {
    prefix: &'a str,
    delimiter: &'a str,
    limit: usize,
    pub(crate) prefixes: Vec<String>,
    pub(crate) entries: usize,
}

/// How a key appears on a page.
pub(crate) enum Placement {
    /// The key is an entry.
    Entry,
    /// The key is represented by a common prefix.
    InPrefix,
    /// The page is full.
    PageFull,
}

impl Page<'_> {
    /// Places the next key on the page.
    pub(crate) fn place(&mut self, key: &str) -> Placement {
        let rest = key.get(self.prefix.len()..).unwrap_or_default();
        let end = match self.delimiter {
            "" => None,
            delimiter => rest.find(delimiter).map(|index| index + delimiter.len()),
        };
        match end {
            None if self.has_room() => {
                self.entries += 1;
                Placement::Entry
            }
            None => Placement::PageFull,
            Some(end) => {
                let common = &key[..self.prefix.len() + end];
                if self.prefixes.last().is_some_and(|last| last == common) {
                    return Placement::InPrefix;
                }
                if !self.has_room() {
                    return Placement::PageFull;
                }
                self.prefixes.push(common.to_owned());
                Placement::InPrefix
            }
        }
    }

    fn has_room(&self) -> bool {
        self.entries + self.prefixes.len() < self.limit
    }

    pub(crate) fn common_prefixes(&self, encode: impl Fn(&str) -> String) -> Vec<CommonPrefix> {
        let prefix = |prefix: &String| CommonPrefix {
            prefix: Some(encode(prefix)),
        };
        self.prefixes.iter().map(prefix).collect()
    }
}

/// Lists the keys after `after` that start with `prefix`. `after` may be a common prefix.
pub(crate) fn following<'a>(
    keys: &'a Keys,
    prefix: &'a str,
    delimiter: &'a str,
    after: &'a str,
) -> impl Iterator<Item = (&'a String, &'a [Arc<Version>])> {
    let start = if prefix > after {
        Bound::Included(prefix)
    } else {
        Bound::Excluded(after)
    };
    let is_in_prefix = move |key: &str| {
        !delimiter.is_empty()
            && after.len() > prefix.len()
            && after.ends_with(delimiter)
            && key.starts_with(after)
    };
    keys.range::<str, _>((start, Bound::Unbounded))
        .take_while(move |(key, _)| key.starts_with(prefix))
        .filter(move |(key, _)| !is_in_prefix(key))
        .map(|(key, versions)| (key, versions.as_slice()))
}

pub(crate) fn page<'a>(prefix: &'a str, delimiter: &'a str, max_keys: i32) -> Page<'a> {
    Page {
        prefix,
        delimiter,
        limit: usize::try_from(max_keys).unwrap_or_default(),
        prefixes: Vec::new(),
        entries: 0,
    }
}

/// Returns the page size.
pub(crate) fn max(requested: Option<i32>) -> S3Result<i32> {
    match requested {
        None => Ok(MAX_KEYS),
        Some(requested) if requested < 0 => Err(s3_error!(
            InvalidArgument,
            "Argument must be an integer between 0 and 2147483647"
        )),
        Some(requested) => Ok(requested.min(MAX_KEYS)),
    }
}

/// Returns the encoding of keys in the response. XML cannot represent all keys.
pub(crate) fn encoder(encoding: Option<&EncodingType>) -> S3Result<fn(&str) -> String> {
    match encoding.map(EncodingType::as_str) {
        None => Ok(str::to_owned),
        Some(EncodingType::URL) => Ok(|key| utf8_percent_encode(key, UNENCODED).to_string()),
        Some(_) => Err(s3_error!(
            InvalidArgument,
            "Invalid Encoding Method specified in Request"
        )),
    }
}

pub(crate) fn decode_token(token: &str) -> S3Result<String> {
    let invalid = || {
        s3_error!(
            InvalidArgument,
            "The continuation token provided is incorrect"
        )
    };
    let bytes = BASE64_URL_SAFE_NO_PAD
        .decode(token)
        .map_err(|_| invalid())?;
    String::from_utf8(bytes).map_err(|_| invalid())
}

/// Creates the token for the page after `key`.
pub(crate) fn token(key: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(key)
}

//! Pages of listings.

use std::{ops::Bound, sync::Arc};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use s3s::{
    S3Result,
    dto::{CommonPrefix, EncodingType},
    s3_error,
};

use super::store::{Keys, Version};

/// What stays as it is in a key that is URL-encoded.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'/')
    .remove(b'_')
    .remove(b'~');

/// The most entries of one page.
const MAX_KEYS: i32 = 1000;

/// One page of what begins with `prefix`: the entries, and the prefixes that stand for many.
pub(crate) struct Page<'a> {
    prefix: &'a str,
    delimiter: &'a str,
    limit: usize,
    pub(crate) prefixes: Vec<String>,
    pub(crate) entries: usize,
}

/// What to do with a key.
pub(crate) enum Place {
    /// It is an entry.
    Entry,
    /// It is behind a prefix that the page holds.
    Behind,
    /// The page is full.
    Next,
}

impl Page<'_> {
    pub(crate) fn place(&mut self, key: &str) -> Place {
        let rest = key.get(self.prefix.len()..).unwrap_or_default();
        let end = match self.delimiter {
            "" => None,
            delimiter => rest.find(delimiter).map(|index| index + delimiter.len()),
        };
        match end {
            None if self.has_room() => {
                self.entries += 1;
                Place::Entry
            }
            None => Place::Next,
            Some(end) => {
                let common = &key[..self.prefix.len() + end];
                if self.prefixes.last().is_some_and(|last| last == common) {
                    return Place::Behind;
                }
                if !self.has_room() {
                    return Place::Next;
                }
                self.prefixes.push(common.to_owned());
                Place::Behind
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

/// The keys after `after` that begin with `prefix`; `after` may be a prefix that stood for many.
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
    let is_behind = move |key: &str| {
        !delimiter.is_empty()
            && after.len() > prefix.len()
            && after.ends_with(delimiter)
            && key.starts_with(after)
    };
    keys.range::<str, _>((start, Bound::Unbounded))
        .take_while(move |(key, _)| key.starts_with(prefix))
        .filter(move |(key, _)| !is_behind(key))
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

/// The number of entries that a page may have.
pub(crate) fn max(asked: Option<i32>) -> S3Result<i32> {
    match asked {
        None => Ok(MAX_KEYS),
        Some(asked) if asked < 0 => Err(s3_error!(
            InvalidArgument,
            "Argument must be an integer between 0 and 2147483647"
        )),
        Some(asked) => Ok(asked.min(MAX_KEYS)),
    }
}

/// How keys are written in the answer: XML cannot hold all of them.
pub(crate) fn encoder(encoding: Option<&EncodingType>) -> S3Result<fn(&str) -> String> {
    match encoding.map(EncodingType::as_str) {
        None => Ok(str::to_owned),
        Some(EncodingType::URL) => Ok(|key| utf8_percent_encode(key, KEPT).to_string()),
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

/// The token for the page after `key`.
pub(crate) fn token(key: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(key)
}

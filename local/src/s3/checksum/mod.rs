//! The checksum of an object, in addition to its `ETag`.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html>

use base64::{Engine, prelude::BASE64_STANDARD};
use http::HeaderMap;
use s3s::{
    S3Result,
    checksum::ChecksumHasher,
    crypto::{Checksum as _, Crc32, Crc32c, Crc64Nvme, Sha1, Sha256},
    dto::{self, ChecksumAlgorithm},
    s3_error,
};
use serde::{Deserialize, Serialize};

/// A checksum algorithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Algorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha1,
    Sha256,
}

/// A stored checksum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Checksum {
    pub(crate) algorithm: Algorithm,
    /// Base64. A composite checksum has `-` and the number of parts appended.
    pub(crate) value: String,
    /// Whether it was computed from the checksums of the parts.
    pub(crate) composite: bool,
}

/// The checksum that a request declares for its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Declared {
    pub(crate) algorithm: Algorithm,
    /// `None` when the value is in a trailer, or only the algorithm is given.
    pub(crate) value: Option<String>,
    /// Whether the value is in a trailer.
    pub(crate) is_trailer: bool,
}

const ALL: [Algorithm; 5] = [
    Algorithm::Crc32,
    Algorithm::Crc32c,
    Algorithm::Crc64Nvme,
    Algorithm::Sha1,
    Algorithm::Sha256,
];

impl Algorithm {
    pub(crate) fn parse(name: &ChecksumAlgorithm) -> S3Result<Self> {
        ALL.into_iter()
            .find(|algorithm| algorithm.name() == name.as_str())
            .ok_or_else(|| {
                s3_error!(
                    InvalidRequest,
                    "Checksum algorithm provided is unsupported."
                )
            })
    }

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Crc32 => ChecksumAlgorithm::CRC32,
            Self::Crc32c => ChecksumAlgorithm::CRC32C,
            Self::Crc64Nvme => ChecksumAlgorithm::CRC64NVME,
            Self::Sha1 => ChecksumAlgorithm::SHA1,
            Self::Sha256 => ChecksumAlgorithm::SHA256,
        }
    }

    fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
        }
    }

    pub(crate) fn hasher(self) -> ChecksumHasher {
        let mut hasher = ChecksumHasher::default();
        match self {
            Self::Crc32 => hasher.crc32 = Some(Crc32::new()),
            Self::Crc32c => hasher.crc32c = Some(Crc32c::new()),
            Self::Crc64Nvme => hasher.crc64nvme = Some(Crc64Nvme::new()),
            Self::Sha1 => hasher.sha1 = Some(Sha1::new()),
            Self::Sha256 => hasher.sha256 = Some(Sha256::new()),
        }
        hasher
    }

    /// Finishes a hasher of this algorithm.
    pub(crate) fn finish(self, hasher: ChecksumHasher) -> Checksum {
        let sums = hasher.finalize();
        let value = match self {
            Self::Crc32 => sums.checksum_crc32,
            Self::Crc32c => sums.checksum_crc32c,
            Self::Crc64Nvme => sums.checksum_crc64nvme,
            Self::Sha1 => sums.checksum_sha1,
            Self::Sha256 => sums.checksum_sha256,
        };
        Checksum {
            algorithm: self,
            value: value.unwrap_or_default(),
            composite: false,
        }
    }

    fn length(self) -> usize {
        match self {
            Self::Crc32 | Self::Crc32c => 4,
            Self::Crc64Nvme => 8,
            Self::Sha1 => 20,
            Self::Sha256 => 32,
        }
    }
}

/// Parses the declared checksum: `given` are the values of the checksum headers or fields, `algorithm` the named
/// algorithm.
pub(crate) fn declared(
    given: [Option<String>; 5],
    algorithm: Option<&ChecksumAlgorithm>,
    headers: &HeaderMap,
) -> S3Result<Option<Declared>> {
    let trailer = headers
        .get("x-amz-trailer")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let mut found = Vec::new();
    for (algorithm, value) in ALL.into_iter().zip(given) {
        let is_trailer = trailer
            .split(',')
            .any(|name| name.trim().eq_ignore_ascii_case(algorithm.header()));
        if let Some(value) = &value
            && BASE64_STANDARD
                .decode(value)
                .map_or(true, |bytes| bytes.len() != algorithm.length())
        {
            let header = algorithm.header();
            return Err(s3_error!(
                InvalidRequest,
                "Value for {header} header is invalid."
            ));
        }
        if value.is_some() || is_trailer {
            found.push(Declared {
                algorithm,
                is_trailer: value.is_none(),
                value,
            });
        }
    }
    if found.len() > 1 {
        return Err(s3_error!(
            InvalidRequest,
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
        ));
    }
    match (found.pop(), algorithm) {
        (None, Some(algorithm)) => Ok(Some(Declared {
            algorithm: Algorithm::parse(algorithm)?,
            value: None,
            is_trailer: false,
        })),
        (found, _) => Ok(found),
    }
}

impl Declared {
    /// Compares the declared checksum with the computed one.
    pub(crate) fn verify(&self, actual: &Checksum, trailers: Option<&HeaderMap>) -> S3Result<()> {
        let header = self.algorithm.header();
        let expected = if self.is_trailer {
            let value = trailers.and_then(|trailers| trailers.get(header)?.to_str().ok());
            match value {
                Some(value) => value,
                None => {
                    return Err(s3_error!(
                        InvalidRequest,
                        "The trailer {header} is missing from the body."
                    ));
                }
            }
        } else {
            match &self.value {
                Some(value) => value,
                None => return Ok(()),
            }
        };
        if expected == actual.value {
            return Ok(());
        }
        Err(s3_error!(
            BadDigest,
            "The {} you specified did not match the calculated checksum.",
            self.algorithm.name()
        ))
    }
}

impl Checksum {
    /// Computes a composite checksum from the checksums of parts.
    pub(crate) fn composite<'a>(
        algorithm: Algorithm,
        parts: impl Iterator<Item = &'a Self>,
    ) -> Option<Self> {
        let mut hasher = algorithm.hasher();
        let mut count = 0;
        for part in parts {
            hasher.update(&BASE64_STANDARD.decode(&part.value).ok()?);
            count += 1;
        }
        let whole = algorithm.finish(hasher);
        Some(Self {
            value: format!("{}-{count}", whole.value),
            composite: true,
            ..whole
        })
    }

    /// Converts the checksum to the fields of a response.
    pub(crate) fn fields(&self) -> dto::Checksum {
        let value = Some(self.value.clone());
        let mut fields = dto::Checksum {
            checksum_type: Some(dto::ChecksumType::from_static(if self.composite {
                dto::ChecksumType::COMPOSITE
            } else {
                dto::ChecksumType::FULL_OBJECT
            })),
            ..dto::Checksum::default()
        };
        match self.algorithm {
            Algorithm::Crc32 => fields.checksum_crc32 = value,
            Algorithm::Crc32c => fields.checksum_crc32c = value,
            Algorithm::Crc64Nvme => fields.checksum_crc64nvme = value,
            Algorithm::Sha1 => fields.checksum_sha1 = value,
            Algorithm::Sha256 => fields.checksum_sha256 = value,
        }
        fields
    }
}

/// Returns the checksum fields of a request, in the order that [`declared`] expects.
macro_rules! given {
    ($input:expr) => {
        [
            $input.checksum_crc32.clone(),
            $input.checksum_crc32c.clone(),
            $input.checksum_crc64nvme.clone(),
            $input.checksum_sha1.clone(),
            $input.checksum_sha256.clone(),
        ]
    };
}

/// Sets the checksum fields of a response.
macro_rules! set_checksum {
    ($output:expr, $checksum:expr) => {
        if let Some(checksum) = $checksum {
            let fields = checksum.fields();
            $output.checksum_crc32 = fields.checksum_crc32;
            $output.checksum_crc32c = fields.checksum_crc32c;
            $output.checksum_crc64nvme = fields.checksum_crc64nvme;
            $output.checksum_sha1 = fields.checksum_sha1;
            $output.checksum_sha256 = fields.checksum_sha256;
        }
    };
}

pub(crate) use {given, set_checksum};

#[cfg(test)]
mod tests;

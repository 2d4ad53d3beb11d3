//! The bytes of objects, in files that are written once while the bytes arrive and never changed.

use std::{
    fs::{self, File},
    io::{self, Read, Seek, SeekFrom, Write},
    ops::Range,
    path::{Path, PathBuf},
};

use bytes::Bytes;
use futures_util::{StreamExt, stream};
use s3s::{
    S3Error, S3Result, StdError,
    crypto::{Checksum as _, Md5},
    dto::StreamingBlob,
    s3_error,
};
use tokio::{sync::mpsc, task::spawn_blocking};
use uuid::Uuid;

use super::version::Segment;
use crate::s3::{
    checksum::{Algorithm, Checksum},
    error::{custom, internal},
};

/// The read buffer size.
const CHUNK: usize = 256 * 1024;

/// The maximum number of chunks that wait to be written.
const QUEUE: usize = 8;

/// A new data file. Dropping it deletes the file unless [`NewData::keep`] was called.
#[derive(Debug)]
pub(crate) struct NewData {
    path: PathBuf,
    kept: bool,
    pub(crate) segment: Segment,
    pub(crate) md5: [u8; 16],
    pub(crate) checksum: Checksum,
}

impl NewData {
    /// Makes the file permanent.
    pub(crate) fn keep(mut self) {
        self.kept = true;
    }
}

impl Drop for NewData {
    fn drop(&mut self) {
        if !self.kept {
            // After an error, the next start removes the file.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Writes `body` to a new file in `directory`.
pub(crate) async fn write(
    directory: &Path,
    body: Option<StreamingBlob>,
    algorithm: Algorithm,
) -> S3Result<NewData> {
    let file = Uuid::new_v4().simple().to_string();
    let path = directory.join(&file);
    let (sender, receiver) = mpsc::channel(QUEUE);
    let writer = spawn_blocking(move || write_file(path, file, receiver, algorithm));
    let mut failure = None;
    if let Some(mut body) = body {
        while let Some(piece) = body.next().await {
            match piece {
                // The writer has stopped with an error, which is returned below.
                Ok(piece) => {
                    if sender.send(piece).await.is_err() {
                        break;
                    }
                }
                Err(error) => {
                    failure = Some(broken_body(&error));
                    break;
                }
            }
        }
    }
    drop(sender);
    let data = writer.await.map_err(internal)?.map_err(internal)?;
    match failure {
        Some(error) => Err(error),
        None => Ok(data),
    }
}

fn write_file(
    path: PathBuf,
    file: String,
    mut pieces: mpsc::Receiver<Bytes>,
    algorithm: Algorithm,
) -> io::Result<NewData> {
    let mut output = File::create_new(&path)?;
    let mut data = NewData {
        path,
        kept: false,
        segment: Segment { file, size: 0 },
        md5: [0; 16],
        checksum: algorithm.finish(algorithm.hasher()),
    };
    let mut md5 = Md5::new();
    let mut hasher = algorithm.hasher();
    while let Some(piece) = pieces.blocking_recv() {
        output.write_all(&piece)?;
        md5.update(&piece);
        hasher.update(&piece);
        data.segment.size += piece.len() as u64;
    }
    data.md5 = md5.finalize();
    data.checksum = algorithm.finish(hasher);
    Ok(data)
}

/// Converts the error of an incomplete body. s3s verifies the body while reading, and its error types are not public.
fn broken_body(error: &StdError) -> S3Error {
    let text = error.to_string();
    if text.contains("Sha256Mismatch") {
        return custom(
            "XAmzContentSHA256Mismatch",
            "The provided 'x-amz-content-sha256' header does not match what was computed.",
        );
    }
    if text.contains("SignatureMismatch") {
        return s3_error!(SignatureDoesNotMatch);
    }
    s3_error!(
        IncompleteBody,
        "You did not provide the number of bytes specified by the Content-Length HTTP header"
    )
}

/// Streams the bytes of `segments` in `range`.
pub(crate) fn read(directory: &Path, segments: &[Segment], range: Range<u64>) -> StreamingBlob {
    let mut files = Vec::new();
    let mut start = 0;
    for segment in segments {
        let end = start + segment.size;
        let (from, to) = (range.start.max(start), range.end.min(end));
        if from < to {
            files.push((directory.join(&segment.file), from - start, to - from));
        }
        start = end;
    }
    files.reverse();
    let reader = Reader {
        files,
        current: None,
    };
    StreamingBlob::wrap(stream::try_unfold(reader, |reader| async {
        spawn_blocking(move || reader.next())
            .await
            .map_err(io::Error::other)?
    }))
}

struct Reader {
    /// Path, offset and length of each file, in reverse order.
    files: Vec<(PathBuf, u64, u64)>,
    current: Option<(File, u64)>,
}

impl Reader {
    fn next(mut self) -> io::Result<Option<(Bytes, Self)>> {
        loop {
            let Some((file, left)) = &mut self.current else {
                let Some((path, offset, length)) = self.files.pop() else {
                    return Ok(None);
                };
                let mut file = File::open(path)?;
                file.seek(SeekFrom::Start(offset))?;
                self.current = Some((file, length));
                continue;
            };
            if *left == 0 {
                self.current = None;
                continue;
            }
            let mut buffer = Vec::with_capacity(CHUNK);
            let limit = (*left).min(CHUNK as u64);
            let read = file.take(limit).read_to_end(&mut buffer)? as u64;
            if read == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            *left -= read;
            return Ok(Some((buffer.into(), self)));
        }
    }
}

/// Creates hard links in `to` to the files of `segments` in `from`.
pub(crate) fn link(from: &Path, to: &Path, segments: &[Segment]) -> io::Result<Vec<Segment>> {
    let mut links = Vec::with_capacity(segments.len());
    for segment in segments {
        let file = Uuid::new_v4().simple().to_string();
        fs::hard_link(from.join(&segment.file), to.join(&file))?;
        links.push(Segment {
            file,
            size: segment.size,
        });
    }
    Ok(links)
}

/// Computes the checksum of all bytes of `segments`.
pub(crate) async fn checksum(
    directory: &Path,
    segments: &[Segment],
    algorithm: Algorithm,
) -> S3Result<Checksum> {
    let mut body = read(directory, segments, 0..u64::MAX);
    let mut hasher = algorithm.hasher();
    while let Some(piece) = body.next().await {
        let piece = piece.map_err(|error| internal(io::Error::other(error)))?;
        hasher = spawn_blocking(move || {
            hasher.update(&piece);
            hasher
        })
        .await
        .map_err(internal)?;
    }
    Ok(algorithm.finish(hasher))
}

/// Computes the `ETag` of an object stored in one request.
pub(crate) fn etag(md5: &[u8; 16]) -> String {
    format!("{:032x}", u128::from_be_bytes(*md5))
}

/// Computes the `ETag` of a multipart object from the `ETag`s of its parts.
pub(crate) fn etag_of_parts<'a>(etags: impl Iterator<Item = &'a str>) -> String {
    let mut md5 = Md5::new();
    let mut count = 0;
    for etag in etags {
        let bytes: Vec<u8> = (0..etag.len() / 2)
            .filter_map(|index| u8::from_str_radix(etag.get(2 * index..2 * index + 2)?, 16).ok())
            .collect();
        md5.update(&bytes);
        count += 1;
    }
    format!("{}-{count}", self::etag(&md5.finalize()))
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn text(blob: StreamingBlob) -> String {
        let pieces: Vec<_> = blob.map(Result::unwrap).collect().await;
        String::from_utf8(pieces.concat()).unwrap()
    }

    #[tokio::test]
    async fn a_range_can_span_files() {
        let dir = tempfile::tempdir().unwrap();
        let mut segments = Vec::new();
        for (name, contents) in [("a", "hello "), ("b", "wide "), ("c", "world")] {
            fs::write(dir.path().join(name), contents).unwrap();
            segments.push(Segment {
                file: name.to_owned(),
                size: contents.len() as u64,
            });
        }
        let read = |range| text(read(dir.path(), &segments, range));
        assert_eq!(read(0..16).await, "hello wide world");
        assert_eq!(read(4..12).await, "o wide w");
        assert_eq!(read(6..11).await, "wide ");
        assert_eq!(read(3..3).await, "");
    }

    #[test]
    fn a_multipart_etag_is_the_md5_of_the_parts_md5s() {
        let etag = etag_of_parts(["5d41402abc4b2a76b9719d911017c592"; 2].into_iter());
        assert_eq!(etag, "616b22817b80eed9f65c3aa38cd29054-2");
        assert_eq!(
            etag_of_parts(std::iter::empty()),
            "d41d8cd98f00b204e9800998ecf8427e-0"
        );
    }
}

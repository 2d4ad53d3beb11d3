use time::OffsetDateTime;

use super::{Announcement, ContentType, Filename, Size, Transfer, Transition, Upload};
use crate::{Invalid, UploadId};

/// The largest thumbnail: enough for a preview of some hundred pixels.
pub const MAX_THUMBNAIL_BYTES: u64 = 64 * 1024;

const BAD_TYPE: Invalid = Invalid::new(
    "invalid_content_type",
    "The type of the thumbnail is not supported. Send `image/webp`, `image/jpeg` or `image/png`.",
);
const BAD_SIZE: Invalid = Invalid::new(
    "invalid_size",
    "The size of the thumbnail is not supported. Send one of 1 to 65536 bytes.",
);

/// The media type of a thumbnail: image types that cannot contain a script.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ThumbnailType {
    /// `WebP`.
    Webp,
    /// JPEG.
    Jpeg,
    /// PNG.
    Png,
}

impl ThumbnailType {
    /// Parses a media type.
    ///
    /// # Errors
    /// When it is another type.
    pub fn parse(text: &str) -> Result<Self, Invalid> {
        let mut all = [Self::Webp, Self::Jpeg, Self::Png].into_iter();
        all.find(|it| it.as_str() == text).ok_or(BAD_TYPE)
    }

    /// The media type.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Webp => "image/webp",
            Self::Jpeg => "image/jpeg",
            Self::Png => "image/png",
        }
    }
}

/// The announcement of a thumbnail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Thumbnail {
    /// Its media type.
    pub content_type: ThumbnailType,
    /// Its bytes.
    pub size: Size,
}

impl Thumbnail {
    /// Parses the size.
    ///
    /// # Errors
    /// When it is 0 or more than [`MAX_THUMBNAIL_BYTES`].
    pub fn parse_size(bytes: u64) -> Result<Size, Invalid> {
        match bytes {
            1..=MAX_THUMBNAIL_BYTES => Size::parse(bytes),
            _ => Err(BAD_SIZE),
        }
    }
}

impl Transition {
    /// Announces a thumbnail with a file. The thumbnail is an upload of its own, so that it is charged, checked, kept and
    /// deleted as files are. Returns the announcements of the file and of the thumbnail.
    #[must_use]
    pub fn with_thumbnail(mut self, thumbnail: Thumbnail, now: OffsetDateTime) -> (Self, Self) {
        self.to.thumbnail = Some(thumbnail.content_type);
        let announcement = Announcement {
            owner: self.to.owner,
            id: self.to.id.thumbnail(),
            filename: Filename::stored("thumbnail".to_owned()),
            content_type: ContentType::stored(thumbnail.content_type.as_str().to_owned()),
            size: thumbnail.size,
            sha256: None,
            transfer: Transfer::Put,
        };
        (self, Upload::announce(announcement, now))
    }
}

impl Upload {
    /// The id of the upload's thumbnail, if one was announced.
    #[must_use]
    pub fn thumbnail_id(&self) -> Option<UploadId> {
        self.thumbnail.map(|_| self.id.thumbnail())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_images_without_scripts_are_thumbnails() {
        for text in ["image/webp", "image/jpeg", "image/png"] {
            let parsed = ThumbnailType::parse(text).unwrap();
            assert_eq!(parsed.as_str(), text);
        }
        for text in ["", "image/svg+xml", "image/gif", "text/html", "IMAGE/PNG"] {
            assert_eq!(ThumbnailType::parse(text), Err(BAD_TYPE), "{text}");
        }
    }

    #[test]
    fn a_thumbnail_has_from_1_byte_to_64_kib() {
        for (bytes, fits) in [(0, false), (1, true), (65_536, true), (65_537, false)] {
            assert_eq!(Thumbnail::parse_size(bytes).is_ok(), fits, "{bytes}");
        }
    }
}

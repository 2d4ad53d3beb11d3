use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    Upload, UploadId, UploadStatus, UserId,
    upload::{ContentType, Filename, Sha256, Size, Transfer},
};
use time::OffsetDateTime;

use super::due;
use crate::{
    StoreError,
    row::{Row, at, n, s},
};

/// The item of an upload that was just announced.
pub(super) fn write(upload: &Upload) -> HashMap<String, AttributeValue> {
    let (transfer, s3_id) = match &upload.transfer {
        Transfer::Put => ("put", None),
        Transfer::Form => ("form", None),
        Transfer::Multipart { s3_id } => ("multipart", Some(s(s3_id))),
        Transfer::OpenMultipart { s3_id } => ("open_multipart", Some(s(s3_id))),
    };
    let some = [
        ("owner", s(upload.owner.to_string())),
        ("id", s(upload.id.to_string())),
        ("filename", s(upload.filename.as_str())),
        ("content_type", s(upload.content_type.as_str())),
        ("size", n(upload.size.bytes())),
        ("status", s(upload.status.as_str())),
        ("transfer", s(transfer)),
        ("created_at", at(upload.created_at)),
        ("due_shard", s(due::shard(upload.id))),
        (
            "due_at",
            n((upload.created_at + due::FIRST_LOOK).unix_timestamp()),
        ),
    ];
    let others = [
        (
            "sha256",
            upload.sha256.as_ref().map(|digest| s(digest.as_str())),
        ),
        ("s3_id", s3_id),
    ];
    let others = others
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)));
    some.into_iter()
        .chain(others)
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

pub(super) fn read(mut row: Row) -> Result<Upload, StoreError> {
    let transfer = match row.text("transfer")?.as_str() {
        "put" => Transfer::Put,
        "form" => Transfer::Form,
        "open_multipart" => Transfer::OpenMultipart {
            s3_id: row.text("s3_id")?,
        },
        "multipart" => Transfer::Multipart {
            s3_id: row.text("s3_id")?,
        },
        _ => return Err(StoreError::Corrupt("transfer")),
    };
    let status = UploadStatus::parse(&row.text("status")?).ok_or(StoreError::Corrupt("status"))?;
    let seconds = |seconds| OffsetDateTime::from_unix_timestamp(seconds).ok();
    Ok(Upload {
        id: row.parsed("id", UploadId::parse)?,
        owner: row.parsed("owner", UserId::parse)?,
        filename: Filename::stored(row.text("filename")?),
        content_type: ContentType::stored(row.text("content_type")?),
        size: Size::parse(row.number("size")?).map_err(|_| StoreError::Corrupt("size"))?,
        sha256: row
            .optional_text("sha256")
            .and_then(|text| Sha256::parse(&text).ok()),
        status,
        transfer,
        created_at: row.time("created_at")?,
        stored_at: row.time("stored_at").ok(),
        version_id: row.optional_text("version_id"),
        locked_until: row.optional_number("locked_until").and_then(seconds),
    })
}

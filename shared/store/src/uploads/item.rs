use aws_sdk_dynamodb::types::AttributeValue;
use domain::{
    ProductId, Upload, UploadId, UserId,
    upload::{
        ContentType, Counter, End, Filename, Sha256, Size, State, StoredFile, ThumbnailType,
        Transfer, UploadStatus,
    },
};
use time::{Duration, OffsetDateTime};

use super::due;
use crate::{
    StoreError,
    row::{Row, at, n, s, words},
    write::Item,
};

/// How long the record of an upload is kept after S3 has deleted everything of it.
const TOMBSTONE: Duration = Duration::days(90);

/// The item of an upload. `status` is the word of the API, for lists; `state` is what it is read from.
pub(super) fn write(upload: &Upload) -> Item {
    let mut item = Item::new();
    let mut put = |name: &str, value: AttributeValue| item.insert(name.to_owned(), value);
    put("owner", s(upload.owner.to_string()));
    put("id", s(upload.id.to_string()));
    put("filename", s(upload.filename.as_str()));
    put("content_type", s(upload.content_type.as_str()));
    put("size", n(upload.size.bytes()));
    put("status", s(upload.status().as_str()));
    put("created_at", at(upload.created_at));
    put("deletions", n(upload.deletions));
    put("revision", n(upload.revision));
    if let Some(thumbnail) = upload.thumbnail {
        put("thumbnail", s(thumbnail.as_str()));
    }
    let products: Vec<_> = upload.sold_in.iter().map(ToString::to_string).collect();
    if let Some(products) = words(products.iter().map(String::as_str)) {
        put("sold_in", products);
    }
    if upload.is_erased {
        put("erased", AttributeValue::Bool(true));
    }
    if let Some(digest) = &upload.sha256 {
        put("sha256", s(digest.as_str()));
    }
    if let Some(until) = upload.locked_until {
        put("locked_until", n(until.unix_timestamp()));
    }
    if let Some(due_at) = upload.due_at {
        put("due_shard", s(due::shard(upload.id)));
        put("due_at", n(due_at.unix_timestamp()));
    }
    match &upload.transfer {
        Transfer::Put => put("transfer", s("put")),
        Transfer::Form => put("transfer", s("form")),
        Transfer::Multipart { s3_id, part_size } => {
            put("s3_id", s(s3_id));
            put("part_size", n(part_size));
            put("transfer", s("multipart"))
        }
        Transfer::UnsizedMultipart {
            s3_id,
            signings_left,
        } => {
            put("s3_id", s(s3_id));
            put("signings_left", n(signings_left));
            put("transfer", s("unsized_multipart"))
        }
    };
    if let Some(file) = upload.state.file() {
        put("version_id", s(&file.version_id));
        put("stored_at", at(file.stored_at));
    }
    match &upload.state {
        State::Pending => put("state", s("pending")),
        State::Stored(_) => put("state", s("stored")),
        State::Kept {
            keep_until,
            is_hidden,
            ..
        } => {
            put("keep_until", n(keep_until.unix_timestamp()));
            put("is_hidden", AttributeValue::Bool(*is_hidden));
            put("state", s("kept"))
        }
        State::Restoring { keep_until, .. } => {
            put("keep_until", n(keep_until.unix_timestamp()));
            put("state", s("restoring"))
        }
        State::Purging { end, counter } => {
            put("end", s(end_word(*end)));
            put("account", s(counter_word(*counter)));
            put("state", s("purging"))
        }
        State::Gone { end, at: gone_at } => {
            put("end", s(end_word(*end)));
            put("gone_at", at(*gone_at));
            put("expires_at", n((*gone_at + TOMBSTONE).unix_timestamp()));
            put("state", s("gone"))
        }
    };
    item
}

pub(crate) fn read(mut row: Row) -> Result<Upload, StoreError> {
    let transfer = read_transfer(&mut row)?;
    let state = read_state(&mut row)?;
    let sold_in = row.words("sold_in").into_iter();
    let sold_in = sold_in.map(|id| ProductId::parse(&id));
    Ok(Upload {
        sold_in: sold_in
            .collect::<Result<_, _>>()
            .map_err(|_| StoreError::Corrupt("sold_in"))?,
        id: row.parsed("id", UploadId::parse)?,
        owner: row.parsed("owner", UserId::parse)?,
        filename: Filename::stored(row.text("filename")?),
        content_type: ContentType::stored(row.text("content_type")?),
        size: Size::parse(row.number("size")?).map_err(|_| StoreError::Corrupt("size"))?,
        sha256: row
            .optional_text("sha256")
            .and_then(|text| Sha256::parse(&text).ok()),
        state,
        transfer,
        thumbnail: row
            .optional_text("thumbnail")
            .and_then(|text| ThumbnailType::parse(&text).ok()),
        created_at: row.time("created_at")?,
        locked_until: row.optional_number("locked_until").and_then(seconds),
        is_erased: row.optional_flag("erased"),
        deletions: row.number("deletions")?,
        due_at: row.optional_number("due_at").and_then(seconds),
        revision: row.number("revision")?,
    })
}

fn seconds(seconds: i64) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(seconds).ok()
}

fn read_transfer(row: &mut Row) -> Result<Transfer, StoreError> {
    Ok(match row.text("transfer")?.as_str() {
        "put" => Transfer::Put,
        "form" => Transfer::Form,
        "multipart" => Transfer::Multipart {
            s3_id: row.text("s3_id")?,
            part_size: row.number("part_size")?,
        },
        "unsized_multipart" => Transfer::UnsizedMultipart {
            s3_id: row.text("s3_id")?,
            signings_left: row.number("signings_left")?,
        },
        _ => return Err(StoreError::Corrupt("transfer")),
    })
}

fn read_state(row: &mut Row) -> Result<State, StoreError> {
    let file = |row: &mut Row| {
        Ok::<_, StoreError>(StoredFile {
            version_id: row.text("version_id")?,
            stored_at: row.time("stored_at")?,
        })
    };
    let keep_until = |row: &mut Row| {
        let until = row.optional_number("keep_until").and_then(seconds);
        until.ok_or(StoreError::Corrupt("keep_until"))
    };
    Ok(match row.text("state")?.as_str() {
        "pending" => State::Pending,
        "stored" => State::Stored(file(row)?),
        "kept" => State::Kept {
            file: file(row)?,
            keep_until: keep_until(row)?,
            is_hidden: row.flag("is_hidden")?,
        },
        "restoring" => State::Restoring {
            file: file(row)?,
            keep_until: keep_until(row)?,
        },
        "purging" => State::Purging {
            end: row.parsed("end", read_end)?,
            counter: row.parsed("account", read_counter)?,
        },
        "gone" => State::Gone {
            end: row.parsed("end", read_end)?,
            at: row.time("gone_at")?,
        },
        _ => return Err(StoreError::Corrupt("state")),
    })
}

const fn end_word(end: End) -> &'static str {
    match end {
        End::Failed => UploadStatus::Failed.as_str(),
        End::Deleted => UploadStatus::Deleted.as_str(),
    }
}

fn read_end(word: &str) -> Result<End, ()> {
    [End::Failed, End::Deleted]
        .into_iter()
        .find(|end| end_word(*end) == word)
        .ok_or(())
}

const fn counter_word(counter: Counter) -> &'static str {
    match counter {
        Counter::Used => "used",
        Counter::Kept => "kept",
    }
}

fn read_counter(word: &str) -> Result<Counter, ()> {
    [Counter::Used, Counter::Kept]
        .into_iter()
        .find(|counter| counter_word(*counter) == word)
        .ok_or(())
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn every_record_is_read_as_it_was_written() {
        let now = datetime!(2026-01-01 00:00:00 UTC);
        let file = || StoredFile {
            version_id: "v1".to_owned(),
            stored_at: now,
        };
        let keep_until = now + Duration::days(30);
        let mut states = vec![State::Pending, State::Stored(file())];
        for is_hidden in [false, true] {
            let file = file();
            states.push(State::Kept {
                file,
                keep_until,
                is_hidden,
            });
        }
        states.push(State::Restoring {
            file: file(),
            keep_until,
        });
        for end in [End::Failed, End::Deleted] {
            for counter in [Counter::Used, Counter::Kept] {
                states.push(State::Purging { end, counter });
            }
            states.push(State::Gone { end, at: now });
        }
        let s3_id = || "id".to_owned();
        let transfers = [
            Transfer::Put,
            Transfer::Form,
            Transfer::Multipart {
                s3_id: s3_id(),
                part_size: 8,
            },
            Transfer::UnsizedMultipart {
                s3_id: s3_id(),
                signings_left: 3,
            },
        ];
        for state in states {
            for transfer in &transfers {
                for later in [None, Some(keep_until)] {
                    let upload = Upload {
                        id: UploadId::new(now),
                        owner: UserId::new(now),
                        filename: Filename::parse("a.txt").unwrap(),
                        content_type: ContentType::unknown(),
                        size: Size::MAX_SINGLE,
                        sha256: None,
                        state: state.clone(),
                        transfer: transfer.clone(),
                        thumbnail: later.map(|_| ThumbnailType::Webp),
                        created_at: now,
                        locked_until: later,
                        sold_in: later.map(|_| ProductId::new(now)).into_iter().collect(),
                        is_erased: later.is_some(),
                        deletions: 2,
                        due_at: later,
                        revision: 7,
                    };
                    assert_eq!(read(Row(write(&upload))).unwrap(), upload);
                }
            }
        }
    }
}

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{UploadId, upload::Reader};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use crate::{Down, Item, Migration, Unusable, steps};

const TABLE: &str = "ReadGrantsTable";

/// Gives read grants that were written before the index `received` the attribute that the index is sorted by. A grant without it
/// is valid, and only missing from the list of files that are shared with a user.
pub(super) fn migration() -> Migration {
    Migration {
        number: 1,
        name: "read_grants_received_at",
        up: vec![
            steps::wait_for_index(TABLE, "received"),
            steps::back_fill(TABLE, ["received_at"], &["granted_at"], attributes),
        ],
        down: Down::Steps(vec![steps::remove(TABLE, ["received_at"])]),
    }
}

/// Returns what a function writes for a new grant. A grant to all users is not in the index.
fn attributes(item: &Item) -> Result<Option<[AttributeValue; 1]>, Unusable> {
    let text = |name: &str| item.get(name).and_then(|value| value.as_s().ok());
    let reader = text("reader").and_then(|reader| Reader::parse(reader).ok());
    let at = text("granted_at").and_then(|at| OffsetDateTime::parse(at, &Rfc3339).ok());
    let upload = text("upload").and_then(|upload| UploadId::parse(upload).ok());
    let received_at = store::received_at(
        reader.ok_or(Unusable("the grant has no reader"))?,
        at.ok_or(Unusable("the grant has no time"))?,
        upload.ok_or(Unusable("the grant has no upload"))?,
    );
    Ok(received_at.map(|received_at| [AttributeValue::S(received_at)]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn grant(reader: &str, granted_at: &str) -> Item {
        let upload = "01994f6a-9c00-7123-8456-0123456789ab";
        let texts = [
            ("upload", upload),
            ("reader", reader),
            ("granted_at", granted_at),
        ];
        texts
            .map(|(name, text)| (name.to_owned(), AttributeValue::S(text.to_owned())))
            .into()
    }

    #[test]
    fn the_attribute_has_the_time_of_the_grant_and_the_end_of_the_upload() {
        let item = grant(
            "01994f6a-9c00-7123-8456-00000000beef",
            "2026-01-01T00:00:00.25Z",
        );
        let expected = "019b76da-a8fa-7123-8456-0123456789ab".to_owned();
        assert_eq!(attributes(&item), Ok(Some([AttributeValue::S(expected)])));
    }

    #[test]
    fn a_grant_to_all_users_gets_none_and_one_without_a_time_cannot_be_changed() {
        let everyone = grant("everyone", "2026-01-01T00:00:00Z");
        assert_eq!(attributes(&everyone), Ok(None));
        let unusable = attributes(&grant("01994f6a-9c00-7123-8456-00000000beef", "yesterday"));
        assert_eq!(unusable, Err(Unusable("the grant has no time")));
    }
}

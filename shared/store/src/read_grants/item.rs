use auth::sha256_bytes;
use domain::{
    AddressId, Email, ReceivedId, Upload, UploadId, User, UserId,
    upload::{Grantee, ReadGrant, Reader},
};
use time::OffsetDateTime;

use super::ReaderGrant;
use crate::{
    StoreError,
    row::{Row, at, item, n, s},
    write::Item,
};

/// The key of a grantee. An address is found by its canonical form, however it was written.
#[must_use]
pub fn reader_of(grantee: &Grantee) -> Reader {
    match grantee {
        Grantee::User(id) => Reader::User(*id),
        Grantee::Email(email) => Reader::Address(address_id(email)),
        Grantee::Everyone => Reader::Everyone,
    }
}

/// The id of a user's address in the keys of read grants, if it is verified. A claimed address has no grants.
#[must_use]
pub fn verified_address_id(user: &User) -> Option<AddressId> {
    user.verified_at.map(|_| address_id(&user.email))
}

/// The id of an address in the keys of read grants: a digest of its canonical form.
fn address_id(email: &Email) -> AddressId {
    AddressId::of_digest(sha256_bytes(email.canonical()))
}

/// The attribute `received_at` of a grant, the sort key of the index `received`. Grants to all users have none: they are not in
/// the index, where they all would have the same partition key.
#[must_use]
pub fn received_at(reader: Reader, granted_at: OffsetDateTime, upload: UploadId) -> Option<String> {
    match reader {
        Reader::User(_) | Reader::Address(_) => {
            Some(ReceivedId::of_grant(granted_at, upload).to_string())
        }
        Reader::Everyone => None,
    }
}

/// The item of a grant. For a grant to an address it has the address, which only the owner's list shows.
pub(super) fn write(upload: &Upload, grant: &ReadGrant) -> Item {
    let reader = reader_of(&grant.grantee);
    let mut item = item([
        ("upload", s(upload.id.to_string())),
        ("reader", s(reader.to_string())),
        ("owner", s(upload.owner.to_string())),
        ("deletions", n(upload.deletions)),
        ("granted_at", at(grant.granted_at)),
    ]);
    if let Some(received_at) = received_at(reader, grant.granted_at, upload.id) {
        item.insert("received_at".to_owned(), s(received_at));
    }
    if let Grantee::Email(email) = &grant.grantee {
        item.insert("email".to_owned(), s(email.display()));
        item.insert("email_canonical".to_owned(), s(email.canonical()));
    }
    item
}

/// Reads a grant as its owner sees it.
pub(crate) fn read(mut row: Row) -> Result<ReadGrant, StoreError> {
    let grantee = match row.parsed("reader", Reader::parse)? {
        Reader::User(id) => Grantee::User(id),
        Reader::Everyone => Grantee::Everyone,
        Reader::Address(_) => Grantee::Email(Email::stored(
            row.text("email")?,
            row.text("email_canonical")?,
        )),
    };
    Ok(ReadGrant {
        grantee,
        granted_at: row.time("granted_at")?,
    })
}

/// Reads a grant as its reader sees it.
pub(crate) fn read_reader_grant(row: &mut Row) -> Result<ReaderGrant, StoreError> {
    Ok(ReaderGrant {
        owner: row.parsed("owner", UserId::parse)?,
        deletions: row.number("deletions")?,
    })
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    fn reader(email: &str) -> Reader {
        reader_of(&Grantee::Email(Email::parse(email).unwrap()))
    }

    #[test]
    fn the_forms_of_an_address_have_one_key() {
        let ada = reader("jose\u{301}@b\u{fc}cher.example");
        assert_eq!(reader(" JOS\u{c9}@xn--bcher-kva.example"), ada);
        assert_ne!(reader("jose@xn--bcher-kva.example"), ada);
    }

    /// The migration that adds the attribute to earlier grants derives the same text.
    #[test]
    fn received_at_has_the_time_of_the_grant_and_the_end_of_the_upload() {
        let upload = UploadId::parse("01994f6a-9c00-7123-8456-0123456789ab").unwrap();
        let now = datetime!(2026-01-01 00:00:00.25 UTC);
        assert_eq!(
            received_at(reader("ada@example.com"), now, upload).as_deref(),
            Some("019b76da-a8fa-7123-8456-0123456789ab")
        );
        assert_eq!(received_at(Reader::Everyone, now, upload), None);
    }
}

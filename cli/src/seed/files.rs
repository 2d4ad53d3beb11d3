//! Files that look real: small, valid files of common types.

use std::fmt::Write as _;

use domain::{
    Invalid, UploadId, User,
    upload::{Announcement, ContentType, Filename, Sha256, Size, Transfer},
};
use fake::{
    Fake as _,
    faker::lorem::raw::Sentences,
    locales::EN,
    rand::{RngExt as _, rngs::StdRng},
};
use ring::digest::{SHA256, digest};
use time::{Duration, OffsetDateTime};

use super::{
    images, pdf,
    random::{Purpose, choose, generator, uuid_v7},
};

const SUBJECTS: [&str; 16] = [
    "annual report",
    "budget",
    "floor plan",
    "holiday",
    "insurance",
    "invoice",
    "meeting notes",
    "menu",
    "packing list",
    "presentation",
    "project plan",
    "receipt",
    "rental contract",
    "shopping list",
    "team photo",
    "timetable",
];

/// A file, and when it was uploaded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SeedFile {
    pub(super) announcement: Announcement,
    pub(super) contents: Vec<u8>,
    pub(super) announced_at: OffsetDateTime,
    pub(super) stored_at: OffsetDateTime,
}

/// Chooses the number of the person who uploads the file with this number.
pub(super) fn owner_of(seed: u64, number: usize, people: usize) -> usize {
    generator(seed, Purpose::File, number).random_range(0..people)
}

/// Makes up the file with this number. It was uploaded between its owner's sign-up and `until`.
///
/// # Errors
/// When a rule for uploads refuses what was made up, which would be a defect.
pub(super) fn file(
    seed: u64,
    number: usize,
    people: usize,
    owner: &User,
    until: OffsetDateTime,
) -> Result<SeedFile, Invalid> {
    let mut random = generator(seed, Purpose::File, number);
    // As `owner_of`, so that what follows does not depend on it.
    let _: usize = random.random_range(0..people);
    let since = i64::try_from((until - owner.created_at).whole_milliseconds()).unwrap_or(1);
    let age = Duration::milliseconds(random.random_range(0..since.max(1)));
    let announced_at = until - age;
    let subject = choose(&mut random, &SUBJECTS).unwrap_or(SUBJECTS[0]);
    let (extension, content_type, contents) = contents(&mut random, subject);
    let title = subject.replace(' ', "-");
    let filename = format!("{title}-{}-{number}.{extension}", announced_at.year());
    Ok(SeedFile {
        announcement: Announcement {
            owner: owner.id,
            id: UploadId::from_bytes(uuid_v7(&mut random, announced_at)),
            filename: Filename::parse(&filename)?,
            content_type: ContentType::parse(content_type)?,
            size: Size::parse(u64::try_from(contents.len()).unwrap_or(u64::MAX))?,
            sha256: Some(Sha256::parse(&hex(digest(&SHA256, &contents).as_ref()))?),
            transfer: Transfer::Put,
        },
        contents,
        announced_at,
        stored_at: announced_at + Duration::milliseconds(random.random_range(200..3_000)),
    })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Returns the extension, the media type and the bytes of a file.
fn contents(random: &mut StdRng, subject: &str) -> (&'static str, &'static str, Vec<u8>) {
    match random.random_range(0..5) {
        0 => (
            "txt",
            "text/plain; charset=utf-8",
            text(random).into_bytes(),
        ),
        1 => ("csv", "text/csv; charset=utf-8", table(random).into_bytes()),
        2 => ("svg", "image/svg+xml", images::svg(random).into_bytes()),
        3 => ("png", "image/png", images::png(random)),
        _ => (
            "pdf",
            "application/pdf",
            pdf::document(subject, &text(random)),
        ),
    }
}

fn text(random: &mut StdRng) -> String {
    let sentences: Vec<String> = Sentences(EN, 3..30).fake_with_rng(random);
    sentences.join("\n") + "\n"
}

fn table(random: &mut StdRng) -> String {
    let mut lines = vec!["date,item,amount".to_owned()];
    for day in 1..=random.random_range(5..28) {
        let item = choose(random, &SUBJECTS).unwrap_or(SUBJECTS[0]);
        let (whole, cents) = (random.random_range(1..500), random.random_range(0..100));
        lines.push(format!("2026-01-{day:02},{item},{whole}.{cents:02}"));
    }
    lines.join("\r\n") + "\r\n"
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use time::macros::datetime;

    use super::{super::people::person, *};

    const UNTIL: OffsetDateTime = datetime!(2026-01-01 00:00:00 UTC);
    const PEOPLE: usize = 10;

    fn seeded(seed: u64, number: usize) -> SeedFile {
        let owner = person(seed, owner_of(seed, number, PEOPLE), UNTIL).unwrap();
        let file = file(seed, number, PEOPLE, &owner, UNTIL).unwrap();
        assert!(owner.created_at <= file.announced_at && file.announced_at <= UNTIL);
        file
    }

    #[test]
    fn the_same_seed_makes_up_the_same_files_of_all_types() {
        let mut types = HashSet::new();
        for number in 0..100 {
            let file = seeded(3, number);
            assert_eq!(file, seeded(3, number));
            assert_ne!(file.announcement.id, seeded(4, number).announcement.id);
            assert!(
                (1..20_000).contains(&file.contents.len()),
                "{}",
                file.contents.len()
            );
            types.insert(file.announcement.content_type);
        }
        assert_eq!(types.len(), 5);
    }
}

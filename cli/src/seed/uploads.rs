//! Stores the files in S3, and records them as stored.

use aws_sdk_s3::{primitives::ByteStream, types::ChecksumAlgorithm};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use domain::{
    Clock, Upload,
    upload::{ChargeChange, Event, Object, Outcome, State, StoredFile, Transition},
};
use store::uploads::Applied;
use time::Duration;

use super::{
    Error,
    accounts::People,
    files::{SeedFile, file, owner_of},
    people::person,
    resources::Resources,
    work,
};

const CONCURRENCY: usize = 8;
/// How long the reconciler leaves an announced file alone. Its announcement is in the past, so it would be given up at once.
const TIME_TO_STORE: Duration = Duration::hours(1);
/// How often a record is tried while S3's event changes it.
const TRIES: usize = 8;

/// What happened to the files.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(super) struct Files {
    pub(super) created: usize,
    /// Were there from an earlier run, possibly deleted since.
    pub(super) unchanged: usize,
    /// Have an owner who was not created, was deleted, or has no room.
    pub(super) skipped: usize,
}

enum Stored {
    Created,
    Unchanged,
    Skipped,
}

/// Stores the files that do not exist.
pub(super) async fn write(
    resources: &Resources,
    people: &People,
    count: usize,
    clock: &Clock,
) -> Result<Files, Error> {
    let tasks = (0..count).map(|number| {
        let (resources, people, clock) = (resources.clone(), people.clone(), clock.clone());
        (1, async move {
            write_one(&resources, &people, number, &clock).await
        })
    });
    let mut written = Files::default();
    let bar = work::progress_bar("files", count);
    let add = |stored| match stored {
        Stored::Created => written.created += 1,
        Stored::Unchanged => written.unchanged += 1,
        Stored::Skipped => written.skipped += 1,
    };
    work::run(tasks, CONCURRENCY, &bar, add).await?;
    Ok(written)
}

async fn write_one(
    resources: &Resources,
    people: &People,
    number: usize,
    clock: &Clock,
) -> Result<Stored, Error> {
    let owner = owner_of(people.seed, number, people.count);
    let owner = person(people.seed, owner, people.until)?;
    if resources.users.find(owner.id).await?.is_none() {
        return Ok(Stored::Skipped);
    }
    let file = file(people.seed, number, people.count, &owner, people.until)?;
    let Some(upload) = announce(resources, &file, clock).await? else {
        return Ok(Stored::Skipped);
    };
    let version_id = match &upload.state {
        State::Pending => put(resources, &upload, &file).await?,
        // An earlier run may have been interrupted before it recorded the time.
        State::Stored(stored) if stored.stored_at != file.stored_at => stored.version_id.clone(),
        _ => return Ok(Stored::Unchanged),
    };
    record(resources, upload, &file, version_id, clock).await
}

/// Announces the file, or finds it as an earlier run left it. `None` if the owner has no room.
async fn announce(
    resources: &Resources,
    file: &SeedFile,
    clock: &Clock,
) -> Result<Option<Upload>, Error> {
    let mut transition = Upload::announce(file.announcement.clone(), file.announced_at);
    let due_at = clock.now() + TIME_TO_STORE;
    transition.to.due_at = due_at.replace_nanosecond(0).ok();
    Ok(match resources.uploads.apply(&transition).await? {
        Applied::Changed(upload) => Some(*upload),
        Applied::Conflict(upload) => upload.map(|upload| *upload),
        Applied::LimitExceeded(..) | Applied::IdempotencyKeyUsed | Applied::OwnerErased => None,
    })
}

/// Stores the bytes in S3, unless an earlier run did. Returns the id of the version.
async fn put(resources: &Resources, upload: &Upload, file: &SeedFile) -> Result<String, Error> {
    let digest = file.announcement.sha256.as_ref();
    let put = resources
        .s3
        .put_object()
        .bucket(&resources.bucket)
        .key(upload.key())
        .content_type(upload.content_type.as_str())
        .checksum_algorithm(ChecksumAlgorithm::Sha256)
        .set_checksum_sha256(digest.map(|digest| STANDARD.encode(digest.as_bytes())))
        .if_none_match("*")
        .body(ByteStream::from(file.contents.clone()));
    let version_id = match put.send().await {
        Ok(stored) => stored.version_id,
        Err(error) if is_stored_already(&error) => head(resources, upload).await?,
        Err(error) => return Err(resources.s3_error("s3:PutObject", &error).into()),
    };
    Ok(version_id.unwrap_or_default())
}

/// Whether S3 has the file: an earlier run was interrupted before it recorded the file.
fn is_stored_already<E, R>(error: &aws_sdk_s3::error::SdkError<E, R>) -> bool
where
    E: aws_sdk_s3::error::ProvideErrorMetadata,
{
    let service_error = error.as_service_error();
    service_error.and_then(E::code) == Some("PreconditionFailed")
}

async fn head(resources: &Resources, upload: &Upload) -> Result<Option<String>, Error> {
    let head = resources.s3.head_object().bucket(&resources.bucket);
    let found = head.key(upload.key()).send().await;
    let found = found.map_err(|error| resources.s3_error("s3:GetObject", &error))?;
    Ok(found.version_id)
}

/// Records the file as stored at the time that was made up. S3's event may record it first, with another time.
async fn record(
    resources: &Resources,
    mut upload: Upload,
    file: &SeedFile,
    version_id: String,
    clock: &Clock,
) -> Result<Stored, Error> {
    let object = Object {
        size: upload.size.bytes(),
        sha256: file
            .announcement
            .sha256
            .as_ref()
            .map(|digest| *digest.as_bytes()),
        version_id,
        stored_at: file.stored_at,
    };
    for _ in 0..TRIES {
        let Some(transition) = next(&upload, &object, clock) else {
            return Ok(Stored::Created);
        };
        match resources.uploads.apply(&transition).await? {
            Applied::Conflict(Some(newer)) => upload = *newer,
            Applied::Changed(_) => return Ok(Stored::Created),
            Applied::Conflict(None)
            | Applied::LimitExceeded(..)
            | Applied::IdempotencyKeyUsed
            | Applied::OwnerErased => {
                return Ok(Stored::Skipped);
            }
        }
    }
    Ok(Stored::Created)
}

/// The change that makes the record that of the stored file; `None` if it is, or is not pending any more.
fn next(upload: &Upload, object: &Object, clock: &Clock) -> Option<Transition> {
    match upload.on(&Event::Arrived(object.clone()), clock.now()) {
        Ok(Outcome::Changed(transition)) => return Some(*transition),
        Ok(Outcome::Unchanged) | Err(_) => {}
    }
    let file = StoredFile {
        version_id: object.version_id.clone(),
        stored_at: object.stored_at,
    };
    let recorded = upload.state.file()?;
    let is_other_time = recorded.version_id == file.version_id && *recorded != file;
    // The revision stays: with this time, the record is as if the event had come later.
    is_other_time.then(|| Transition {
        from_revision: upload.revision,
        to: Upload {
            state: State::Stored(file),
            ..upload.clone()
        },
        change: ChargeChange::default(),
    })
}

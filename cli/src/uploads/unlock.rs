use std::io::Write;

use clap::Args;
use domain::{
    Clock, Upload, UploadId, UserId,
    upload::{Event, Outcome},
};
use store::uploads::Applied;
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

use super::{
    Error,
    files::Lock,
    stores::{Stores, StoresArgs},
};

/// `cloakroom uploads unlock`.
#[derive(Debug, Args)]
pub(super) struct UnlockArgs {
    /// The id of the user and the id of the upload, as in the key of the object in S3
    #[arg(value_name = "OWNER/ID", value_parser = key)]
    upload: (UserId, UploadId),
    #[command(flatten)]
    stores: StoresArgs,
}

pub(super) const ABOUT: &str = "\
Lift the lock of a file, so that its owner can delete it.

The lock goes in S3 first, on every version of the file, and then in the record of the upload. Run the command again \
after an interruption: it finishes what is left.

A lock in compliance mode (the parameter LockMode=compliance) cannot be lifted; then nothing is changed.";

pub(super) const EXAMPLES: &str = "\
Examples:
  cloakroom uploads unlock 0190e3f5-4a20-7c3e-9b1d-2f6f1f3f7a11/0190e3f6-0c1d-7e2f-8a3b-4c5d6e7f8a9b --env prod
  cloakroom uploads unlock 0190e3f5-4a20-7c3e-9b1d-2f6f1f3f7a11/0190e3f6-0c1d-7e2f-8a3b-4c5d6e7f8a9b --env dev --local

Needs dynamodb:ListTables, and dynamodb:GetItem and PutItem on the table; s3:ListAllMyBuckets, s3:ListBucketVersions,
s3:GetObjectRetention, s3:PutObjectRetention and s3:BypassGovernanceRetention on the bucket.";

fn key(text: &str) -> Result<(UserId, UploadId), &'static str> {
    Upload::of_key(text)
        .ok_or("it takes the id of the user and the id of the upload, with a slash between them")
}

pub(super) async fn run(
    args: &UnlockArgs,
    clock: &Clock,
    out: &mut impl Write,
) -> Result<(), Error> {
    let stores = Stores::open(&args.stores).await?;
    let (owner, id) = args.upload;
    let key = Upload::key_of(owner, id);
    let now = clock.now();
    // A lock that a user sets at the same time may survive in S3 or in the record; the next run lifts it.
    let record = stores.uploads.find(owner, id).await?;
    let versions = stores.files.versions(&key).await?;
    if record.is_none() && versions.is_empty() {
        return Err(Error::NoUpload {
            key,
            table: stores.table,
            bucket: stores.files.bucket,
        });
    }
    let mut locks = Vec::new();
    for version in &versions {
        locks.extend(stores.files.lock(&key, version, now).await?);
    }
    if let Some(lock) = locks.iter().find(|lock| lock.is_compliance) {
        let until = text(lock.until);
        return Err(Error::Compliance { key, until });
    }
    for lock in &locks {
        stores.files.lift(&key, &lock.version_id).await?;
    }
    let recorded = record.and_then(|upload| Some((upload.locked_until?, upload)));
    let recorded = recorded.filter(|(until, _)| now < *until);
    if let Some((until, upload)) = &recorded
        && !unlock_record(&stores, upload.clone(), *until, clock).await?
    {
        return Err(Error::LockedAgain(key));
    }
    let ends = locks.iter().map(|lock: &Lock| lock.until);
    match ends.chain(recorded.map(|(until, _)| until)).max() {
        Some(until) => writeln!(
            out,
            "{key} is unlocked; it was locked until {}",
            text(until)
        )?,
        None => writeln!(out, "{key} is not locked")?,
    }
    Ok(())
}

/// Removes the lock that ends at `until` from the record; says whether the record has no other one.
async fn unlock_record(
    stores: &Stores,
    mut upload: Upload,
    until: OffsetDateTime,
    clock: &Clock,
) -> Result<bool, Error> {
    loop {
        let transition = match upload.on(&Event::LockLifted(until), clock.now()) {
            Ok(Outcome::Changed(transition)) => transition,
            Ok(Outcome::Unchanged) => return Ok(true),
            Err(_) => return Ok(false),
        };
        match stores.uploads.apply(&transition).await? {
            Applied::Conflict(Some(newer)) => upload = *newer,
            _ => return Ok(true),
        }
    }
}

fn text(time: OffsetDateTime) -> String {
    time.format(&Rfc3339).unwrap_or_else(|_| time.to_string())
}

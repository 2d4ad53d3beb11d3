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
    resources::{ResourceArgs, Resources},
};

/// Arguments of `cloakroom uploads unlock`.
#[derive(Debug, Args)]
pub(super) struct UnlockArgs {
    /// User id and upload id, as in the object's key in S3
    #[arg(value_name = "USER_ID/UPLOAD_ID", value_parser = parse_key)]
    upload: (UserId, UploadId),
    #[command(flatten)]
    resources: ResourceArgs,
}

pub(super) const ABOUT: &str = "\
Remove the lock of a file, so that its owner can delete it.

The command removes the lock of every version of the file in S3, then the lock in the upload's record. If it is \
interrupted, run it again to finish.

A lock in compliance mode (template parameter LockMode=compliance) cannot be removed; the command then changes nothing.";

pub(super) const EXAMPLES: &str = "\
Examples:
  cloakroom uploads unlock 0190e3f5-4a20-7c3e-9b1d-2f6f1f3f7a11/0190e3f6-0c1d-7e2f-8a3b-4c5d6e7f8a9b --env prod
  cloakroom uploads unlock 0190e3f5-4a20-7c3e-9b1d-2f6f1f3f7a11/0190e3f6-0c1d-7e2f-8a3b-4c5d6e7f8a9b --env dev --local

Required permissions: dynamodb:ListTables; dynamodb:GetItem and PutItem on the table; s3:ListAllMyBuckets;
s3:ListBucketVersions, s3:GetObjectRetention, s3:PutObjectRetention and s3:BypassGovernanceRetention on the bucket.";

fn parse_key(text: &str) -> Result<(UserId, UploadId), &'static str> {
    Upload::of_key(text).ok_or("expected a user id and an upload id, with a slash between them")
}

pub(super) async fn run(
    args: &UnlockArgs,
    clock: &Clock,
    out: &mut impl Write,
) -> Result<(), Error> {
    let resources = Resources::open(&args.resources).await?;
    let (owner, id) = args.upload;
    let key = Upload::key_of(owner, id);
    let now = clock.now();
    // A lock that the owner sets at the same time may remain in S3 or in the record; the next run removes it.
    let record = resources.records.find(owner, id).await?;
    let versions = resources.bucket.versions(&key).await?;
    if record.is_none() && versions.is_empty() {
        return Err(Error::NoUpload {
            key,
            table: resources.table,
            bucket: resources.bucket.name,
        });
    }
    let mut locks = Vec::new();
    for version in &versions {
        locks.extend(resources.bucket.lock(&key, version, now).await?);
    }
    if let Some(lock) = locks.iter().find(|lock| lock.is_compliance) {
        let until = format_time(lock.until);
        return Err(Error::Compliance { key, until });
    }
    for lock in &locks {
        resources.bucket.remove_lock(&key, &lock.version_id).await?;
    }
    let recorded = record.and_then(|upload| Some((upload.locked_until?, upload)));
    let recorded = recorded.filter(|(until, _)| now < *until);
    if let Some((until, upload)) = &recorded
        && !unlock_record(&resources, upload.clone(), *until, clock).await?
    {
        return Err(Error::LockedAgain(key));
    }
    let ends = locks.iter().map(|lock: &Lock| lock.until);
    match ends.chain(recorded.map(|(until, _)| until)).max() {
        Some(until) => writeln!(
            out,
            "{key} is unlocked. It was locked until {}",
            format_time(until)
        )?,
        None => writeln!(out, "{key} is not locked")?,
    }
    Ok(())
}

/// Removes the lock that ends at `until` from the record. Returns whether the record is unlocked afterwards.
async fn unlock_record(
    resources: &Resources,
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
        match resources.records.apply(&transition).await? {
            Applied::Conflict(Some(newer)) => upload = *newer,
            _ => return Ok(true),
        }
    }
}

fn format_time(time: OffsetDateTime) -> String {
    time.format(&Rfc3339).unwrap_or_else(|_| time.to_string())
}

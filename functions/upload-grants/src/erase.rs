use domain::{
    Upload, UploadId, UserId,
    upload::{Event, Outcome, Reader},
};
use events::UserData;
use futures_util::{StreamExt as _, stream};
use http_api::Deadline;
use store::{StoreError, uploads::Applied};

use crate::App;

/// The number of uploads that are erased at the same time.
const CONCURRENCY: usize = 16;

/// Attempts to change an upload that other requests change at the same time.
const TRIES: u32 = 10;

/// How far an erasure got.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Erasure {
    /// Nothing is left but what S3 still holds, which the reconciler deletes.
    Finished,
    /// The time of the invocation ended first. Another one continues.
    Unfinished,
}

/// Erases what uploads keeps about a deleted user: files, grants by and to the user, and rights to products. A repeated call
/// continues where an earlier one ended.
pub async fn erase(app: &App, user: &UserData, deadline: Deadline) -> Result<Erasure, StoreError> {
    let (id, now) = (user.user_id, app.clock.now());
    // First the mark: a request that is still running creates nothing.
    app.quotas.mark_erased(id, now).await?;
    app.sold_files.erase_user(id, now).await?;
    app.read_grants.erase_reader(Reader::User(id)).await?;
    if let Some(address) = user.address_id {
        app.read_grants
            .erase_reader(Reader::Address(address))
            .await?;
    }
    erase_uploads(app, id, deadline).await
}

async fn erase_uploads(
    app: &App,
    owner: UserId,
    deadline: Deadline,
) -> Result<Erasure, StoreError> {
    let mut after: Option<UploadId> = None;
    loop {
        let (page, last) = app.uploads.not_erased_of(owner, after, None).await?;
        let mut erasures = stream::iter(page)
            .map(async |upload| erase_upload(app, upload).await)
            .buffer_unordered(CONCURRENCY);
        while let Some(erased) = erasures.next().await {
            erased?;
            if deadline.is_near(app.clock.now()) {
                return Ok(Erasure::Unfinished);
            }
        }
        after = last;
        if after.is_none() {
            return Ok(Erasure::Finished);
        }
    }
}

/// Erases one upload: its grants, what is sold of it, and its record. The record becomes due, so the reconciler deletes the file.
async fn erase_upload(app: &App, mut upload: Upload) -> Result<(), StoreError> {
    for _ in 0..TRIES {
        app.sold_files.erase_file(&upload).await?;
        let erased = upload.on(&Event::Erased, app.clock.now());
        let transition = match erased {
            Ok(Outcome::Changed(transition)) => transition,
            // Another invocation was first.
            Ok(Outcome::Unchanged) | Err(_) => return Ok(()),
        };
        if transition.to.is_finished() {
            // Nothing is left to find the grants by when the record is deleted.
            app.read_grants.erase_upload(upload.id).await?;
        }
        match app.uploads.apply(&transition).await? {
            Applied::Conflict(Some(newer)) => upload = *newer,
            // From now on, no grant is given. If this is interrupted, the reconciler deletes the grants with the record.
            _ => return app.read_grants.erase_upload(upload.id).await,
        }
    }
    Err(StoreError::Conflict)
}

use std::collections::BTreeMap;

use domain::{
    Upload, UploadId, UploadStatus, UserId,
    upload::{Action, Charge, Contents, Event, State},
};
use storage::{MultipartRef, OpenMultipart, Owned};
use time::{Duration, OffsetDateTime};

use crate::{ChangeOutcome, ReconcileError, Reconciler};

/// A multipart upload begins before its record is written. One that has no record after this time never gets one.
const WITHOUT_RECORD: Duration = Duration::days(1);
/// How often an owner's bytes are counted again because they changed meanwhile.
const TRIES: u32 = 3;

/// What a repair corrected. All zero when nothing was wrong.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RepairReport {
    /// Bytes that the counter of used bytes was wrong by.
    pub used_drift: u64,
    /// Bytes that the counter of kept bytes was wrong by.
    pub kept_drift: u64,
    /// Bytes of versions that belonged to no file and were deleted.
    pub surplus: u64,
    /// Uploads whose file S3 does not have.
    pub lost: u64,
}

impl RepairReport {
    /// Whether anything was corrected.
    #[must_use]
    pub fn has_corrections(&self) -> bool {
        *self != Self::default()
    }
}

impl std::ops::AddAssign for RepairReport {
    fn add_assign(&mut self, other: Self) {
        self.used_drift += other.used_drift;
        self.kept_drift += other.kept_drift;
        self.surplus += other.surplus;
        self.lost += other.lost;
    }
}

impl Reconciler {
    /// Compares everything that S3 holds of an owner with the records, brings them in line, and counts the owner's bytes
    /// again.
    ///
    /// # Errors
    /// When the tables or S3 do not answer.
    pub async fn repair(
        &self,
        owner: UserId,
        now: OffsetDateTime,
    ) -> Result<RepairReport, ReconcileError> {
        // S3 first: a record is written before S3 can receive its object.
        let Owned {
            contents,
            multiparts,
        } = self.bucket.owned_by(owner).await?;
        let records: BTreeMap<_, _> = self
            .uploads
            .all_of(owner)
            .await?
            .into_iter()
            .map(|upload| (upload.id, upload))
            .collect();
        let mut repaired = RepairReport::default();
        for (id, contents) in &contents {
            repaired.surplus += match records.get(id) {
                Some(upload) => self.repair_upload(upload, contents, now).await?,
                None => self.delete_orphan(owner, *id, contents).await?,
            };
        }
        for upload in records.values() {
            let is_lost = upload.state.file().is_some_and(|file| {
                let contents = contents.get(&upload.id);
                !contents.is_some_and(|contents| contents.has(&file.version_id))
            });
            // The list may be older than the record, so S3 is read again.
            if is_lost && self.settle_now(upload, now).await? {
                repaired.lost += 1;
            }
        }
        for open in &multiparts {
            self.abort_orphan(owner, open, records.get(&open.upload), now)
                .await?;
        }
        for thumbnail in records.values().filter(|it| it.id.is_thumbnail()) {
            self.repair_thumbnail(thumbnail, now).await?;
        }
        let quotas = self.uploads.quotas();
        if quotas.find(owner).await?.1 {
            // The counters of an erased owner do not count any more, and go when nothing is left.
            if contents.is_empty() && records.is_empty() && multiparts.is_empty() {
                quotas.remove_erased(owner, now).await?;
            }
            return Ok(repaired);
        }
        let (used_drift, kept_drift) = self.recount(owner).await?;
        Ok(RepairReport {
            used_drift,
            kept_drift,
            ..repaired
        })
    }

    /// Brings S3 in line with one record; returns the bytes of the versions that belonged to no file and were deleted.
    async fn repair_upload(
        &self,
        upload: &Upload,
        contents: &Contents,
        now: OffsetDateTime,
    ) -> Result<u64, ReconcileError> {
        let Some(wanted) = upload.desired_contents() else {
            return Ok(0);
        };
        let plan = contents.plan(&wanted);
        if !plan.actions.is_empty() {
            self.settle_now(upload, now).await?;
        }
        Ok(plan.surplus)
    }

    /// Settles an upload by the current state of its record. Says whether S3 did not have its file.
    async fn settle_now(
        &self,
        upload: &Upload,
        now: OffsetDateTime,
    ) -> Result<bool, ReconcileError> {
        let Some(upload) = self.uploads.find(upload.owner, upload.id).await? else {
            return Ok(false);
        };
        if upload.desired_contents().is_none() {
            return Ok(false);
        }
        let had_file = upload.state.file().is_some();
        let event = self.settle(&upload).await?;
        let after = self.apply_contents(&upload, &event, now).await?;
        let is_gone = after.is_some_and(|after| matches!(after.state, State::Gone { .. }));
        Ok(had_file && is_gone)
    }

    /// Deletes versions that have no record, and returns their bytes.
    async fn delete_orphan(
        &self,
        owner: UserId,
        id: UploadId,
        contents: &Contents,
    ) -> Result<u64, ReconcileError> {
        let key = Upload::key_of(owner, id);
        let plan = contents.plan(&domain::upload::DesiredContents::Nothing);
        for action in &plan.actions {
            if let Action::Delete(version_id) = action {
                self.bucket.delete_version(&key, version_id).await?;
            }
        }
        tracing::warn!(%owner, %id, bytes = plan.surplus, "object_without_record_deleted");
        Ok(plan.surplus)
    }

    /// Deletes a thumbnail whose upload failed, or was deleted by a request that did not delete the thumbnail too.
    async fn repair_thumbnail(
        &self,
        thumbnail: &Upload,
        now: OffsetDateTime,
    ) -> Result<(), ReconcileError> {
        let is_current = |upload: &Upload| match upload.status() {
            UploadStatus::Pending | UploadStatus::Stored => true,
            UploadStatus::Failed | UploadStatus::Deleted => false,
        };
        if !is_current(thumbnail) {
            return Ok(());
        }
        let (owner, id) = (thumbnail.owner, thumbnail.id);
        let upload = self.uploads.find(owner, id.of_thumbnail()).await?;
        if upload.as_ref().is_some_and(is_current) {
            return Ok(());
        }
        let event = Event::DeletedForGood;
        if let ChangeOutcome::Applied(deleted) = self.change(thumbnail.clone(), &event, now).await?
        {
            self.reconcile(*deleted, now).await?;
            tracing::warn!(%owner, %id, "thumbnail_without_file_deleted");
        }
        Ok(())
    }

    async fn abort_orphan(
        &self,
        owner: UserId,
        open: &OpenMultipart,
        upload: Option<&Upload>,
        now: OffsetDateTime,
    ) -> Result<(), ReconcileError> {
        let is_expected = match upload {
            Some(upload) => {
                matches!(upload.state, State::Pending) && upload.multipart_id() == Some(&open.s3_id)
            }
            None => now < open.begun_at + WITHOUT_RECORD,
        };
        if !is_expected {
            let multipart = MultipartRef {
                key: &Upload::key_of(owner, open.upload),
                s3_id: &open.s3_id,
            };
            self.bucket.abort_multipart(multipart).await?;
        }
        Ok(())
    }

    /// Counts an owner's bytes from the records, and returns by how much the counters were wrong.
    async fn recount(&self, owner: UserId) -> Result<(u64, u64), ReconcileError> {
        let quotas = self.uploads.quotas();
        for _ in 0..TRIES {
            let read = quotas.usage(owner).await?;
            let mut counted = Charge::default();
            for upload in self.uploads.all_of(owner).await? {
                let charge = upload.charge();
                counted.used += charge.used;
                counted.kept += charge.kept;
                counted.open += charge.open;
            }
            let is_right =
                (counted.used, counted.kept, counted.open) == (read.used, read.kept, read.open);
            // The counters change with each record, so records that were read between two equal counts belong together.
            if is_right || quotas.correct(owner, &read, counted).await? {
                let drift = |counter: u64, counted: u64| counter.abs_diff(counted);
                return Ok((
                    drift(read.used, counted.used),
                    drift(read.kept, counted.kept),
                ));
            }
        }
        // The owner's uploads change all the time; the next repair counts again.
        Ok((0, 0))
    }
}

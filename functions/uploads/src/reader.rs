//! What a caller may read of other users' uploads.

use auth::Caller;
use domain::{Email, Upload, UploadId};
use http_api::Problem;
use store::ReaderGrant;

use crate::{App, parse_id};

impl App {
    /// Finds the upload of this id that the caller may read: their own, or another user's stored file with a grant or
    /// in a product that the caller has bought.
    pub async fn find_readable(&self, caller: &Caller, id: &str) -> Result<Upload, Problem> {
        let id = parse_id(id)?;
        let uploads = &self.reconciler.uploads;
        if let Some(own) = uploads.find(caller.user_id, id).await? {
            // The account of an erased upload's owner is deleted.
            return (!own.is_erased)
                .then_some(own)
                .ok_or_else(Problem::not_found);
        }
        let grants = self.read_grants.of_reader(id, caller.user_id).await?;
        for grant in grants {
            if let Some(upload) = self.find_granted(id, grant).await? {
                return Ok(upload);
            }
        }
        if let Some(upload) = self.find_bought(caller, id).await? {
            return Ok(upload);
        }
        // Last, because it reads the caller's account first.
        if let Some(email) = self.verified_address(caller).await?
            && let Some(grant) = self.read_grants.of_address(id, &email).await?
            && let Some(upload) = self.find_granted(id, grant).await?
        {
            return Ok(upload);
        }
        Err(Problem::not_found())
    }

    /// Finds the upload of a grant, if the grant is valid.
    async fn find_granted(
        &self,
        id: UploadId,
        grant: ReaderGrant,
    ) -> Result<Option<Upload>, Problem> {
        let found = self.reconciler.uploads.find(grant.owner, id).await?;
        Ok(found.filter(|upload| upload.is_readable_with(grant.deletions)))
    }

    /// The caller's address, if the caller has verified it: with a link that was mailed there. A claimed address gives no
    /// access. The credential belongs to the address, so it also shows whether the address still is the caller's.
    pub async fn verified_address(&self, caller: &Caller) -> Result<Option<Email>, Problem> {
        let Some(email) = self.users.address(caller.user_id).await? else {
            return Ok(None);
        };
        let verified = self.credentials.find_verified(&email).await?;
        Ok((verified == Some(caller.user_id)).then_some(email))
    }
}

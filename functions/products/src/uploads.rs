use aws_types::SdkConfig;
use domain::{ProductId, UploadId, UserId, product::ProductFile};
use events::FileData;
use http_api::Problem;
use serde::Deserialize;
use serde_json::json;
use service_client::Service;
use settings::{Env, EnvError};

use crate::problems::files_not_stored;

/// The service that keeps the files. It is asked whether files can be sold, because publishing needs the answer.
#[derive(Debug, Clone)]
pub struct UploadService(Service);

/// The answer: the files, or those that are not stored.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct PinFilesResponse {
    files: Vec<FileData>,
    not_stored: Vec<UploadId>,
}

impl UploadService {
    /// The function that `UPLOAD_GRANTS_FUNCTION` names.
    ///
    /// # Errors
    /// When the variable is not set.
    pub fn from_env(env: &Env, aws: &SdkConfig) -> Result<Self, EnvError> {
        Service::from_env(env, aws, "UPLOAD_GRANTS_FUNCTION").map(Self)
    }

    /// Makes files belong to a product. From then on they cannot be deleted. Idempotent.
    ///
    /// # Errors
    /// 409 when some are not stored or not the seller's, 503 when uploads does not answer.
    pub async fn pin(
        &self,
        product: ProductId,
        seller: UserId,
        files: &[UploadId],
    ) -> Result<Vec<ProductFile>, Problem> {
        if files.is_empty() {
            return Ok(Vec::new());
        }
        let question = json!({"productId": product, "sellerId": seller, "files": files});
        let answer = self.0.ask("PinFiles", &question).await;
        let answer: PinFilesResponse = answer.map_err(|error| {
            tracing::error!(%error, "uploads_not_available");
            Problem::unavailable()
        })?;
        if answer.not_stored.is_empty() {
            Ok(answer.files.into_iter().map(Into::into).collect())
        } else {
            Err(files_not_stored(&answer.not_stored))
        }
    }
}

use aws_sdk_lambda::{Client, config::Builder, primitives::Blob};
use aws_types::SdkConfig;
use domain::{ProductId, UploadId, UserId, product::ProductFile};
use events::FileData;
use http_api::Problem;
use serde::Deserialize;
use serde_json::json;
use settings::{Env, EnvError};

use crate::problems::files_not_stored;

/// The service that keeps the files. It is asked whether files can be sold, because publishing needs the answer.
#[derive(Debug, Clone)]
pub struct UploadService {
    client: Client,
    function: String,
}

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
        let mut config = Builder::from(aws);
        config.set_endpoint_url(env.get("AWS_ENDPOINT_URL_LAMBDA").map(str::to_owned));
        Ok(Self {
            client: Client::from_conf(config.build()),
            function: env.required("UPLOAD_GRANTS_FUNCTION")?,
        })
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
        let question = json!({
            "source": "cloakroom",
            "detail-type": "PinFiles",
            "detail": {"productId": product, "sellerId": seller, "files": files},
        });
        let invocation = self.client.invoke().function_name(&self.function);
        let invocation = invocation.payload(Blob::new(question.to_string()));
        let failed = |cause: String| {
            tracing::error!(cause, "uploads_not_available");
            Problem::unavailable()
        };
        let answer = invocation.send().await;
        let answer = answer.map_err(|error| failed(settings::aws::explain(&error)))?;
        if let Some(error) = answer.function_error() {
            return Err(failed(error.to_owned()));
        }
        let payload = answer.payload().map(AsRef::as_ref).unwrap_or_default();
        let answer: PinFilesResponse =
            serde_json::from_slice(payload).map_err(|error| failed(error.to_string()))?;
        if answer.not_stored.is_empty() {
            Ok(answer.files.into_iter().map(Into::into).collect())
        } else {
            Err(files_not_stored(&answer.not_stored))
        }
    }
}

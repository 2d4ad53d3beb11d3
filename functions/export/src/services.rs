use aws_types::SdkConfig;
use http_api::{ExportSection, ExportUserRequest, List, Problem};
use serde_json::Value;
use service_client::Service;
use settings::{Env, EnvError};

/// The services that keep something about users.
#[derive(Debug, Clone)]
pub struct Services {
    uploads: Service,
    products: Service,
    orders: Service,
    library: Service,
}

impl Services {
    /// The functions that `UPLOAD_GRANTS_FUNCTION`, `PRODUCTS_FUNCTION`, `ORDERS_FUNCTION` and `LIBRARY_FUNCTION` name.
    ///
    /// # Errors
    /// When a variable is not set.
    pub fn from_env(env: &Env, aws: &SdkConfig) -> Result<Self, EnvError> {
        Ok(Self {
            uploads: Service::from_env(env, aws, "UPLOAD_GRANTS_FUNCTION")?,
            products: Service::from_env(env, aws, "PRODUCTS_FUNCTION")?,
            orders: Service::from_env(env, aws, "ORDERS_FUNCTION")?,
            library: Service::from_env(env, aws, "LIBRARY_FUNCTION")?,
        })
    }

    /// Asks the service of a section for a page.
    ///
    /// # Errors
    /// 422 when the cursor is invalid, 503 when the service does not answer.
    pub async fn ask(&self, question: &ExportUserRequest) -> Result<List<Value>, Problem> {
        let service = match question.section {
            ExportSection::Usage
            | ExportSection::Uploads
            | ExportSection::SharedWithOthers
            | ExportSection::SharedWithMe => &self.uploads,
            ExportSection::Products => &self.products,
            ExportSection::Orders | ExportSection::Sales => &self.orders,
            ExportSection::Library => &self.library,
        };
        let answer = service.ask(ExportUserRequest::KIND, question).await;
        let answer: Option<List<Value>> = answer.map_err(|error| {
            tracing::error!(section = ?question.section, %error, "service_not_available");
            Problem::unavailable()
        })?;
        answer.ok_or_else(Problem::invalid_cursor)
    }
}

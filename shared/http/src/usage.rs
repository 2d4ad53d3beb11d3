use domain::upload::Usage;
use serde::Serialize;
use utoipa::ToSchema;

/// The bytes that the caller may use, uses, and has kept for deleted files.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = GetUploadUsageResponse)]
pub struct UsageView {
    /// The limit of `used`, in bytes. `kept` has a limit of the same size.
    quota: u64,
    /// Bytes of current files and open uploads.
    used: u64,
    /// Bytes of deleted files that can still be restored.
    kept: u64,
}

impl From<&Usage> for UsageView {
    fn from(usage: &Usage) -> Self {
        Self {
            quota: usage.quota,
            used: usage.used,
            kept: usage.kept,
        }
    }
}

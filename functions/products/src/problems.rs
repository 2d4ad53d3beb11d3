//! Problems of several product routes.

use domain::{UploadId, product::ProductRefusal};
use http::StatusCode;
use http_api::Problem;

/// 412: the product changed since the version in `If-Match`.
pub const STALE: Problem = Problem::new(
    StatusCode::PRECONDITION_FAILED,
    "precondition_failed",
    "The product has changed since the version in `If-Match`. Get the product again and repeat the change.",
);
/// 409: other requests changed the product during every attempt.
pub const CONCURRENT_CHANGE: Problem = Problem::new(
    StatusCode::CONFLICT,
    "request_in_progress",
    "Another request is changing this product. Try again in a moment.",
);
const ARCHIVED: Problem = Problem::new(
    StatusCode::CONFLICT,
    "product_archived",
    "The product is archived and cannot change any more. Create a new product.",
);
const FILE_PUBLISHED: Problem = Problem::new(
    StatusCode::CONFLICT,
    "file_published",
    "Buyers may have bought the files of this product, so none can be removed. Send all of them, or create a new product.",
);
const FILES_NOT_STORED: Problem = Problem::new(
    StatusCode::CONFLICT,
    "files_not_stored",
    "Some files are not stored uploads of yours. Upload them, or take them out of the list.",
);

/// Returns the problem for a change that the state of a product does not allow.
pub fn refusal_problem(refusal: ProductRefusal) -> Problem {
    match refusal {
        ProductRefusal::Archived => ARCHIVED,
        ProductRefusal::FileIsPublished => FILE_PUBLISHED,
    }
}

/// 409: names the files that S3 does not have, or that belong to other users.
pub fn files_not_stored(ids: &[UploadId]) -> Problem {
    let ids: Vec<_> = ids.iter().map(ToString::to_string).collect();
    FILES_NOT_STORED.with_detail(format!(
        "These files are not stored uploads of yours: {}. Upload them, or take them out of the list.",
        ids.join(", ")
    ))
}

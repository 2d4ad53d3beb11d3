use http::StatusCode;
use http_api::Problem;

/// 412: the endpoint changed since the version in `If-Match`.
pub const STALE: Problem = Problem::new(
    StatusCode::PRECONDITION_FAILED,
    "precondition_failed",
    "The endpoint has changed since the version in `If-Match`. Get it again and repeat the change.",
);

/// 409: there are as many endpoints as are allowed.
pub const TOO_MANY: Problem = Problem::new(
    StatusCode::CONFLICT,
    "too_many_endpoints",
    "There are 20 endpoints already. Delete one first.",
);

/// 409: other requests changed the endpoint or the delivery during every attempt.
pub const CHANGED_MEANWHILE: Problem = Problem::new(
    StatusCode::CONFLICT,
    "changed_meanwhile",
    "Another request changed it at the same time, or an attempt is under way. Try again.",
);

/// 409: the endpoint receives nothing.
pub const DISABLED: Problem = Problem::new(
    StatusCode::CONFLICT,
    "endpoint_disabled",
    "The endpoint is disabled. Enable it first, with `PATCH /webhooks/{id}`.",
);

/// 409: what was sent is erased.
pub const ERASED: Problem = Problem::new(
    StatusCode::CONFLICT,
    "payload_erased",
    "The delivery cannot be sent again: its payload named a user whose account was deleted.",
);

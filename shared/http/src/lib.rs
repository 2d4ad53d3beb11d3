#![doc = include_str!("../README.md")]

mod address;
mod authenticated;
mod cursor;
mod deadline;
mod etag;
mod fields;
mod gateway;
mod idempotency;
mod json;
mod middleware;
mod page;
mod problem;
mod public_keys;
mod rate_limit;
mod runtime;
mod timestamp;
mod upload;
mod user;

pub use authenticated::{Authenticated, Tokens};
pub use cursor::Cursor;
pub use deadline::Deadline;
pub use etag::{IfMatch, etag};
pub use fields::{FieldError, Fields, FromFields, number, text};
pub use gateway::Gateway;
pub use idempotency::{IdempotencyKey, fingerprint};
pub use json::{JsonBody, from_json};
pub use middleware::with_middleware;
pub use page::{List, Page};
pub use problem::{Problem, ProblemDocument};
pub use public_keys::{PublicKeys, verifying_keys};
pub use rate_limit::RateLimit;
pub use runtime::{InitError, events, main};
pub use timestamp::Timestamp;
pub use upload::UploadView;
pub use user::{UserResponse, UserView, parse_profile};

//! The S3 side.

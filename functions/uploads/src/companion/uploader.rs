use std::collections::BTreeMap;

use axum::extract::{FromRequestParts, RawPathParams};
use domain::{Upload, UserId};
use http::request::Parts;
use http_api::{Authenticated, Problem, log_user};

use super::grants::find_owner;
use crate::{App, query::QueryParams};

/// The uploading user, from an access token, or from an upload grant in the path.
#[derive(Debug, Clone, Copy)]
pub struct Uploader(pub UserId);

impl FromRequestParts<App> for Uploader {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Self, Problem> {
        // The rate limit may have extracted it already.
        if let Some(uploader) = parts.extensions.get() {
            return Ok(*uploader);
        }
        let params = RawPathParams::from_request_parts(parts, app).await;
        let params = params.map_err(|_| Problem::not_found())?;
        let grant = params.iter().find(|(name, _)| *name == "grant");
        let uploader = if let Some((_, grant)) = grant {
            let owner = find_owner(app, grant).await?;
            log_user(&parts.extensions, owner);
            Self(owner)
        } else {
            let Authenticated(caller) = Authenticated::from_request_parts(parts, app).await?;
            Self(caller.user_id)
        };
        parts.extensions.insert(uploader);
        Ok(uploader)
    }
}

impl Uploader {
    /// Finds the upload of the parameter `key`, if it is the uploader's and has the S3 id of the path.
    pub async fn find_upload(
        self,
        app: &App,
        path: &BTreeMap<String, String>,
        query: &QueryParams,
    ) -> Result<Upload, Problem> {
        let key = query.required("key", |key| Ok(key.to_owned()))?;
        let (owner, id) = Upload::of_key(&key).ok_or_else(Problem::not_found)?;
        if owner != self.0 {
            return Err(Problem::not_found());
        }
        let found = app.reconciler.uploads.find(owner, id).await?;
        let s3_id = path.get("uploadId").map(String::as_str);
        found
            .filter(|upload| s3_id.is_some() && upload.multipart_id() == s3_id)
            .ok_or_else(Problem::not_found)
    }
}

//! `/uploads`: files that go from browsers straight to S3. What is kept here is who brings what, and what became of it.

mod companion;
mod complete;
mod create;
mod delete;
mod grants;
mod parts;
mod repeat;
mod show;
mod versions;
mod view;

use std::process::ExitCode;

use api::{InitError, Problem, Tokens};
use arrivals::{ArrivalError, Shelves};
use auth::Caller;
use axum::{
    Router,
    extract::FromRef,
    routing::{get, post, put},
};
use domain::{Clock, Upload, UploadId, UploadStatus};
use settings::Env;
use storage::{Bucket, StorageError};
use store::{Idempotency, Quotas, ReadGrants, UploadGrants, Uploads};

#[derive(Clone)]
struct App {
    shelves: Shelves,
    idempotency: Idempotency,
    grants: UploadGrants,
    read_grants: ReadGrants,
    tokens: Tokens,
    clock: Clock,
}

impl FromRef<App> for Tokens {
    fn from_ref(app: &App) -> Self {
        app.tokens.clone()
    }
}

/// What the function adds to the API document.
#[derive(Debug, utoipa::OpenApi)]
#[openapi(paths(
    create::create,
    show::list,
    show::upload,
    delete::delete,
    parts::sign,
    parts::list,
    complete::complete,
    versions::list,
    versions::restore,
    grants::grant,
    grants::revoke,
    grants::list,
    companion::grants::give,
    companion::params::params,
    companion::multipart::begin,
    companion::multipart::list,
    companion::multipart::sign,
    companion::complete::complete,
    companion::multipart::abort,
))]
pub struct ApiDoc;

/// Runs the function.
#[must_use]
pub fn main() -> ExitCode {
    api::main(routes)
}

async fn routes(env: &Env, clock: Clock) -> Result<Router, InitError> {
    let aws = settings::aws::sdk_config(env)?;
    let client = store::client(env, &aws);
    let app = App {
        shelves: Shelves {
            uploads: Uploads::from_env(env, &client)?,
            quotas: Quotas::from_env(env, &client)?,
            bucket: Bucket::from_env(env, &aws)?,
        },
        idempotency: Idempotency::from_env(env, &client)?,
        grants: UploadGrants::from_env(env, &client)?,
        read_grants: ReadGrants::from_env(env, &client)?,
        tokens: Tokens::from_env(env, &aws, clock.clone())?,
        clock,
    };
    tokio::join!(app.tokens.warm_up(), app.idempotency.warm_up());
    let routes = Router::new()
        .route("/uploads", post(create::create).get(show::list))
        .route("/uploads/{id}", get(show::upload).delete(delete::delete))
        .route("/uploads/{id}/parts", post(parts::sign).get(parts::list))
        .route("/uploads/{id}/complete", post(complete::complete))
        .route("/uploads/{id}/versions", get(versions::list))
        .route("/uploads/{id}/restore", post(versions::restore))
        .route("/uploads/{id}/grants", get(grants::list))
        .route(
            "/uploads/{id}/grants/{grantee}",
            put(grants::grant).delete(grants::revoke),
        )
        .merge(companion::routes());
    Ok(routes.with_state(app))
}

impl App {
    /// The caller's upload of this id. One that is somebody else's is none: the owner is part of the key.
    async fn find(&self, caller: &Caller, id: &str) -> Result<Upload, Problem> {
        let id = UploadId::parse(id).map_err(|_| Problem::not_found())?;
        let found = self.shelves.uploads.find(caller.user_id, id).await?;
        found.ok_or_else(Problem::not_found)
    }

    /// The upload of this id that the caller may read: one's own, or somebody's stored file with a grant.
    async fn readable(&self, caller: &Caller, id: &str) -> Result<Upload, Problem> {
        let id = UploadId::parse(id).map_err(|_| Problem::not_found())?;
        let uploads = &self.shelves.uploads;
        if let Some(own) = uploads.find(caller.user_id, id).await? {
            return Ok(own);
        }
        let owner = self.read_grants.owner(id, caller.user_id).await?;
        let found = uploads
            .find(owner.ok_or_else(Problem::not_found)?, id)
            .await?;
        found
            .filter(|upload| upload.status == UploadStatus::Stored)
            .ok_or_else(Problem::not_found)
    }
}

fn storage_failed(error: &StorageError) -> Problem {
    tracing::error!(cause = %error, "storage_failed");
    match error {
        StorageError::Unavailable(_) => Problem::unavailable(),
        StorageError::Request(_) => Problem::internal(error),
    }
}

fn arrival_failed(error: ArrivalError) -> Problem {
    match error {
        ArrivalError::Store(error) => error.into(),
        ArrivalError::Storage(error) => storage_failed(&error),
    }
}

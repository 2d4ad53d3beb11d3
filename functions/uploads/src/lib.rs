//! `/uploads` and `/s3`: uploads of files that browsers send directly to S3. Handlers read the record of an upload,
//! `domain::upload` decides how a request changes it, and the reconciler applies the change.

mod companion;
mod complete;
mod create;
mod delete;
mod email_grants;
mod grants;
mod list;
mod parts;
mod problems;
mod query;
mod reader;
mod record;
mod shared;
mod show;
mod sold;
mod thumbnails;
mod usage;
mod versions;
mod view;

use std::process::ExitCode;

use auth::Caller;
use axum::{
    Router,
    extract::{FromRef, Request, State},
    middleware::{Next, from_fn_with_state},
    response::Response,
    routing::{get, post, put},
};
use domain::{
    Clock, Upload, UploadId,
    upload::{DesiredContents, Event},
};
use http_api::{InitError, Problem, RateLimit, Tokens};
use settings::Env;
use storage::Bucket;
use store::{
    Credentials, Idempotency, Limits, ReadGrants, Sessions, SoldFiles, UploadGrants, Uploads, Users,
};
use time::Duration;
use upload_reconciler::{ChangeOnceOutcome, ChangeOutcome, Reconciler};

use self::{companion::uploader::Uploader, problems::reconcile_failed};

#[derive(Clone)]
struct App {
    reconciler: Reconciler,
    idempotency: Idempotency,
    grants: UploadGrants,
    read_grants: ReadGrants,
    sold_files: SoldFiles,
    users: Users,
    credentials: Credentials,
    /// Whether the stack sends mail, so that addresses can be verified.
    sends_mail: bool,
    sessions: Sessions,
    tokens: Tokens,
    s3_limit: RateLimit,
    /// How long a deleted file can be restored.
    old_versions_kept: Duration,
    clock: Clock,
}

impl FromRef<App> for Tokens {
    fn from_ref(app: &App) -> Self {
        app.tokens.clone()
    }
}

/// The function's part of the API document.
#[derive(Debug, utoipa::OpenApi)]
#[openapi(paths(
    create::create,
    list::list,
    show::upload,
    delete::delete,
    parts::sign,
    parts::list,
    complete::complete,
    usage::usage,
    versions::list,
    versions::restore,
    grants::grant,
    grants::revoke,
    grants::list,
    email_grants::grant,
    email_grants::revoke,
    companion::grants::create,
    companion::form::create,
    companion::create::create,
    companion::parts::list,
    companion::parts::sign,
    companion::complete::complete,
    companion::abort::abort,
))]
pub struct ApiDoc;

/// Runs the function.
#[must_use]
pub fn main() -> ExitCode {
    http_api::main(routes)
}

async fn routes(env: &Env, clock: Clock) -> Result<Router, InitError> {
    let aws = settings::aws::sdk_config(env)?;
    let client = store::client(env, &aws);
    let limits = Limits::from_env(env, &client)?;
    let read_grants = ReadGrants::from_env(env, &client)?;
    let app = App {
        reconciler: Reconciler {
            uploads: Uploads::from_env(env, &client)?,
            bucket: Bucket::from_env(env, &aws)?,
            read_grants: read_grants.clone(),
        },
        idempotency: Idempotency::from_env(env, &client)?,
        grants: UploadGrants::from_env(env, &client)?,
        read_grants,
        sold_files: SoldFiles::from_env(env, &client)?,
        users: Users::from_env(env, &client)?,
        credentials: Credentials::from_env(env, &client)?,
        sends_mail: env.parsed("SENDS_MAIL", "true or false")?,
        sessions: Sessions::from_env(env, &client)?,
        tokens: Tokens::from_env(env, &client, clock.clone())?,
        s3_limit: RateLimit::per_user(env, limits, "files", clock.clone())?,
        old_versions_kept: Duration::days(env.parsed("OLD_VERSION_DAYS", "a number of days")?),
        clock,
    };
    app.tokens.warm_up().await;
    // Rate-limited, because these routes send requests to S3, which may take seconds.
    let limited = Router::new()
        .route("/uploads/{id}", axum::routing::delete(delete::delete))
        .route("/uploads/{id}/parts", get(parts::list))
        .route("/uploads/{id}/versions", get(versions::list))
        .route("/uploads/{id}/restore", post(versions::restore))
        .merge(companion::limited_routes())
        .route_layer(from_fn_with_state(app.clone(), limit));
    let routes = Router::new()
        .route("/uploads", post(create::create).get(list::list))
        .route("/uploads/usage", get(usage::usage))
        .route("/uploads/{id}", get(show::upload))
        .route("/uploads/{id}/complete", post(complete::complete))
        .route("/uploads/{id}/parts", post(parts::sign))
        .route(
            "/uploads/{id}/grants",
            get(grants::list)
                .put(email_grants::grant)
                .delete(email_grants::revoke),
        )
        .route(
            "/uploads/{id}/grants/{grantee}",
            put(grants::grant).delete(grants::revoke),
        )
        .merge(companion::routes());
    Ok(routes.merge(limited).with_state(app))
}

/// Counts a request of the uploading user.
async fn limit(
    State(app): State<App>,
    Uploader(owner): Uploader,
    request: Request,
    next: Next,
) -> Response {
    let response = next.run(request);
    app.s3_limit.serve(&owner.to_string(), response).await
}

/// Parses the id of an upload. Thumbnails have none of their own: they are reached through their uploads.
fn parse_id(id: &str) -> Result<UploadId, Problem> {
    let id = UploadId::parse(id).map_err(|_| Problem::not_found())?;
    if id.is_thumbnail() {
        return Err(Problem::not_found());
    }
    Ok(id)
}

impl App {
    /// Finds the caller's upload of this id. Another user's upload is not found: the owner is part of the key.
    async fn find(&self, caller: &Caller, id: &str) -> Result<Upload, Problem> {
        let id = parse_id(id)?;
        let found = self.reconciler.uploads.find(caller.user_id, id).await?;
        let found = found.filter(|upload| !upload.is_erased);
        found.ok_or_else(Problem::not_found)
    }

    /// Applies an event to an upload.
    async fn change(&self, upload: Upload, event: &Event) -> Result<ChangeOutcome, Problem> {
        let changed = self
            .reconciler
            .change(upload, event, self.clock.now())
            .await;
        changed.map_err(reconcile_failed)
    }

    /// Applies an event to an upload, unless another request changed it since it was read.
    async fn change_once(
        &self,
        upload: &Upload,
        event: &Event,
    ) -> Result<ChangeOnceOutcome, Problem> {
        let changed = self
            .reconciler
            .change_once(upload, event, self.clock.now())
            .await;
        changed.map_err(reconcile_failed)
    }

    /// Fails a pending upload of which S3 has received more than there is room for.
    async fn fail_over_quota(&self, upload: &Upload) -> Result<(), Problem> {
        let changed = self.change_once(upload, &Event::QuotaExceeded).await?;
        if let ChangeOnceOutcome::Ended(ChangeOutcome::Applied(upload)) = changed
            && upload.desired_contents() == Some(DesiredContents::Nothing)
        {
            let reconciled = self.reconciler.reconcile(*upload, self.clock.now()).await;
            reconciled.map_err(reconcile_failed)?;
        }
        Ok(())
    }
}

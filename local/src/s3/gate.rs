//! Access control: finds the principal of a request and checks the template's policies. s3s verifies the signature.

use std::sync::Arc;

use super::{
    error::custom,
    events::{Reason, Redirects},
    needs::{On, needs},
    refuse,
    targets::{Target, Targets},
};
use crate::{
    calls::Cause,
    iam::{Denied, Principal, Principals, SESSION_TOKEN},
};
use http::{HeaderMap, Uri, header::AUTHORIZATION};
use s3s::{
    S3Error, S3ErrorCode, S3Request, S3Result,
    access::{S3Access, S3AccessContext},
    auth::{Credentials, S3Auth, SecretKey},
    dto::{CopyObjectInput, CopySource, DeleteObjectsInput, ObjectIdentifier, PostObjectInput},
    s3_error,
};
use serde_json::json;

/// The maximum validity of a URL in seconds.
const MAX_LIFE: u64 = 7 * 24 * 60 * 60;

/// The access control of all buckets.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    pub(crate) principals: Arc<Principals>,
    pub(crate) targets: Arc<Targets>,
}

impl Gate {
    fn principal(&self, credentials: Option<&Credentials>) -> S3Result<&Principal> {
        let key = credentials.map(|credentials| credentials.access_key.as_str());
        let key = key.ok_or_else(|| s3_error!(AccessDenied, "Access Denied"))?;
        self.principals.get(key).ok_or_else(unknown_key)
    }

    fn check(&self, caller: Signed<'_>, action: &str, resource: &str) -> S3Result<()> {
        let principal = self.principal(caller.credentials)?;
        let caller = principal.with_cause(caller.cause());
        caller.check(action, resource).map_err(denied)
    }

    fn record_usage(&self, caller: Signed<'_>, operation: &str) {
        if let Ok(principal) = self.principal(caller.credentials) {
            let used = json!({"service": "s3", "operation": operation});
            principal.with_cause(caller.cause()).record_usage(used);
        }
    }

    /// Checks whether the caller may delete one of the objects of a request.
    pub(crate) fn check_deletion(
        &self,
        request: &S3Request<DeleteObjectsInput>,
        target: &Target,
        object: &ObjectIdentifier,
    ) -> S3Result<()> {
        let action = if object.version_id.is_some() {
            "s3:DeleteObjectVersion"
        } else {
            "s3:DeleteObject"
        };
        let resource = target.object_arn(&object.key);
        let caller = Signed::of(request);
        self.check(caller, action, &resource)?;
        if request.input.bypass_governance_retention == Some(true) {
            self.check(caller, "s3:BypassGovernanceRetention", &resource)?;
        }
        Ok(())
    }

    /// Returns the error for a missing object: 403 instead of 404 when the caller may not list the bucket.
    pub(crate) fn missing<T>(
        &self,
        request: &S3Request<T>,
        target: &Target,
        error: S3Error,
    ) -> S3Error {
        match self.check(Signed::of(request), "s3:ListBucket", target.arn()) {
            Ok(()) => error,
            Err(denied) => denied,
        }
    }
}

/// A signed request.
#[derive(Clone, Copy)]
struct Signed<'a> {
    credentials: Option<&'a Credentials>,
    headers: &'a HeaderMap,
}

impl<'a> Signed<'a> {
    fn of<T>(request: &'a S3Request<T>) -> Self {
        Self {
            credentials: request.credentials.as_ref(),
            headers: &request.headers,
        }
    }

    /// A function signs its own requests in a header; in the URL or in a form it signs those of its clients.
    fn cause(self) -> Cause<'a> {
        if self.headers.contains_key(AUTHORIZATION) {
            Cause::of(self.headers)
        } else {
            Cause::Presigned
        }
    }
}

#[async_trait::async_trait]
impl S3Auth for Gate {
    async fn get_secret_key(&self, access_key: &str) -> S3Result<SecretKey> {
        match self.principals.get(access_key) {
            Some(principal) => Ok(SecretKey::from(principal.secret())),
            None => Err(unknown_key()),
        }
    }
}

#[async_trait::async_trait]
impl S3Access for Gate {
    async fn check(&self, context: &mut S3AccessContext<'_>) -> S3Result<()> {
        check_signed_headers(context.uri(), context.headers())?;
        check_life(context.uri())?;
        check_session_token(context.uri(), context.headers())?;
        refuse::headers(context.headers())?;
        let caller = Signed {
            credentials: context.credentials(),
            headers: context.headers(),
        };
        let operation = context.s3_op().name();
        self.record_usage(caller, operation);
        let path = context.s3_path();
        let Some(bucket) = path.get_bucket_name() else {
            // ListBuckets: the only one.
            return Gate::check(self, caller, "s3:ListAllMyBuckets", "*");
        };
        // Anonymous callers cannot find out which buckets exist.
        self.principal(caller.credentials)?;
        let target = self.targets.get(bucket)?;
        if operation == "PostObject" || operation == "DeleteObjects" {
            // The keys are in the body.
            return Ok(());
        }
        for (action, on) in needs(operation, context.uri().query(), context.headers()) {
            let resource = match on {
                On::Bucket => target.arn().to_owned(),
                On::Object => target.object_arn(path.get_object_key().unwrap_or_default()),
            };
            Gate::check(self, caller, &action, &resource)?;
        }
        Ok(())
    }

    async fn post_object(&self, request: &mut S3Request<PostObjectInput>) -> S3Result<()> {
        // Signatures of version 2 name no region; AWS takes none for new buckets.
        if request.region.is_none() {
            return Err(signature_version());
        }
        let input = &request.input;
        refuse::fields(input)?;
        let resource = self.targets.get(&input.bucket)?.object_arn(&input.key);
        let caller = Signed::of(request);
        Gate::check(self, caller, "s3:PutObject", &resource)?;
        if input.object_lock_mode.is_some() {
            Gate::check(self, caller, "s3:PutObjectRetention", &resource)?;
        }
        if input.object_lock_legal_hold_status.is_some() {
            Gate::check(self, caller, "s3:PutObjectLegalHold", &resource)?;
        }
        if request.input.success_action_redirect.is_some() {
            request.extensions.insert(Redirects);
        }
        request.extensions.insert(Reason::Post);
        Ok(())
    }

    async fn copy_object(&self, request: &mut S3Request<CopyObjectInput>) -> S3Result<()> {
        let (target, key, version) = self.targets.source(&request.input.copy_source)?;
        let action = if version.is_some() {
            "s3:GetObjectVersion"
        } else {
            "s3:GetObject"
        };
        let resource = target.object_arn(key);
        Gate::check(self, Signed::of(request), action, &resource)
    }
}

impl Targets {
    /// Returns the bucket, the key and the version of a copy's source.
    pub(crate) fn source<'a>(
        &self,
        source: &'a CopySource,
    ) -> S3Result<(&Target, &'a str, Option<&'a str>)> {
        match source {
            CopySource::Bucket {
                bucket,
                key,
                version_id,
            } => Ok((self.get(bucket)?, key, version_id.as_deref())),
            CopySource::AccessPoint {
                partition,
                region,
                account_id,
                access_point_name,
                key,
                version_id,
            } => {
                let arn = format!(
                    "arn:{partition}:s3:{region}:{account_id}:accesspoint/{access_point_name}"
                );
                Ok((self.get(&arn)?, key, version_id.as_deref()))
            }
            CopySource::Outpost { .. } => {
                Err(s3_error!(InvalidArgument, "Invalid copy source object key"))
            }
        }
    }
}

/// Returns the names of the signed headers, separated by semicolons.
pub(crate) fn signed_headers(uri: &Uri, headers: &HeaderMap) -> Option<String> {
    query(uri, "X-Amz-SignedHeaders").or_else(|| {
        let authorization = headers.get(AUTHORIZATION)?.to_str().ok()?;
        let mut parameters = authorization.split([',', ' ']);
        let names = parameters.find_map(|text| text.trim().strip_prefix("SignedHeaders="));
        names.map(str::to_owned)
    })
}

/// Checks that all `x-amz-` headers are signed, because they affect the request.
fn check_signed_headers(uri: &Uri, headers: &HeaderMap) -> S3Result<()> {
    let is_presigned = query(uri, "X-Amz-SignedHeaders").is_some();
    let authorization = headers.get(AUTHORIZATION);
    if !is_presigned && authorization.is_none() {
        // A form is signed by its policy.
        return Ok(());
    }
    if is_presigned && authorization.is_some() {
        return Err(s3_error!(
            InvalidArgument,
            "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter, Signature \
             query string parameter or the Authorization header should be specified"
        ));
    }
    if query(uri, "Signature").is_some()
        || authorization.is_some_and(|value| !value.as_bytes().starts_with(b"AWS4-"))
    {
        return Err(signature_version());
    }
    let signed = signed_headers(uri, headers).unwrap_or_default();
    let is_signed = |name: &str| {
        !name.starts_with("x-amz-")
            || (is_presigned && name == "x-amz-content-sha256")
            || signed.split(';').any(|signed| signed == name)
    };
    match headers.keys().find(|name| !is_signed(name.as_str())) {
        None => Ok(()),
        Some(name) => Err(s3_error!(
            AccessDenied,
            "There were headers present in the request which were not signed: {name}"
        )),
    }
}

/// Checks that a URL is valid for at most a week.
fn check_life(uri: &Uri) -> S3Result<()> {
    let life = query(uri, "X-Amz-Expires").and_then(|life| life.parse().ok());
    if life.is_some_and(|life: u64| life > MAX_LIFE) {
        return Err(custom(
            "AuthorizationQueryParametersError",
            format!("X-Amz-Expires must be less than a week (in seconds) that is: {MAX_LIFE}"),
        ));
    }
    Ok(())
}

/// Accepts an access key without a session token, but not with a wrong one.
fn check_session_token(uri: &Uri, headers: &HeaderMap) -> S3Result<()> {
    let header = headers.get("x-amz-security-token");
    let is_wrong_header = header.is_some_and(|value| value.as_bytes() != SESSION_TOKEN.as_bytes());
    let parameter = query(uri, "X-Amz-Security-Token");
    if is_wrong_header || parameter.is_some_and(|token| token != SESSION_TOKEN) {
        return Err(s3_error!(
            InvalidToken,
            "The provided token is malformed or otherwise invalid."
        ));
    }
    Ok(())
}

fn query(uri: &Uri, name: &str) -> Option<String> {
    form_urlencoded::parse(uri.query()?.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}

fn unknown_key() -> S3Error {
    s3_error!(
        InvalidAccessKeyId,
        "The AWS Access Key Id you provided does not exist in our records."
    )
}

fn signature_version() -> S3Error {
    s3_error!(
        InvalidRequest,
        "The authorization mechanism you have provided is not supported. Please use \
         AWS4-HMAC-SHA256."
    )
}

#[expect(
    clippy::needless_pass_by_value,
    reason = "the shape that map_err takes"
)]
fn denied(denied: Denied) -> S3Error {
    S3Error::with_message(S3ErrorCode::AccessDenied, denied.to_string())
}

//! Object Lock: retention and legal holds.
//! <https://docs.aws.amazon.com/AmazonS3/latest/userguide/object-lock.html>

use std::sync::Arc;

use s3s::{
    S3Request, S3Response, S3Result,
    dto::{
        GetObjectLegalHoldInput, GetObjectLegalHoldOutput, GetObjectRetentionInput,
        GetObjectRetentionOutput, ObjectLockLegalHold, ObjectLockLegalHoldStatus, ObjectLockMode,
        ObjectLockRetention, ObjectLockRetentionMode, PutObjectLegalHoldInput,
        PutObjectLegalHoldOutput, PutObjectRetentionInput, PutObjectRetentionOutput, Timestamp,
    },
    s3_error,
};
use time::OffsetDateTime;

use super::{
    Service,
    error::{no_such_key, no_such_version},
    store::{Lock, Mode, Object, Retention, Store, Version},
    targets::Target,
};

impl Service {
    pub(crate) fn set_retention(
        &self,
        request: &S3Request<PutObjectRetentionInput>,
    ) -> S3Result<S3Response<PutObjectRetentionOutput>> {
        let input = &request.input;
        let target = self.gate.targets.get(&input.bucket)?;
        let version = self.lockable(request, target, &input.key, input.version_id.as_deref())?;
        let now = target.store.now();
        let wanted = match &input.retention {
            None => None,
            Some(wanted) => retention(
                wanted.mode.as_ref().map(ObjectLockRetentionMode::as_str),
                wanted.retain_until_date.as_ref(),
                now,
            )?,
        };
        let bypass = input.bypass_governance_retention.unwrap_or_default();
        target.store.change(&version, |object| {
            if let Some(held) = object.retention.as_ref().filter(|held| held.until > now)
                && !may_replace(held, wanted.as_ref(), bypass)
            {
                return Err(s3_error!(
                    AccessDenied,
                    "Access Denied because object protected by object lock."
                ));
            }
            object.retention = wanted;
            Ok(())
        })?;
        Ok(S3Response::new(PutObjectRetentionOutput::default()))
    }

    pub(crate) fn retention(
        &self,
        request: &S3Request<GetObjectRetentionInput>,
    ) -> S3Result<S3Response<GetObjectRetentionOutput>> {
        let input = &request.input;
        let target = self.gate.targets.get(&input.bucket)?;
        let version = self.lockable(request, target, &input.key, input.version_id.as_deref())?;
        let held = object(&version)?.retention.as_ref().ok_or_else(no_lock)?;
        Ok(S3Response::new(GetObjectRetentionOutput {
            retention: Some(ObjectLockRetention {
                mode: Some(ObjectLockRetentionMode::from(held.mode.name().to_owned())),
                retain_until_date: Some(held.until.into()),
            }),
        }))
    }

    pub(crate) fn set_legal_hold(
        &self,
        request: &S3Request<PutObjectLegalHoldInput>,
    ) -> S3Result<S3Response<PutObjectLegalHoldOutput>> {
        let input = &request.input;
        let target = self.gate.targets.get(&input.bucket)?;
        let version = self.lockable(request, target, &input.key, input.version_id.as_deref())?;
        let status = input
            .legal_hold
            .as_ref()
            .and_then(|hold| hold.status.as_ref());
        let hold = legal_hold(status)?.ok_or_else(|| s3_error!(MalformedXML))?;
        target.store.change(&version, |object| {
            object.legal_hold = hold;
            Ok(())
        })?;
        Ok(S3Response::new(PutObjectLegalHoldOutput::default()))
    }

    pub(crate) fn legal_hold(
        &self,
        request: &S3Request<GetObjectLegalHoldInput>,
    ) -> S3Result<S3Response<GetObjectLegalHoldOutput>> {
        let input = &request.input;
        let target = self.gate.targets.get(&input.bucket)?;
        let version = self.lockable(request, target, &input.key, input.version_id.as_deref())?;
        let status = hold_status(object(&version)?.legal_hold);
        Ok(S3Response::new(GetObjectLegalHoldOutput {
            legal_hold: Some(ObjectLockLegalHold {
                status: Some(status),
            }),
        }))
    }

    fn lockable<T>(
        &self,
        request: &S3Request<T>,
        target: &Target,
        key: &str,
        id: Option<&str>,
    ) -> S3Result<Arc<Version>> {
        check_lockable(&target.store)?;
        match target.store.version(key, id) {
            Some(version) if version.object.is_some() => Ok(version),
            _ if id.is_some() => Err(self.gate.missing(request, target, no_such_version())),
            _ => Err(self.gate.missing(request, target, no_such_key())),
        }
    }
}

impl Mode {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Compliance => ObjectLockMode::COMPLIANCE,
            Self::Governance => ObjectLockMode::GOVERNANCE,
        }
    }
}

/// Parses the lock of a new object.
pub(crate) fn initial(
    store: &Store,
    mode: Option<&ObjectLockMode>,
    until: Option<&Timestamp>,
    hold: Option<&ObjectLockLegalHoldStatus>,
) -> S3Result<Lock> {
    let lock = Lock {
        retention: retention(mode.map(ObjectLockMode::as_str), until, store.now())?,
        legal_hold: legal_hold(hold)?.unwrap_or_default(),
    };
    if mode.is_some() || hold.is_some() {
        check_lockable(store)?;
    }
    Ok(lock)
}

fn check_lockable(store: &Store) -> S3Result<()> {
    if store.config.object_lock {
        return Ok(());
    }
    Err(s3_error!(
        InvalidRequest,
        "Bucket is missing Object Lock Configuration"
    ))
}

fn retention(
    mode: Option<&str>,
    until: Option<&Timestamp>,
    now: OffsetDateTime,
) -> S3Result<Option<Retention>> {
    let (mode, until) = match (mode, until) {
        (None, None) => return Ok(None),
        (Some(mode), Some(until)) => (mode, OffsetDateTime::from(until.clone())),
        _ => {
            return Err(s3_error!(
                InvalidArgument,
                "x-amz-object-lock-retain-until-date and x-amz-object-lock-mode must both be supplied"
            ));
        }
    };
    let mode = [Mode::Compliance, Mode::Governance]
        .into_iter()
        .find(|known| known.name() == mode)
        .ok_or_else(|| s3_error!(InvalidArgument, "Unknown wormMode directive."))?;
    if until <= now {
        return Err(s3_error!(
            InvalidArgument,
            "The retain until date must be in the future!"
        ));
    }
    Ok(Some(Retention { mode, until }))
}

/// Whether `wanted` may replace `held`. A retention can always be extended.
fn may_replace(held: &Retention, wanted: Option<&Retention>, bypass: bool) -> bool {
    let is_stronger = wanted.is_some_and(|wanted| {
        let mode_stays = wanted.mode == held.mode || wanted.mode == Mode::Compliance;
        mode_stays && wanted.until >= held.until
    });
    is_stronger || (held.mode == Mode::Governance && bypass)
}

fn legal_hold(status: Option<&ObjectLockLegalHoldStatus>) -> S3Result<Option<bool>> {
    match status.map(ObjectLockLegalHoldStatus::as_str) {
        None => Ok(None),
        Some(ObjectLockLegalHoldStatus::ON) => Ok(Some(true)),
        Some(ObjectLockLegalHoldStatus::OFF) => Ok(Some(false)),
        Some(_) => Err(s3_error!(
            InvalidArgument,
            "Legal Hold must be either of 'ON' or 'OFF'"
        )),
    }
}

pub(crate) fn hold_status(hold: bool) -> ObjectLockLegalHoldStatus {
    ObjectLockLegalHoldStatus::from_static(if hold {
        ObjectLockLegalHoldStatus::ON
    } else {
        ObjectLockLegalHoldStatus::OFF
    })
}

fn object(version: &Version) -> S3Result<&Object> {
    version.object.as_ref().ok_or_else(no_such_key)
}

fn no_lock() -> s3s::S3Error {
    s3_error!(
        NoSuchObjectLockConfiguration,
        "The specified object does not have a ObjectLock configuration"
    )
}

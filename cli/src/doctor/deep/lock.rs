use std::time::Duration;

use serde_json::{Value, json};
use time::format_description::well_known::Rfc3339;

use super::{
    super::Finding,
    Deep,
    client::{Session, Step},
};

const LOCK: Step = Step {
    check: "deep: lock",
    function: "UploadLocksFunction",
    needs: "PutObjectRetention through an access point of its own",
};

/// How long the file is locked: longer than the least that the API accepts (5 s), and short enough to wait for.
const LENGTH: Duration = Duration::from_secs(12);

impl Deep<'_> {
    /// Locks a file, tries to delete it, and deletes it after the lock.
    pub(super) async fn lock(&self, session: &Session) -> Result<Finding, Finding> {
        if self.deployment.number("MaxLockDays") <= 0.0 {
            let text = "locks are off: MaxLockDays is 0";
            return Ok(Finding::not_used(LOCK.check, text));
        }
        let id = self.put(session, b"locked").await?;
        let path = format!("/uploads/{id}");
        let complete = format!("{path}/complete");
        self.client
            .post(&LOCK, Some(session), &complete, &json!({}), 200)
            .await?;
        let until = self.doctor.clock.now() + LENGTH;
        let body = json!({"until": until.format(&Rfc3339).unwrap_or_default()});
        let lock = format!("{path}/lock");
        self.client
            .call(&LOCK, ("PUT", &lock), Some(session), &body, 200)
            .await?;
        // A locked file cannot be deleted.
        self.client
            .call(&LOCK, ("DELETE", &path), Some(session), &Value::Null, 409)
            .await?;
        tokio::time::sleep(LENGTH).await;
        self.client.delete(&LOCK, session, &path, 204).await?;
        let text = format!("a file was locked for {} s", LENGTH.as_secs());
        Ok(Finding::ok(LOCK.check, text))
    }
}

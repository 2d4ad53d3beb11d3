use std::time::Duration;

use serde_json::{Value, json};
use tokio::time::sleep;

use super::{super::Finding, Deep, client::Session};

const CHECK: &str = "deep: clean-up";

/// A locked file can be deleted after its lock, which lasts 12 seconds.
const ATTEMPTS: u32 = 6;
const PAUSE: Duration = Duration::from_secs(3);

impl Deep<'_> {
    /// Deletes the files and the account. Signs in for it, because an interrupted step may have created either.
    pub(super) async fn clean_up(&self, is_interrupted: bool) -> Finding {
        if is_interrupted {
            // The request that was interrupted may still be running.
            sleep(PAUSE).await;
        }
        let body = json!({"email": self.email, "password": self.password});
        let signed_in = self.client.request("POST", None, "/signin", &body).await;
        let session = match signed_in {
            Ok(response) if response.status == 200 => Session::of(&response.json()),
            Ok(response) if response.status == 401 => {
                return Finding::ok(CHECK, "there is no account to delete");
            }
            Ok(response) => return self.remains(&format!("sign-in answers {}", response.status)),
            Err(error) => return self.remains(&error),
        };
        if let Err(reason) = self.delete_files(&session).await {
            return self.remains(&reason);
        }
        let body = json!({"password": self.password});
        let deleted = self
            .client
            .request("DELETE", Some(&session), "/users/me", &body);
        match deleted.await {
            Ok(response) if response.status == 204 => Finding::ok(
                CHECK,
                "the account is deleted; S3 keeps its deleted files for OldVersionDays",
            ),
            Ok(response) => self.remains(&format!("DELETE /users/me answers {}", response.status)),
            Err(error) => self.remains(&error),
        }
    }

    async fn delete_files(&self, session: &Session) -> Result<(), String> {
        let listed = self
            .client
            .request("GET", Some(session), "/uploads?limit=100", &Value::Null);
        let listed = listed.await?.json();
        let uploads = listed["items"].as_array().into_iter().flatten();
        let is_open =
            |upload: &&Value| upload["status"] == "pending" || upload["status"] == "stored";
        for upload in uploads.filter(is_open) {
            let id = upload["id"].as_str().unwrap_or_default();
            self.delete_file(session, &format!("/uploads/{id}")).await?;
        }
        Ok(())
    }

    async fn delete_file(&self, session: &Session, path: &str) -> Result<(), String> {
        let mut status = 0;
        for _ in 0..ATTEMPTS {
            let deleted = self
                .client
                .request("DELETE", Some(session), path, &Value::Null);
            status = deleted.await?.status;
            if matches!(status, 204 | 404) {
                return Ok(());
            }
            sleep(PAUSE).await;
        }
        Err(format!("DELETE {path} answers {status}"))
    }

    fn remains(&self, reason: &str) -> Finding {
        let text = format!("the account {} remains: {reason}", self.email);
        let fix = "Delete it as an administrator: GET /admin/users, then DELETE /admin/users/{id}";
        Finding::problem(CHECK, text, fix)
    }
}

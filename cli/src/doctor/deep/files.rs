use std::{io::Write, time::Duration};

use serde_json::{Value, json};
use tokio::time::{Instant, sleep};

use super::{
    super::{Error, Finding, Report},
    Deep,
    client::{Session, Step},
    merged, random_hex,
};
use crate::aws::Request;

const PUT: Step = Step {
    check: "deep: upload by PUT",
    function: "UploadsFunction",
    needs: "a presigned PUT through the alias of an access point",
};
const EVENT: Step = Step {
    check: "deep: event of S3",
    function: "UploadEventsFunction",
    needs: "events of S3 through EventBridge",
};
const DOWNLOAD: Step = Step {
    check: "deep: download",
    function: "UploadsFunction",
    needs: "a presigned GET through the alias of an access point",
};
const DELETE: Step = Step {
    check: "deep: delete",
    function: "UploadsFunction",
    needs: "a delete marker through the alias of an access point",
};
const RESTORE: Step = Step {
    check: "deep: restore",
    function: "UploadsFunction",
    needs: "the deletion of a delete marker through the alias of an access point",
};
const FORM: Step = Step {
    check: "deep: upload by form",
    function: "UploadsFunction",
    needs: "a POST form whose policy accepts the alias of an access point",
};

const CONTENT_TYPE: &str = "text/plain";

impl Deep<'_> {
    /// Uploads a file with one PUT, waits for its event, downloads, deletes, restores and deletes it.
    pub(super) async fn single_file(
        &self,
        session: &Session,
        report: &mut Report<impl Write>,
    ) -> Result<(), Error> {
        report.step("uploading a file");
        let bytes = random_hex().unwrap_or_default().repeat(256).into_bytes();
        let id = match self.put(session, &bytes).await {
            Ok(id) => id,
            Err(finding) => return Ok(report.add(finding)?),
        };
        report.add(Finding::ok(PUT.check, format!("{} bytes", bytes.len())))?;
        report.step("waiting for the event of S3");
        let path = format!("/uploads/{id}");
        let stored = self.wait_until_stored(session, &path).await;
        let is_stored = stored.is_ok();
        report.add(merged(stored))?;
        if !is_stored {
            // Without events, the client has to complete the upload.
            let (complete, body) = (format!("{path}/complete"), json!({}));
            let completed = self.client.post(&PUT, Some(session), &complete, &body, 200);
            if let Err(finding) = completed.await {
                return Ok(report.add(finding)?);
            }
        }
        report.step("downloading");
        report.add(merged(
            self.download(&DOWNLOAD, session, &path, &bytes).await,
        ))?;
        report.step("deleting and restoring");
        report.extend(self.delete_and_restore(session, &path, &bytes).await)?;
        Ok(())
    }

    /// Creates an upload, sends its bytes, and returns its id.
    pub(super) async fn put(&self, session: &Session, bytes: &[u8]) -> Result<String, Finding> {
        let body =
            json!({"filename": "doctor.txt", "contentType": CONTENT_TYPE, "size": bytes.len()});
        let created = self
            .client
            .post(&PUT, Some(session), "/uploads", &body, 201);
        let created = created.await?.json();
        let request = presigned(&created["transfer"], "PUT").body(bytes);
        self.client.s3(&PUT, request, 200).await?;
        let id = created["upload"]["id"].as_str();
        Ok(id.unwrap_or_default().to_owned())
    }

    /// Polls an upload that the client does not complete.
    async fn wait_until_stored(&self, session: &Session, path: &str) -> Result<Finding, Finding> {
        let start = Instant::now();
        loop {
            let shown = self.client.get(&EVENT, session, path).await?;
            let seconds = start.elapsed().as_secs_f32();
            if shown["upload"]["status"] == "stored" {
                let text = format!("the upload was stored {seconds:.1} s later");
                return Ok(Finding::ok(EVENT.check, text));
            }
            if start.elapsed() > self.wait {
                let text = format!(
                    "the upload is still pending after {seconds:.0} s. This step needs {}: the bucket's notification, \
                     the rule and the function",
                    EVENT.needs
                );
                return Err(self.client.problem(&EVENT, text));
            }
            sleep(Duration::from_millis(500)).await;
        }
    }

    /// Downloads an upload and compares its bytes.
    pub(super) async fn download(
        &self,
        step: &Step,
        session: &Session,
        path: &str,
        expected: &[u8],
    ) -> Result<Finding, Finding> {
        let shown = self.client.get(step, session, path).await?;
        let url = shown["download"]["url"].as_str().unwrap_or_default();
        let file = self.client.s3(step, Request::new("GET", url), 200).await?;
        if file.body == expected {
            return Ok(Finding::ok(step.check, "the bytes are the same"));
        }
        let text = format!(
            "the {} downloaded bytes differ from the sent ones",
            file.body.len()
        );
        Err(self.client.problem(step, text))
    }

    async fn delete_and_restore(
        &self,
        session: &Session,
        path: &str,
        bytes: &[u8],
    ) -> Vec<Finding> {
        if let Err(finding) = self.client.delete(&DELETE, session, path, 204).await {
            return vec![finding];
        }
        let restored = merged(self.restore(session, path, bytes).await);
        let deleted = self.client.delete(&DELETE, session, path, 204).await;
        let deleted =
            deleted.map(|()| Finding::ok(DELETE.check, "deleted, restored, and deleted again"));
        vec![restored, merged(deleted)]
    }

    async fn restore(
        &self,
        session: &Session,
        path: &str,
        bytes: &[u8],
    ) -> Result<Finding, Finding> {
        let versions = format!("{path}/versions");
        let versions = self.client.get(&RESTORE, session, &versions).await?;
        let body = json!({"versionId": versions["items"][0]["versionId"]});
        let restore = format!("{path}/restore");
        let restored = self
            .client
            .post(&RESTORE, Some(session), &restore, &body, 200);
        restored.await?;
        self.download(&RESTORE, session, path, bytes).await
    }

    /// Uploads a file with a POST form, as a browser does.
    pub(super) async fn form(&self, session: &Session) -> Result<Finding, Finding> {
        let path = "/s3/params?filename=doctor.txt&type=text%2Fplain";
        let form = self.client.get(&FORM, session, path).await?;
        let boundary = random_hex().unwrap_or_default();
        let body = multipart_body(&form["fields"], &boundary);
        let content_type = format!("multipart/form-data; boundary={boundary}");
        let url = form["url"].as_str().unwrap_or_default();
        let request = Request::new("POST", url)
            .header("content-type", content_type)
            .body(body);
        self.client.s3(&FORM, request, 201).await?;
        Ok(Finding::ok(FORM.check, "S3 accepts the form"))
    }
}

/// Builds the request of a transfer with its signed headers. The HTTP client adds host and length itself.
pub(super) fn presigned(transfer: &Value, method: &'static str) -> Request {
    let url = transfer["url"].as_str().unwrap_or_default();
    let headers = transfer["headers"].as_object().into_iter().flatten();
    headers
        .filter(|(name, _)| !matches!(name.as_str(), "host" | "content-length"))
        .fold(Request::new(method, url), |request, (name, value)| {
            request.header(name, value.as_str().unwrap_or_default())
        })
}

/// Encodes the fields of a form and a small file (RFC 7578).
fn multipart_body(fields: &Value, boundary: &str) -> String {
    let fields = fields.as_object().into_iter().flatten();
    let fields = fields.map(|(name, value)| {
        let value = value.as_str().unwrap_or_default();
        format!(
            "--{boundary}\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"
        )
    });
    let file = format!(
        "--{boundary}\r\nContent-Disposition: form-data; name=\"file\"; filename=\"doctor.txt\"\r\n\
         Content-Type: {CONTENT_TYPE}\r\n\r\ncloakroom doctor\r\n--{boundary}--\r\n"
    );
    fields.chain([file]).collect()
}

use serde_json::{Value, json};

use super::{
    super::Finding,
    Deep,
    client::{Session, Step},
    random_hex,
};
use crate::aws::Request;

const PARTS: Step = Step {
    check: "deep: upload in parts",
    function: "UploadsFunction",
    needs: "a multipart upload through the alias of an access point",
};

/// The smallest size of a part that is not the last (S3).
const PART: usize = 5 * 1024 * 1024;

impl Deep<'_> {
    /// Uploads a file of 5 MiB and a byte in two parts, and downloads it. The routes of the upload widget accept parts of
    /// this size; those of the API's own uploads begin at 100 MiB.
    pub(super) async fn parts(&self, session: &Session) -> Result<Finding, Finding> {
        let text = random_hex().unwrap_or_default();
        let mut bytes = text.repeat(PART / text.len() + 1).into_bytes();
        bytes.truncate(PART + 1);
        let body = json!({
            "filename": "doctor.bin", "type": "text/plain", "metadata": {"size": bytes.len()},
        });
        let started = self
            .client
            .post(&PARTS, Some(session), "/s3/multipart", &body, 200);
        let started = started.await?.json();
        let key = started["key"].as_str().unwrap_or_default();
        let id = started["uploadId"].as_str().unwrap_or_default();
        let mut sent = Vec::new();
        for (number, part) in bytes.chunks(PART).enumerate() {
            let path = format!("/s3/multipart/{id}/{}?key={key}", number + 1);
            sent.push(self.send_part(session, &path, number + 1, part).await?);
        }
        let path = format!("/s3/multipart/{id}/complete?key={key}");
        let body = json!({"parts": sent});
        self.client
            .post(&PARTS, Some(session), &path, &body, 200)
            .await?;
        let upload = key.rsplit('/').next().unwrap_or_default();
        let path = format!("/uploads/{upload}");
        self.download(&PARTS, session, &path, &bytes).await
    }

    async fn send_part(
        &self,
        session: &Session,
        path: &str,
        number: usize,
        bytes: &[u8],
    ) -> Result<Value, Finding> {
        let signed = self.client.get(&PARTS, session, path).await?;
        let url = signed["url"].as_str().unwrap_or_default();
        let request = Request::new("PUT", url).body(bytes);
        let response = self.client.s3(&PARTS, request, 200).await?;
        let etag = response.header("etag").unwrap_or_default();
        Ok(json!({"PartNumber": number, "ETag": etag}))
    }
}

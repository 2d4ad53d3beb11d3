//! The bytes and versions that S3 stores.

use super::TestApp;

impl TestApp {
    /// Counts the bytes that S3 stores for an owner: all versions of all files, and the parts of open multipart uploads.
    pub async fn stored_bytes(&self, owner: &str) -> u64 {
        let (client, prefix) = (self.s3("local"), format!("{owner}/"));
        let mut bytes: i64 = 0;
        let mut after = (None, None);
        loop {
            let page = client
                .list_object_versions()
                .bucket(self.bucket())
                .prefix(&prefix)
                .set_key_marker(after.0)
                .set_version_id_marker(after.1)
                .send()
                .await
                .unwrap();
            let versions = page.versions.unwrap_or_default();
            bytes += versions.iter().filter_map(|it| it.size).sum::<i64>();
            if page.is_truncated != Some(true) {
                break;
            }
            after = (page.next_key_marker, page.next_version_id_marker);
        }
        let open = client
            .list_multipart_uploads()
            .bucket(self.bucket())
            .prefix(&prefix)
            .send();
        for open in open.await.unwrap().uploads.unwrap_or_default() {
            let mut pages = client
                .list_parts()
                .bucket(self.bucket())
                .set_key(open.key)
                .set_upload_id(open.upload_id)
                .into_paginator()
                .send();
            while let Some(page) = pages.next().await {
                let parts = page.unwrap().parts.unwrap_or_default();
                bytes += parts.iter().filter_map(|it| it.size).sum::<i64>();
            }
        }
        bytes.try_into().unwrap()
    }

    /// Lists the ids of all versions of an object.
    pub async fn version_ids(&self, key: &str) -> Vec<String> {
        let listed = self
            .s3("local")
            .list_object_versions()
            .bucket(self.bucket())
            .prefix(key)
            .send();
        let versions = listed.await.unwrap().versions.unwrap_or_default();
        versions
            .into_iter()
            .filter_map(|it| it.version_id)
            .collect()
    }
}

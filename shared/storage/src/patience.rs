use std::time::Duration;

use aws_sdk_s3::config::{Builder, retry::RetryConfig, timeout::TimeoutConfig};

/// A function has 29 seconds, and works before and after this request.
const PATIENCE: Duration = Duration::from_secs(25);
/// As for all other requests (`settings::aws`).
const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);

/// The timeouts and retries of a request that takes S3 seconds or minutes: the completion of a multipart upload
/// (<https://docs.aws.amazon.com/AmazonS3/latest/API/API_CompleteMultipartUpload.html>). A retry after two seconds, as for
/// other requests, would only repeat the work. S3 continues after a timeout, and its event announces the end.
pub(crate) fn patient() -> Builder {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(PATIENCE)
        .operation_timeout(PATIENCE);
    Builder::new()
        .timeout_config(timeouts.build())
        .retry_config(RetryConfig::standard().with_max_attempts(1))
}

#[cfg(test)]
mod tests {
    use std::sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    };

    use aws_sdk_s3::{Client, config::HttpClient, primitives::SdkBody};
    use aws_smithy_runtime_api::client::{
        http::{HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector},
        orchestrator::{HttpRequest, HttpResponse},
        runtime_components::RuntimeComponents,
    };
    use domain::upload::PartNumber;
    use settings::Env;
    use tokio::time::Instant;

    use super::*;
    use crate::{Bucket, Completed, MultipartRef, StorageError};

    fn multipart() -> MultipartRef<'static> {
        MultipartRef {
            key: "key",
            s3_id: "id",
        }
    }

    /// An S3 that takes this long for each response, and counts the requests.
    #[derive(Debug, Clone)]
    struct Slow(Duration, Arc<AtomicUsize>);

    impl HttpClient for Slow {
        fn http_connector(
            &self,
            _: &HttpConnectorSettings,
            _: &RuntimeComponents,
        ) -> SharedHttpConnector {
            SharedHttpConnector::new(self.clone())
        }
    }

    impl HttpConnector for Slow {
        fn call(&self, _: HttpRequest) -> HttpConnectorFuture {
            self.1.fetch_add(1, Relaxed);
            let delay = self.0;
            let body =
                "<CompleteMultipartUploadResult><ETag>\"0\"</ETag></CompleteMultipartUploadResult>";
            HttpConnectorFuture::new(async move {
                tokio::time::sleep(delay).await;
                let body = SdkBody::from(body);
                Ok(HttpResponse::new(200.try_into().unwrap(), body))
            })
        }
    }

    fn bucket(seconds: u64) -> (Bucket, Arc<AtomicUsize>) {
        let variables = [
            ("AWS_REGION", "us-east-1"),
            ("AWS_ACCESS_KEY_ID", "id"),
            ("AWS_SECRET_ACCESS_KEY", "secret"),
            ("UPLOADS_BUCKET", "bucket"),
        ];
        let env = Env::from(variables);
        let aws = settings::aws::sdk_config(&env).unwrap();
        let asked = Arc::<AtomicUsize>::default();
        let slow = Slow(Duration::from_secs(seconds), Arc::clone(&asked));
        let mut bucket = Bucket::from_env(&env, &aws).unwrap();
        let config = bucket.client.config().to_builder().http_client(slow);
        bucket.client = Client::from_conf(config.build());
        (bucket, asked)
    }

    #[tokio::test(start_paused = true)]
    async fn completing_a_multipart_upload_may_take_long() {
        let (bucket, asked) = bucket(20);
        let parts = [(PartNumber::parse(1).unwrap(), "\"0\"".to_owned())];
        let completed = bucket.complete_multipart(multipart(), &parts).await;
        assert_eq!(completed.unwrap(), Completed::Done);
        assert_eq!(asked.load(Relaxed), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_completion_that_times_out_is_not_retried() {
        let (bucket, asked) = bucket(60);
        let begun = Instant::now();
        let completed = bucket.complete_multipart(multipart(), &[]).await;
        assert!(matches!(completed, Err(StorageError::Unavailable(_))));
        assert_eq!((begun.elapsed(), asked.load(Relaxed)), (PATIENCE, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn other_requests_are_retried_soon() {
        let (bucket, asked) = bucket(60);
        assert!(bucket.head("key").await.is_err());
        assert_eq!(asked.load(Relaxed), 6);
    }
}

//! Implements the operations that the local S3 supports. s3s responds to all others with 501.

use s3s::{
    S3, S3Request, S3Response, S3Result,
    dto::{
        AbortMultipartUploadInput, AbortMultipartUploadOutput, CompleteMultipartUploadInput,
        CompleteMultipartUploadOutput, CopyObjectInput, CopyObjectOutput,
        CreateMultipartUploadInput, CreateMultipartUploadOutput, DeleteObjectInput,
        DeleteObjectOutput, DeleteObjectsInput, DeleteObjectsOutput, GetBucketCorsInput,
        GetBucketCorsOutput, GetBucketNotificationConfigurationInput,
        GetBucketNotificationConfigurationOutput, GetBucketVersioningInput,
        GetBucketVersioningOutput, GetObjectInput, GetObjectLegalHoldInput,
        GetObjectLegalHoldOutput, GetObjectLockConfigurationInput,
        GetObjectLockConfigurationOutput, GetObjectOutput, GetObjectRetentionInput,
        GetObjectRetentionOutput, HeadBucketInput, HeadBucketOutput, HeadObjectInput,
        HeadObjectOutput, ListBucketsInput, ListBucketsOutput, ListMultipartUploadsInput,
        ListMultipartUploadsOutput, ListObjectVersionsInput, ListObjectVersionsOutput,
        ListObjectsV2Input, ListObjectsV2Output, ListPartsInput, ListPartsOutput, PutObjectInput,
        PutObjectLegalHoldInput, PutObjectLegalHoldOutput, PutObjectOutput,
        PutObjectRetentionInput, PutObjectRetentionOutput, UploadPartInput, UploadPartOutput,
    },
};
use sam_template::REGION;

use super::{Service, events::Reason};

type ServiceResult<T> = S3Result<S3Response<T>>;

#[async_trait::async_trait]
impl S3 for Service {
    async fn abort_multipart_upload(
        &self,
        request: S3Request<AbortMultipartUploadInput>,
    ) -> ServiceResult<AbortMultipartUploadOutput> {
        self.abort_upload(request)
    }

    async fn complete_multipart_upload(
        &self,
        request: S3Request<CompleteMultipartUploadInput>,
    ) -> ServiceResult<CompleteMultipartUploadOutput> {
        self.complete_upload(&request).await
    }

    async fn copy_object(
        &self,
        request: S3Request<CopyObjectInput>,
    ) -> ServiceResult<CopyObjectOutput> {
        self.copy(&request).await
    }

    async fn create_multipart_upload(
        &self,
        request: S3Request<CreateMultipartUploadInput>,
    ) -> ServiceResult<CreateMultipartUploadOutput> {
        self.begin_upload(request)
    }

    async fn delete_object(
        &self,
        request: S3Request<DeleteObjectInput>,
    ) -> ServiceResult<DeleteObjectOutput> {
        self.delete(&request)
    }

    async fn delete_objects(
        &self,
        request: S3Request<DeleteObjectsInput>,
    ) -> ServiceResult<DeleteObjectsOutput> {
        self.delete_many(&request)
    }

    async fn get_bucket_cors(
        &self,
        request: S3Request<GetBucketCorsInput>,
    ) -> ServiceResult<GetBucketCorsOutput> {
        let output = self.cors_configuration(&request.input.bucket)?;
        Ok(S3Response::new(output))
    }

    async fn get_bucket_notification_configuration(
        &self,
        request: S3Request<GetBucketNotificationConfigurationInput>,
    ) -> ServiceResult<GetBucketNotificationConfigurationOutput> {
        Ok(S3Response::new(self.notifications(&request.input.bucket)?))
    }

    async fn get_bucket_versioning(
        &self,
        request: S3Request<GetBucketVersioningInput>,
    ) -> ServiceResult<GetBucketVersioningOutput> {
        Ok(S3Response::new(self.versioning(&request.input.bucket)?))
    }

    async fn get_object_lock_configuration(
        &self,
        request: S3Request<GetObjectLockConfigurationInput>,
    ) -> ServiceResult<GetObjectLockConfigurationOutput> {
        let output = self.lock_configuration(&request.input.bucket)?;
        Ok(S3Response::new(output))
    }

    async fn get_object(
        &self,
        request: S3Request<GetObjectInput>,
    ) -> ServiceResult<GetObjectOutput> {
        self.get(&request)
    }

    async fn get_object_legal_hold(
        &self,
        request: S3Request<GetObjectLegalHoldInput>,
    ) -> ServiceResult<GetObjectLegalHoldOutput> {
        self.legal_hold(&request)
    }

    async fn get_object_retention(
        &self,
        request: S3Request<GetObjectRetentionInput>,
    ) -> ServiceResult<GetObjectRetentionOutput> {
        self.retention(&request)
    }

    async fn head_bucket(
        &self,
        request: S3Request<HeadBucketInput>,
    ) -> ServiceResult<HeadBucketOutput> {
        self.gate.targets.get(&request.input.bucket)?;
        Ok(S3Response::new(HeadBucketOutput {
            bucket_region: Some(REGION.to_owned()),
            ..HeadBucketOutput::default()
        }))
    }

    async fn head_object(
        &self,
        request: S3Request<HeadObjectInput>,
    ) -> ServiceResult<HeadObjectOutput> {
        self.head(&request)
    }

    async fn list_buckets(
        &self,
        _: S3Request<ListBucketsInput>,
    ) -> ServiceResult<ListBucketsOutput> {
        Ok(self.buckets())
    }

    async fn list_multipart_uploads(
        &self,
        request: S3Request<ListMultipartUploadsInput>,
    ) -> ServiceResult<ListMultipartUploadsOutput> {
        self.list_uploads(request)
    }

    async fn list_object_versions(
        &self,
        request: S3Request<ListObjectVersionsInput>,
    ) -> ServiceResult<ListObjectVersionsOutput> {
        self.list_versions(request)
    }

    async fn list_objects_v2(
        &self,
        request: S3Request<ListObjectsV2Input>,
    ) -> ServiceResult<ListObjectsV2Output> {
        self.list(request)
    }

    async fn list_parts(
        &self,
        request: S3Request<ListPartsInput>,
    ) -> ServiceResult<ListPartsOutput> {
        Service::list_parts(self, request)
    }

    async fn put_object(
        &self,
        request: S3Request<PutObjectInput>,
    ) -> ServiceResult<PutObjectOutput> {
        // The gate marks requests from forms.
        let reason = request.extensions.get().copied().unwrap_or(Reason::Put);
        self.put(request, reason).await
    }

    async fn put_object_legal_hold(
        &self,
        request: S3Request<PutObjectLegalHoldInput>,
    ) -> ServiceResult<PutObjectLegalHoldOutput> {
        self.set_legal_hold(&request)
    }

    async fn put_object_retention(
        &self,
        request: S3Request<PutObjectRetentionInput>,
    ) -> ServiceResult<PutObjectRetentionOutput> {
        self.set_retention(&request)
    }

    async fn upload_part(
        &self,
        request: S3Request<UploadPartInput>,
    ) -> ServiceResult<UploadPartOutput> {
        Service::upload_part(self, request).await
    }
}

//! Deletes several objects in one request.
//! <https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html>

use s3s::{
    S3Error, S3Request, S3Response, S3Result,
    dto::{
        DeleteObjectsInput, DeleteObjectsOutput, DeletedObject, Error as ObjectError,
        ObjectIdentifier,
    },
    s3_error,
};

use super::{Service, error::not_implemented, targets::Target, write::check_key};

/// The maximum number of objects in a request.
const MAX_OBJECTS: usize = 1000;

impl Service {
    /// Deletes each object that the caller may delete. The response has an error for each of the others.
    pub(crate) fn delete_many(
        &self,
        request: &S3Request<DeleteObjectsInput>,
    ) -> S3Result<S3Response<DeleteObjectsOutput>> {
        let input = &request.input;
        let target = self.gate.targets.get(&input.bucket)?;
        if !(1..=MAX_OBJECTS).contains(&input.delete.objects.len()) {
            return Err(s3_error!(
                MalformedXML,
                "The XML you provided was not well-formed or did not validate against our \
                 published schema"
            ));
        }
        let mut deleted = Vec::new();
        let mut errors = Vec::new();
        for object in &input.delete.objects {
            match self.delete_one(request, target, object) {
                Ok(done) => deleted.push(done),
                Err(error) => errors.push(failed(object, &error)),
            }
        }
        if input.delete.quiet == Some(true) {
            deleted.clear();
        }
        Ok(S3Response::new(DeleteObjectsOutput {
            deleted: Some(deleted),
            errors: Some(errors),
            ..DeleteObjectsOutput::default()
        }))
    }

    fn delete_one(
        &self,
        request: &S3Request<DeleteObjectsInput>,
        target: &Target,
        object: &ObjectIdentifier,
    ) -> S3Result<DeletedObject> {
        let conditions = [
            object.e_tag.is_some(),
            object.last_modified_time.is_some(),
            object.size.is_some(),
        ];
        if conditions.contains(&true) {
            return Err(not_implemented("A condition on a deletion"));
        }
        check_key(&object.key)?;
        self.gate.check_deletion(request, target, object)?;
        let bypass = request.input.bypass_governance_retention == Some(true);
        let done = match &object.version_id {
            Some(id) => target.store.delete_version(&object.key, id, bypass)?,
            None => target.store.delete(&object.key)?,
        };
        Ok(DeletedObject {
            delete_marker: done.is_marker.then_some(true),
            delete_marker_version_id: done.version_id.filter(|_| done.is_marker),
            key: Some(object.key.clone()),
            version_id: object.version_id.clone(),
        })
    }
}

fn failed(object: &ObjectIdentifier, error: &S3Error) -> ObjectError {
    ObjectError {
        code: Some(error.code().as_str().to_owned()),
        key: Some(object.key.clone()),
        message: error.message().map(str::to_owned),
        version_id: object.version_id.clone(),
    }
}

use aws_sdk_ssm::{
    Client,
    operation::{delete_parameter::DeleteParameterError, put_parameter::PutParameterError},
    types::{Parameter, ParameterType},
};
use secrecy::{ExposeSecret as _, SecretString};
use time::OffsetDateTime;

use super::{Error, entry::Entry, store::WriteOutcome};
use crate::aws::AwsError;

/// The parameters under one path.
pub(super) struct ParameterItems {
    pub(super) client: Client,
    pub(super) path: String,
    pub(super) endpoint: String,
}

impl ParameterItems {
    pub(super) fn full_name(&self, name: &str) -> String {
        format!("{}/{name}", self.path)
    }

    /// Lists the parameters under `folder` ("" for all); `values` says whether their values are decrypted.
    pub(super) async fn list(&self, folder: &str, values: bool) -> Result<Vec<Entry>, Error> {
        let path = self.full_name(folder);
        let path = path.trim_end_matches('/');
        let request = self.client.get_parameters_by_path().path(path);
        let request = request.recursive(true).with_decryption(values);
        let mut pages = request.into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| {
                AwsError::from_call("ssm:GetParametersByPath", path, &self.endpoint, &error)
            })?;
            let page = page.parameters.unwrap_or_default();
            found.extend(
                page.into_iter()
                    .filter_map(|found| self.entry(found, values)),
            );
        }
        Ok(found)
    }

    fn entry(&self, found: Parameter, values: bool) -> Option<Entry> {
        let full_name = found.name?;
        let name = full_name.strip_prefix(&self.path)?.trim_start_matches('/');
        let modified = found.last_modified_date;
        Some(Entry {
            name: name.to_owned(),
            kind: match found.r#type {
                Some(ParameterType::String) => "String",
                Some(ParameterType::StringList) => "StringList",
                _ => "SecureString",
            },
            version: found.version,
            modified: modified.and_then(|at| OffsetDateTime::from_unix_timestamp(at.secs()).ok()),
            value: found.value.filter(|_| values).map(SecretString::from),
            full_name,
        })
    }

    /// Reads the value of one parameter.
    pub(super) async fn read(&self, name: &str) -> Result<SecretString, Error> {
        let name = self.full_name(name);
        let request = self.client.get_parameter().name(&name);
        let found = request.with_decryption(true).send().await;
        let found = found.map_err(|error| {
            AwsError::from_call("ssm:GetParameter", &name, &self.endpoint, &error)
        })?;
        let value = found.parameter.and_then(|parameter| parameter.value);
        Ok(value.unwrap_or_default().into())
    }

    /// Writes one value, encrypted with the AWS account's `aws/ssm` key.
    pub(super) async fn write(
        &self,
        name: &str,
        value: &SecretString,
        overwrite: bool,
    ) -> Result<WriteOutcome, Error> {
        let name = self.full_name(name);
        let request = self.client.put_parameter().name(&name);
        let request = request
            .value(value.expose_secret())
            .r#type(ParameterType::SecureString)
            .overwrite(overwrite);
        match request.send().await {
            Ok(written) => Ok(WriteOutcome::Written(written.version())),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(PutParameterError::is_parameter_already_exists) =>
            {
                Ok(WriteOutcome::AlreadyExists)
            }
            Err(error) => {
                Err(AwsError::from_call("ssm:PutParameter", &name, &self.endpoint, &error).into())
            }
        }
    }

    /// Deletes one parameter. A missing parameter counts as deleted.
    pub(super) async fn delete(&self, name: &str) -> Result<(), Error> {
        let name = self.full_name(name);
        match self.client.delete_parameter().name(&name).send().await {
            Ok(_) => Ok(()),
            Err(error)
                if error
                    .as_service_error()
                    .is_some_and(DeleteParameterError::is_parameter_not_found) =>
            {
                Ok(())
            }
            Err(error) => {
                let action = "ssm:DeleteParameter";
                Err(AwsError::from_call(action, &name, &self.endpoint, &error).into())
            }
        }
    }
}

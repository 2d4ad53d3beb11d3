use aws_sdk_ssm::{
    Client,
    operation::{delete_parameter::DeleteParameterError, put_parameter::PutParameterError},
    types::{Parameter, ParameterType},
};
use secrecy::{ExposeSecret as _, SecretString};

use super::Error;
use crate::aws::{AwsError, Connection, Target};

/// The SSM parameters of one stage.
pub(super) struct Store {
    client: Client,
    path: String,
    endpoint: String,
}

/// The outcome of a write.
pub(super) enum WriteOutcome {
    /// The value was written as this version of the parameter.
    Written(i64),
    /// The parameter already exists and was not overwritten.
    AlreadyExists,
}

impl Store {
    pub(super) async fn open(target: &Target) -> Result<Self, Error> {
        let (client, endpoint) = Connection::open(target).await?.ssm();
        Ok(Self::new(client, endpoint, target))
    }

    pub(super) fn new(client: Client, endpoint: String, target: &Target) -> Self {
        Self {
            path: target.env.parameter_path(),
            client,
            endpoint,
        }
    }

    /// Returns the full name of a parameter.
    pub(super) fn name(&self, relative: &str) -> String {
        format!("{}/{relative}", self.path)
    }

    /// Lists the parameters under `relative` ("" for all), sorted by full name, without decrypting the values.
    pub(super) async fn list(&self, relative: &str) -> Result<Vec<Parameter>, Error> {
        self.list_by_path(relative, false).await
    }

    /// Lists the parameters under `relative`, sorted by full name, with decrypted values.
    pub(super) async fn read_all(&self, relative: &str) -> Result<Vec<Parameter>, Error> {
        self.list_by_path(relative, true).await
    }

    async fn list_by_path(&self, relative: &str, values: bool) -> Result<Vec<Parameter>, Error> {
        let path = self.name(relative);
        let path = path.trim_end_matches('/');
        let pages = self
            .client
            .get_parameters_by_path()
            .path(path)
            .recursive(true);
        let mut pages = pages.with_decryption(values).into_paginator().send();
        let mut found = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| {
                AwsError::from_call("ssm:GetParametersByPath", path, &self.endpoint, &error)
            })?;
            found.extend(page.parameters.unwrap_or_default());
        }
        found.sort_by(|a, b| a.name().cmp(&b.name()));
        Ok(found)
    }

    /// Reads one parameter with its decrypted value.
    pub(super) async fn parameter(&self, relative: &str) -> Result<Parameter, Error> {
        let name = self.name(relative);
        let found = self
            .client
            .get_parameter()
            .name(&name)
            .with_decryption(true)
            .send()
            .await;
        let found = found.map_err(|error| {
            AwsError::from_call("ssm:GetParameter", &name, &self.endpoint, &error)
        })?;
        Ok(found
            .parameter
            .unwrap_or_else(|| Parameter::builder().build()))
    }

    /// Reads the value of one parameter.
    pub(super) async fn read(&self, relative: &str) -> Result<SecretString, Error> {
        let found = self.parameter(relative).await?;
        Ok(found.value.unwrap_or_default().into())
    }

    /// Writes one value, encrypted with the AWS account's `aws/ssm` key.
    pub(super) async fn write(
        &self,
        relative: &str,
        value: &SecretString,
        overwrite: bool,
    ) -> Result<WriteOutcome, Error> {
        let name = self.name(relative);
        let request = self
            .client
            .put_parameter()
            .name(&name)
            .value(value.expose_secret());
        let request = request
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
    pub(super) async fn delete(&self, relative: &str) -> Result<(), Error> {
        let name = self.name(relative);
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

use aws_sdk_dynamodb::{
    Client,
    types::{StreamViewType, TableDescription, TimeToLiveStatus},
};
use sam_template::{Table, TemplateError};
use serde_json::Value;

use super::super::{Deployment, Doctor, Finding};
use crate::aws::{AwsError, find_by_prefix, table_names};

/// Compares each table with the template: keys, indexes, status, time to live, stream, backups, deletion protection.
pub(in crate::doctor) async fn check(doctor: &Doctor, deployment: &Deployment) -> Vec<Finding> {
    let (client, endpoint) = doctor.connection.dynamodb();
    let names = table_names(&client, &endpoint).await;
    let (names, tables) = match (names, deployment.template.tables()) {
        (Ok(names), Ok(tables)) => (names, tables),
        (Err(error), _) => return vec![Finding::failed("tables", &error)],
        (_, Err(error)) => return vec![unreadable("tables", &error)],
    };
    let mut findings = Vec::new();
    for table in &tables {
        let inspection = Inspection {
            doctor,
            deployment,
            client: &client,
            endpoint: &endpoint,
            table,
        };
        findings.extend(inspection.run(&names).await);
    }
    findings
}

fn unreadable(check: &str, error: &TemplateError) -> Finding {
    Finding::problem(
        check,
        format!("the template of this command cannot be read: {error}"),
        "Install a new version of this command",
    )
}

/// The inspection of one table.
struct Inspection<'a> {
    doctor: &'a Doctor,
    deployment: &'a Deployment,
    client: &'a Client,
    endpoint: &'a str,
    table: &'a Table,
}

impl Inspection<'_> {
    async fn run(&self, names: &[String]) -> Vec<Finding> {
        let id = &self.table.logical_id;
        let known = self.deployment.resource(id).map(str::to_owned);
        let prefix = format!("{}-{id}", self.deployment.stack);
        let name = known
            .clone()
            .or_else(|| find_by_prefix(&prefix, names).ok());
        let name = name.filter(|name| names.contains(name));
        let Some(name) = name else {
            let text = format!("the table {prefix} does not exist");
            return vec![Finding::problem(id, text, self.restore(known.as_deref()))];
        };
        match self.differences(&name).await {
            Ok(differences) if differences.is_empty() => {
                vec![Finding::ok(id, "as in the template")]
            }
            Ok(differences) => differences,
            Err(finding) => vec![finding],
        }
    }

    /// Returns the command that brings back a deleted table. `CloudFormation` does not notice that it is gone.
    fn restore(&self, name: Option<&str>) -> String {
        match name {
            Some(name) if !self.doctor.is_local() => format!(
                "Restore the backup that DynamoDB made when it was deleted: aws dynamodb restore-table-from-backup \
                 --target-table-name {name} --backup-arn \"$(aws dynamodb list-backups --table-name {name} \
                 --backup-type SYSTEM --query 'BackupSummaries[-1].BackupArn' --output text)\""
            ),
            _ => self.doctor.deploy(),
        }
    }

    async fn differences(&self, name: &str) -> Result<Vec<Finding>, Finding> {
        let described = self.client.describe_table().table_name(name).send().await;
        let action = "dynamodb:DescribeTable";
        let described = described.map_err(|error| {
            let error = AwsError::from_call(action, name, self.endpoint, &error);
            Finding::failed(&self.table.logical_id, &error)
        })?;
        let table = described
            .table
            .unwrap_or_else(|| TableDescription::builder().build());
        let mut findings = Vec::new();
        findings.extend(self.status(name, &table));
        findings.extend(self.keys(name, &table));
        findings.extend(self.stream(name, &table));
        findings.extend(self.protection(name, &table)?);
        findings.extend(self.time_to_live(name).await?);
        findings.extend(self.backups(name).await?);
        Ok(findings)
    }

    fn problem(&self, text: impl Into<String>, fix: impl Into<String>) -> Finding {
        Finding::problem(&self.table.logical_id, text, fix)
    }

    fn status(&self, name: &str, table: &TableDescription) -> Option<Finding> {
        let status = table
            .table_status()
            .map_or("unknown", |status| status.as_str());
        (status != "ACTIVE").then(|| {
            let wait = format!("aws dynamodb wait table-exists --table-name {name}");
            self.problem(format!("the table is {status}"), wait)
        })
    }

    fn keys(&self, name: &str, table: &TableDescription) -> Option<Finding> {
        let create = &self.table.create;
        let found = key_schema(table.key_schema());
        if found != expected_keys(&create["KeySchema"]) {
            let text = format!("{name} has the keys {found:?}, which are not the template's");
            let fix = format!("{}; keys cannot be changed in place", self.doctor.deploy());
            return Some(self.problem(text, fix));
        }
        let indexes = create["GlobalSecondaryIndexes"].as_array();
        let missing: Vec<_> = indexes
            .into_iter()
            .flatten()
            .filter(|index| {
                let mut found = table.global_secondary_indexes().iter();
                !found.any(|found| {
                    found.index_name() == index["IndexName"].as_str()
                        && key_schema(found.key_schema()) == expected_keys(&index["KeySchema"])
                })
            })
            .filter_map(|index| index["IndexName"].as_str())
            .collect();
        let text = format!("{name} does not have the index {}", missing.join(", "));
        (!missing.is_empty()).then(|| self.problem(text, self.doctor.deploy()))
    }

    fn stream(&self, name: &str, table: &TableDescription) -> Option<Finding> {
        let expected = self.table.create["StreamSpecification"]["StreamViewType"].as_str()?;
        let found = table.stream_specification();
        let is_right = found.is_some_and(|stream| {
            stream.stream_enabled()
                && stream.stream_view_type().map(StreamViewType::as_str) == Some(expected)
        });
        (!is_right).then(|| {
            let text =
                format!("{name} has no stream with {expected}, so its consumer gets nothing");
            let enable = format!(
                "aws dynamodb update-table --table-name {name} \
                 --stream-specification StreamEnabled=true,StreamViewType={expected}, then point the event source mapping of its consumer at the new stream"
            );
            self.problem(text, enable)
        })
    }

    fn protection(&self, name: &str, table: &TableDescription) -> Result<Option<Finding>, Finding> {
        let expected = self.expected("DeletionProtectionEnabled")?;
        let is_expected = is_true(&expected);
        let is_protected = table.deletion_protection_enabled().unwrap_or(false);
        Ok((is_expected && !is_protected).then(|| {
            let enable = format!(
                "aws dynamodb update-table --table-name {name} --deletion-protection-enabled"
            );
            self.problem(format!("{name} can be deleted by mistake"), enable)
        }))
    }

    async fn time_to_live(&self, name: &str) -> Result<Option<Finding>, Finding> {
        let Some(attribute) = &self.table.ttl_attribute else {
            return Ok(None);
        };
        let described = self.client.describe_time_to_live().table_name(name);
        let action = "dynamodb:DescribeTimeToLive";
        let described = described.send().await.map_err(|error| {
            let error = AwsError::from_call(action, name, self.endpoint, &error);
            Finding::failed(&self.table.logical_id, &error)
        })?;
        let is_right = described.time_to_live_description().is_some_and(|found| {
            let status = found.time_to_live_status().map(TimeToLiveStatus::as_str);
            matches!(status, Some("ENABLED" | "ENABLING"))
                && found.attribute_name() == Some(attribute.as_str())
        });
        Ok((!is_right).then(|| {
            let text = format!("{name} does not expire items, so it grows forever");
            let enable = format!(
                "aws dynamodb update-time-to-live --table-name {name} \
                 --time-to-live-specification Enabled=true,AttributeName={attribute}"
            );
            self.problem(text, enable)
        }))
    }

    /// Checks point-in-time recovery, which the local database does not have.
    async fn backups(&self, name: &str) -> Result<Option<Finding>, Finding> {
        let expected = self.expected("PointInTimeRecoverySpecification")?;
        if self.doctor.is_local() || !is_true(&expected["PointInTimeRecoveryEnabled"]) {
            return Ok(None);
        }
        let described = self.client.describe_continuous_backups().table_name(name);
        let action = "dynamodb:DescribeContinuousBackups";
        let described = described.send().await.map_err(|error| {
            let error = AwsError::from_call(action, name, self.endpoint, &error);
            Finding::failed(&self.table.logical_id, &error)
        })?;
        let backups = described.continuous_backups_description();
        let recovery = backups.and_then(|backups| backups.point_in_time_recovery_description());
        let status = recovery.and_then(|recovery| recovery.point_in_time_recovery_status());
        let is_enabled = status.is_some_and(|status| status.as_str() == "ENABLED");
        Ok((!is_enabled).then(|| {
            let enable = format!(
                "aws dynamodb update-continuous-backups --table-name {name} \
                 --point-in-time-recovery-specification PointInTimeRecoveryEnabled=true"
            );
            self.problem(format!("{name} has no point-in-time recovery"), enable)
        }))
    }

    fn expected(&self, property: &str) -> Result<Value, Finding> {
        let id = &self.table.logical_id;
        let property = self.deployment.template.property(id, property);
        property.map_err(|error| unreadable(id, &error))
    }
}

fn key_schema(schema: &[aws_sdk_dynamodb::types::KeySchemaElement]) -> Vec<String> {
    let keys = schema.iter();
    keys.map(|key| format!("{} {}", key.attribute_name(), key.key_type()))
        .collect()
}

fn expected_keys(schema: &Value) -> Vec<String> {
    let keys = schema.as_array().into_iter().flatten();
    keys.map(|key| {
        let text = |name: &str| key[name].as_str().unwrap_or_default();
        format!("{} {}", text("AttributeName"), text("KeyType"))
    })
    .collect()
}

fn is_true(value: &Value) -> bool {
    *value == true || *value == "true"
}

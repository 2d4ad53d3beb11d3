//! `DynamoDB` tables.

use serde_json::{Map, Value, json};

use crate::{Template, TemplateError};

/// One `AWS::DynamoDB::Table`.
#[derive(Debug, Clone)]
pub struct Table {
    /// The logical id, for example `UsersTable`.
    pub logical_id: String,
    /// The physical name.
    pub name: String,
    /// The body of a `CreateTable` request.
    pub create: Value,
    /// The time-to-live attribute.
    pub ttl_attribute: Option<String>,
    /// Whether `CloudFormation` keeps the table when it creates another one in its place (`UpdateReplacePolicy: Retain`).
    pub is_kept_when_replaced: bool,
}

/// The properties that `CreateTable` accepts with the same name and format.
const CREATE_TABLE: [&str; 6] = [
    "AttributeDefinitions",
    "BillingMode",
    "GlobalSecondaryIndexes",
    "KeySchema",
    "LocalSecondaryIndexes",
    "ProvisionedThroughput",
];

impl Template {
    /// Returns the tables, sorted by logical id.
    ///
    /// # Errors
    ///
    /// When a property is missing or cannot be resolved.
    pub fn tables(&self) -> Result<Vec<Table>, TemplateError> {
        self.resources_of("AWS::DynamoDB::Table")?
            .into_iter()
            .map(|(id, resource)| self.table(id, resource))
            .collect()
    }

    fn table(&self, id: &str, resource: &Value) -> Result<Table, TemplateError> {
        let at = format!("Resources.{id}.Properties");
        let name = self.physical_name(id, &at)?;
        let properties = &resource["Properties"];
        let mut create = Map::new();
        create.insert("TableName".to_owned(), json!(name));
        for property in CREATE_TABLE {
            let value = self.resolve(&properties[property], &format!("{at}.{property}"))?;
            if !value.is_null() {
                create.insert(property.to_owned(), value);
            }
        }
        for required in ["AttributeDefinitions", "KeySchema"] {
            if !create.contains_key(required) {
                return Err(TemplateError::at(format!("{at}.{required}"), "is missing"));
            }
        }
        let stream = self.resolve(&properties["StreamSpecification"], &at)?;
        if let Some(kind) = stream.get("StreamViewType") {
            create.insert(
                "StreamSpecification".to_owned(),
                json!({"StreamEnabled": true, "StreamViewType": kind}),
            );
        }
        Ok(Table {
            logical_id: id.to_owned(),
            name,
            create: Value::Object(create),
            ttl_attribute: self.ttl_attribute(properties, &at)?,
            is_kept_when_replaced: resource["UpdateReplacePolicy"] == "Retain",
        })
    }

    fn ttl_attribute(&self, properties: &Value, at: &str) -> Result<Option<String>, TemplateError> {
        let at = format!("{at}.TimeToLiveSpecification");
        let ttl = self.resolve(&properties["TimeToLiveSpecification"], &at)?;
        match (&ttl["Enabled"], &ttl["AttributeName"]) {
            (Value::Null | Value::Bool(false), _) => Ok(None),
            (_, Value::String(attribute)) => Ok(Some(attribute.clone())),
            _ => Err(TemplateError::at(
                format!("{at}.AttributeName"),
                "is missing",
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn a_table_becomes_a_create_table_request() {
        let text = "
Parameters: {Env: {Type: String, Default: dev}}
Conditions: {IsProd: !Equals [!Ref Env, prod]}
Resources:
  Sessions:
    Type: AWS::DynamoDB::Table
    Properties:
      BillingMode: PAY_PER_REQUEST
      DeletionProtectionEnabled: !If [IsProd, true, false]
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
      TimeToLiveSpecification: {AttributeName: expires_at, Enabled: true}
      StreamSpecification: {StreamViewType: NEW_IMAGE}
      SSESpecification: {SSEEnabled: true}
";
        let template = Template::parse(text, &BTreeMap::new()).unwrap();
        let tables = template.tables().unwrap();
        assert_eq!(tables[0].name, "sam-app-Sessions");
        assert_eq!(tables[0].ttl_attribute.as_deref(), Some("expires_at"));
        assert!(!tables[0].is_kept_when_replaced);
        assert_eq!(
            tables[0].create,
            json!({
                "TableName": "sam-app-Sessions",
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
                "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
                "StreamSpecification": {"StreamEnabled": true, "StreamViewType": "NEW_IMAGE"},
            })
        );
    }

    #[test]
    fn a_table_is_kept_when_it_is_replaced_if_its_policy_says_so() {
        let text = "
Resources:
  Users:
    Type: AWS::DynamoDB::Table
    DeletionPolicy: RetainExceptOnCreate
    UpdateReplacePolicy: Retain
    Properties:
      AttributeDefinitions: [{AttributeName: id, AttributeType: S}]
      KeySchema: [{AttributeName: id, KeyType: HASH}]
";
        let template = Template::parse(text, &BTreeMap::new()).unwrap();
        assert!(template.tables().unwrap()[0].is_kept_when_replaced);
    }

    #[test]
    fn a_table_has_a_key() {
        let text = "Resources: {T: {Type: 'AWS::DynamoDB::Table', Properties: {}}}";
        let template = Template::parse(text, &BTreeMap::new()).unwrap();
        assert_eq!(
            template.tables().unwrap_err().to_string(),
            "Resources.T.Properties.AttributeDefinitions: is missing"
        );
    }
}

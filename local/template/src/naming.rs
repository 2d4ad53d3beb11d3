//! The physical names, ARNs and attributes of resources.

use serde_json::Value;

use crate::{ACCOUNT, PARTITION, REGION, Template, TemplateError};

/// The implicit API that SAM creates when functions have `HttpApi` events and no API is declared.
const IMPLICIT_API: &str = "ServerlessHttpApi";

/// The label of streams. On AWS it is the time at which the stream was created.
const STREAM_LABEL: &str = "local";

impl Template {
    /// Returns the physical name of the resource `id`: the one in the template, or else the stack's name and the
    /// logical id.
    pub(crate) fn physical_name(&self, id: &str, at: &str) -> Result<String, TemplateError> {
        let kind = self.kind(id, at)?;
        let property = name_property(kind);
        match property.map(|name| &self.resources[id]["Properties"][name]) {
            None | Some(Value::Null) => {
                let name = format!("{}-{id}", self.stack_name);
                Ok(match kind {
                    // The names of buckets know no capitals.
                    "AWS::S3::Bucket" | "AWS::S3::AccessPoint" => name.to_ascii_lowercase(),
                    _ => name,
                })
            }
            Some(name) => self.resolve_text(name, &format!("Resources.{id}.Properties")),
        }
    }

    /// Returns what `Ref` of a resource is: the URL of a queue, and the name of any other.
    pub(crate) fn identifier(&self, id: &str, at: &str) -> Result<String, TemplateError> {
        let name = self.physical_name(id, at)?;
        Ok(match self.kind(id, at)? {
            "AWS::SQS::Queue" => self.queue_url(&name),
            _ => name,
        })
    }

    /// Evaluates `GetAtt`.
    pub(crate) fn attribute(
        &self,
        id: &str,
        attribute: &str,
        at: &str,
    ) -> Result<String, TemplateError> {
        let kind = self.kind(id, at)?;
        let name = self.physical_name(id, at)?;
        let found = match attribute {
            "Arn" if kind == "AWS::Events::Rule" => Some(self.arn_of_rule(id, at)?),
            "Arn" | "TopicArn" => arn(kind, &name),
            "QueueUrl" if kind == "AWS::SQS::Queue" => Some(self.queue_url(&name)),
            "Alias" if kind == "AWS::S3::AccessPoint" => Some(format!("{name}-s3alias")),
            // `.invalid` is reserved (RFC 6761), so no server can have this name.
            "DomainName" if kind == "AWS::CloudFront::Distribution" => {
                Some(format!("{}.invalid", name.to_ascii_lowercase()))
            }
            "StreamArn" if kind == "AWS::DynamoDB::Table" => {
                arn(kind, &name).map(|table| format!("{table}/stream/{STREAM_LABEL}"))
            }
            "Name" | "QueueName" | "TopicName" => Some(name),
            _ => None,
        };
        found.ok_or_else(|| {
            TemplateError::at(
                at,
                format!("{kind} `{id}` has no attribute `{attribute}`, or it is not supported"),
            )
        })
    }

    /// Returns the ARN of the alias that SAM creates with `AutoPublishAlias`, to which `FUNCTION.Alias` refers
    /// (<https://docs.aws.amazon.com/serverless-application-model/latest/developerguide/automating-updates-to-serverless-apps.html>).
    pub(crate) fn alias(&self, function: &str, at: &str) -> Result<String, TemplateError> {
        let resource = self.resources.get(function).unwrap_or(&Value::Null);
        let properties = self.properties("Function", function, resource)?;
        let Some(alias) = properties.get("AutoPublishAlias") else {
            return Err(TemplateError::at(
                at,
                format!("`{function}` has no AutoPublishAlias"),
            ));
        };
        let alias = self.resolve_text(alias, at)?;
        let arn = self.attribute(function, "Arn", at)?;
        Ok(format!("{arn}:{alias}"))
    }

    fn kind(&self, id: &str, at: &str) -> Result<&str, TemplateError> {
        if id == IMPLICIT_API && !self.resources.contains_key(id) {
            return Ok("AWS::Serverless::HttpApi");
        }
        let Some(resource) = self.resources.get(id) else {
            return Err(TemplateError::at(
                at,
                format!("no parameter or resource `{id}`"),
            ));
        };
        if !self.is_deployed(id)? {
            return Err(TemplateError::at(
                at,
                format!("`{id}` is not deployed: its condition is false"),
            ));
        }
        resource["Type"]
            .as_str()
            .ok_or_else(|| TemplateError::at(format!("Resources.{id}.Type"), "is missing"))
    }
}

fn name_property(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "AWS::DynamoDB::Table" => "TableName",
        "AWS::Events::EventBus"
        | "AWS::Events::Rule"
        | "AWS::S3::AccessPoint"
        | "AWS::SES::ConfigurationSet"
        | "AWS::SSM::Parameter" => "Name",
        "AWS::IAM::Role" => "RoleName",
        "AWS::Lambda::Function" | "AWS::Serverless::Function" => "FunctionName",
        "AWS::Logs::LogGroup" => "LogGroupName",
        "AWS::S3::Bucket" => "BucketName",
        "AWS::SNS::Topic" => "TopicName",
        "AWS::SQS::Queue" => "QueueName",
        _ => return None,
    })
}

fn arn(kind: &str, name: &str) -> Option<String> {
    let regional = |service: &str, resource: String| {
        Some(format!(
            "arn:{PARTITION}:{service}:{REGION}:{ACCOUNT}:{resource}"
        ))
    };
    match kind {
        "AWS::DynamoDB::Table" => regional("dynamodb", format!("table/{name}")),
        "AWS::Events::EventBus" => regional("events", format!("event-bus/{name}")),
        "AWS::IAM::Role" => Some(format!("arn:{PARTITION}:iam::{ACCOUNT}:role/{name}")),
        "AWS::Lambda::Function" | "AWS::Serverless::Function" => {
            regional("lambda", format!("function:{name}"))
        }
        "AWS::Logs::LogGroup" => regional("logs", format!("log-group:{name}:*")),
        "AWS::S3::AccessPoint" => regional("s3", format!("accesspoint/{name}")),
        "AWS::S3::Bucket" => Some(format!("arn:{PARTITION}:s3:::{name}")),
        "AWS::SNS::Topic" => regional("sns", name.to_owned()),
        "AWS::SQS::Queue" => regional("sqs", name.to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn an_explicit_name_replaces_the_generated_one() {
        let text = "
Parameters: {Env: {Type: String, Default: qa}}
Resources:
  Users: {Type: 'AWS::DynamoDB::Table', Properties: {TableName: !Sub 'users-${Env}'}}
  Logs: {Type: 'AWS::Logs::LogGroup', Properties: {LogGroupName: /aws/lambda/x}}
  Role: {Type: 'AWS::IAM::Role'}
  Files: {Type: 'AWS::S3::Bucket'}
  Door: {Type: 'AWS::S3::AccessPoint', Properties: {Name: !Sub '${AWS::StackName}-door'}}
  Queue: {Type: 'AWS::SQS::Queue'}
  Page: {Type: 'AWS::CloudFront::Distribution'}
  Asked: {Type: 'AWS::Serverless::Function', Properties: {AutoPublishAlias: live}}
";
        let template = Template::parse(text, &BTreeMap::new()).unwrap();
        let name = |id| template.physical_name(id, "X").unwrap();
        assert_eq!(name("Users"), "users-qa");
        assert_eq!(name("Role"), "sam-app-Role");
        assert_eq!(
            template.attribute("Logs", "Arn", "X").unwrap(),
            "arn:aws:logs:us-east-1:000000000000:log-group:/aws/lambda/x:*"
        );
        assert_eq!(
            template.attribute("Role", "Arn", "X").unwrap(),
            "arn:aws:iam::000000000000:role/sam-app-Role"
        );
        assert_eq!(
            template.alias("Asked", "X").unwrap(),
            "arn:aws:lambda:us-east-1:000000000000:function:sam-app-Asked:live"
        );
        assert!(template.alias("Role", "X").is_err());
        assert_eq!(name("Files"), "sam-app-files");
        for (id, attribute, expected) in [
            ("Files", "Arn", "arn:aws:s3:::sam-app-files"),
            ("Door", "Alias", "sam-app-door-s3alias"),
            ("Page", "DomainName", "sam-app-page.invalid"),
            (
                "Door",
                "Arn",
                "arn:aws:s3:us-east-1:000000000000:accesspoint/sam-app-door",
            ),
            (
                "Queue",
                "Arn",
                "arn:aws:sqs:us-east-1:000000000000:sam-app-Queue",
            ),
        ] {
            assert_eq!(template.attribute(id, attribute, "X").unwrap(), expected);
        }
    }
}

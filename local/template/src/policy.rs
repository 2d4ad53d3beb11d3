//! The IAM statements of a function: those of its role or its inline policies.

use serde_json::{Map, Value};

use crate::{PolicyCondition, Template, TemplateError, policy_condition, resolve};

/// Whether a statement allows or denies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// Allows matching requests, unless another statement denies them.
    Allow,
    /// Denies matching requests.
    Deny,
}

/// One statement of an identity policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Its path in the template, such as `Resources.Role.Properties.Policies.0.PolicyDocument.Statement.1`.
    pub at: String,
    /// Allow or deny.
    pub effect: Effect,
    /// Actions such as `dynamodb:GetItem`, which can contain the wildcards `*` and `?`.
    pub actions: Vec<String>,
    /// ARNs, which can contain the wildcards `*` and `?`.
    pub resources: Vec<String>,
    /// Conditions, all of which must be met.
    pub conditions: Vec<PolicyCondition>,
}

const ROLE: &str = "AWS::IAM::Role";

impl Template {
    /// Returns the name of the function's role and its statements. Managed policies are not supported and allow
    /// nothing.
    pub(crate) fn permissions(
        &self,
        id: &str,
        properties: &Map<String, Value>,
    ) -> Result<(String, Vec<Statement>), TemplateError> {
        let at = format!("Resources.{id}.Properties");
        match properties.get("Role") {
            None | Some(Value::Null) => {
                let policies = properties.get("Policies").unwrap_or(&Value::Null);
                let statements = self.inline_statements(policies, &format!("{at}.Policies"))?;
                Ok((format!("{}-{id}Role", self.stack_name()), statements))
            }
            Some(role) => {
                let arn = self.resolve_text(role, &format!("{at}.Role"))?;
                self.role_with_arn(&arn, &format!("{at}.Role"))
            }
        }
    }

    fn role_with_arn(
        &self,
        arn: &str,
        at: &str,
    ) -> Result<(String, Vec<Statement>), TemplateError> {
        for (id, resource) in self.resources_of(ROLE)? {
            if self.attribute(id, "Arn", at)? == arn {
                let statements = self.role_statements(id, resource)?;
                return Ok((self.physical_name(id, at)?, statements));
            }
        }
        Err(TemplateError::at(
            at,
            format!("`{arn}` is not a role of this template"),
        ))
    }

    fn role_statements(&self, id: &str, role: &Value) -> Result<Vec<Statement>, TemplateError> {
        let at = format!("Resources.{id}.Properties.Policies");
        let policies = self.resolve(&role["Properties"]["Policies"], &at)?;
        let mut found = Vec::new();
        for (index, policy) in one_or_more(&policies).iter().enumerate() {
            let at = format!("{at}.{index}.PolicyDocument");
            found.extend(statements(&policy["PolicyDocument"], &at)?);
        }
        Ok(found)
    }

    fn inline_statements(
        &self,
        policies: &Value,
        at: &str,
    ) -> Result<Vec<Statement>, TemplateError> {
        let policies = self.resolve(policies, at)?;
        let mut found = Vec::new();
        for (index, policy) in one_or_more(&policies).iter().enumerate() {
            let at = format!("{at}.{index}");
            match policy {
                // The name of a managed policy.
                Value::String(_) => {}
                policy if policy.get("Statement").is_some() => {
                    found.extend(statements(policy, &at)?);
                }
                _ => {
                    return Err(TemplateError::at(
                        at,
                        "is a SAM policy template; write its statements out",
                    ));
                }
            }
        }
        Ok(found)
    }
}

fn statements(document: &Value, at: &str) -> Result<Vec<Statement>, TemplateError> {
    one_or_more(&document["Statement"])
        .iter()
        .enumerate()
        .map(|(index, value)| statement(value, &format!("{at}.Statement.{index}")))
        .collect()
}

pub(crate) fn statement(value: &Value, at: &str) -> Result<Statement, TemplateError> {
    let effect = match value["Effect"].as_str() {
        Some("Allow") => Effect::Allow,
        Some("Deny") => Effect::Deny,
        _ => return Err(TemplateError::at(at, "Effect is neither Allow nor Deny")),
    };
    for property in ["NotAction", "NotResource"] {
        if value.get(property).is_some() {
            return Err(TemplateError::at(
                at,
                format!("{property} is not supported locally"),
            ));
        }
    }
    let texts = |property: &str| -> Result<Vec<String>, TemplateError> {
        let at = format!("{at}.{property}");
        let values = one_or_more(&value[property]);
        if values.is_empty() {
            return Err(TemplateError::at(at, "is missing"));
        }
        values
            .iter()
            .map(|value| resolve::text(value, &at))
            .collect()
    };
    Ok(Statement {
        at: at.to_owned(),
        effect,
        actions: texts("Action")?,
        resources: texts("Resource")?,
        conditions: policy_condition::read(&value["Condition"], &format!("{at}.Condition"))?,
    })
}

/// Converts a value to a list: IAM and SAM accept a single value in place of a list.
pub(crate) fn one_or_more(value: &Value) -> &[Value] {
    match value {
        Value::Null => &[],
        Value::Array(values) => values,
        single => std::slice::from_ref(single),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    const TABLE: &str = "arn:aws:dynamodb:us-east-1:000000000000:table/sam-app-Users";

    fn statements_of(function: &str) -> Result<(String, Vec<Statement>), String> {
        let text = format!(
            "
Resources:
  Users: {{Type: 'AWS::DynamoDB::Table'}}
  ReadRole:
    Type: AWS::IAM::Role
    Properties:
      Policies:
        - PolicyName: read
          PolicyDocument:
            Statement:
              - {{Effect: Allow, Action: 'dynamodb:GetItem', Resource: !GetAtt Users.Arn}}
              - Effect: Deny
                Action: ['dynamodb:Query', 'dynamodb:Scan']
                Resource: [!Sub '${{Users.Arn}}/index/*']
  F:
    Type: AWS::Serverless::Function
    Properties:
      {function}
"
        );
        let template = Template::parse(&text, &BTreeMap::new()).unwrap();
        let properties = template.resources["F"]["Properties"].as_object().unwrap();
        template
            .permissions("F", properties)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn statements_come_from_the_role() {
        let (role, statements) = statements_of("Role: !GetAtt ReadRole.Arn").unwrap();
        assert_eq!(role, "sam-app-ReadRole");
        let policy = "Resources.ReadRole.Properties.Policies.0.PolicyDocument";
        assert_eq!(
            statements,
            [
                Statement {
                    at: format!("{policy}.Statement.0"),
                    effect: Effect::Allow,
                    actions: vec!["dynamodb:GetItem".to_owned()],
                    resources: vec![TABLE.to_owned()],
                    conditions: Vec::new(),
                },
                Statement {
                    at: format!("{policy}.Statement.1"),
                    effect: Effect::Deny,
                    actions: vec!["dynamodb:Query".to_owned(), "dynamodb:Scan".to_owned()],
                    resources: vec![format!("{TABLE}/index/*")],
                    conditions: Vec::new(),
                },
            ]
        );
    }

    #[test]
    fn statements_can_be_inline() {
        let policies = "Policies: [AWSLambdaBasicExecutionRole,
          {Statement: {Effect: Allow, Action: 'ssm:GetParameter', Resource: '*'}}]";
        let (role, statements) = statements_of(policies).unwrap();
        assert_eq!(role, "sam-app-FRole");
        assert_eq!(statements.len(), 1);
        assert_eq!(statements[0].resources, ["*"]);
    }

    #[test]
    fn an_unsupported_construct_is_an_error() {
        assert_eq!(
            statements_of("Policies: [{DynamoDBReadPolicy: {TableName: !Ref Users}}]").unwrap_err(),
            "Resources.F.Properties.Policies.0: is a SAM policy template; write its statements out"
        );
        assert_eq!(
            statements_of("Role: arn:aws:iam::1:role/other").unwrap_err(),
            "Resources.F.Properties.Role: `arn:aws:iam::1:role/other` is not a role of this template"
        );
    }
}

use std::collections::BTreeMap;

use local::Endpoints;
use sam_template::{Template, TemplateError};

use crate::aws::{AwsError, Element, Service, SignedCalls};

/// The template of this version of the command: what a stack should look like.
const TEMPLATE: &str = include_str!("../../../template.yaml");

const CLOUDFORMATION: Service = Service::named("cloudformation");
/// The version of the API of `CloudFormation`.
const API_VERSION: &str = "2010-05-15";

/// What is deployed: the template with the stack's parameters, and the names of the stack's resources.
#[derive(Debug)]
pub(super) struct Deployment {
    pub(super) stack: String,
    pub(super) template: Template,
    /// The stack's parameters that this version of the template does not declare or does not accept.
    pub(super) unknown_parameters: Vec<String>,
    /// `CREATE_COMPLETE` or another status of `CloudFormation`. `None` in the local system.
    pub(super) status: Option<String>,
    outputs: BTreeMap<String, String>,
    /// By logical id.
    resources: BTreeMap<String, Resource>,
}

/// A deployed resource.
#[derive(Debug, Clone)]
struct Resource {
    /// The physical name.
    name: String,
    /// The type, like `AWS::SQS::Queue`.
    kind: String,
}

/// Why the stack cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum DeploymentError {
    #[error("there is no stack {0} in this account and region")]
    Missing(String),
    #[error("{0}")]
    Aws(#[from] AwsError),
    #[error("the template of this command cannot be read: {0}")]
    Template(#[from] TemplateError),
}

impl Deployment {
    /// Reads a deployed stack from `CloudFormation`.
    pub(super) async fn of_stack(
        calls: &SignedCalls,
        stack: &str,
    ) -> Result<Self, DeploymentError> {
        let description = describe(calls, stack).await?;
        let parameters = pairs(&description, "Parameters", "ParameterKey", "ParameterValue");
        let outputs = pairs(&description, "Outputs", "OutputKey", "OutputValue");
        let (template, unknown_parameters) = template(stack, parameters)?;
        Ok(Self {
            stack: stack.to_owned(),
            template,
            unknown_parameters,
            status: description.text_of("StackStatus"),
            outputs,
            resources: resources(calls, stack).await?,
        })
    }

    /// Describes the local system: its parameters are in `endpoints.json`, and its names follow from the template.
    pub(super) fn of_local(endpoints: &Endpoints, stack: &str) -> Result<Self, DeploymentError> {
        let (template, unknown_parameters) = template(stack, endpoints.parameters.clone())?;
        let resource = |name: String, kind: &str| Resource {
            name,
            kind: kind.to_owned(),
        };
        let tables = template.tables()?.into_iter();
        let tables = tables.map(|table| {
            let resource = resource(table.name, "AWS::DynamoDB::Table");
            (table.logical_id, resource)
        });
        let buckets = template.buckets()?.into_iter();
        let buckets = buckets.map(|bucket| {
            let resource = resource(bucket.name, "AWS::S3::Bucket");
            (bucket.logical_id, resource)
        });
        let resources = tables.chain(buckets).collect();
        // The local system serves the page next to the API, and sets AppUrl to its URL.
        let page = template.parameter("AppUrl");
        let page = page.unwrap_or_else(|| endpoints.api.clone());
        let outputs = [("ApiUrl", &endpoints.api), ("WebUrl", &page)];
        Ok(Self {
            stack: stack.to_owned(),
            template,
            unknown_parameters,
            status: None,
            outputs: outputs
                .map(|(name, value)| (name.to_owned(), value.clone()))
                .into(),
            resources,
        })
    }

    /// Returns an output of the stack.
    pub(super) fn output(&self, name: &str) -> Option<&str> {
        self.outputs.get(name).map(String::as_str)
    }

    /// Returns the physical name of a resource.
    pub(super) fn resource(&self, logical_id: &str) -> Option<&str> {
        let found = self.resources.get(logical_id);
        found.map(|resource| resource.name.as_str())
    }

    /// Lists the resources of one type: logical ids and physical names.
    pub(super) fn resources_of(&self, kind: &str) -> Vec<(&str, &str)> {
        let all = self.resources.iter();
        all.filter(|(_, resource)| resource.kind == kind)
            .map(|(id, resource)| (id.as_str(), resource.name.as_str()))
            .collect()
    }

    /// Returns the value of a parameter, or "" if it has none.
    pub(super) fn parameter(&self, name: &str) -> String {
        self.template.parameter(name).unwrap_or_default()
    }

    /// Returns the value of a parameter with a number.
    pub(super) fn number(&self, name: &str) -> f64 {
        self.parameter(name).parse().unwrap_or(0.0)
    }
}

/// Reads the template with these parameters, and lists those that it does not accept.
fn template(
    stack: &str,
    parameters: BTreeMap<String, String>,
) -> Result<(Template, Vec<String>), TemplateError> {
    let declared = Template::parse(TEMPLATE, &BTreeMap::new())?;
    let mut accepted = BTreeMap::new();
    let mut unknown = Vec::new();
    for (name, value) in parameters {
        let one = BTreeMap::from([(name.clone(), value.clone())]);
        if declared.has_parameter(&name) && Template::parse(TEMPLATE, &one).is_ok() {
            accepted.insert(name, value);
        } else {
            unknown.push(name);
        }
    }
    let template = Template::parse(TEMPLATE, &accepted)?;
    Ok((template.with_stack_name(stack), unknown))
}

async fn describe(calls: &SignedCalls, stack: &str) -> Result<Element, DeploymentError> {
    const ACTION: &str = "cloudformation:DescribeStacks";
    let parameters = [("StackName", stack)];
    let described = calls.query(ACTION, CLOUDFORMATION, API_VERSION, &parameters);
    let described = match described.await {
        Err(AwsError::Failed { message, .. }) if message.contains("does not exist") => {
            return Err(DeploymentError::Missing(stack.to_owned()));
        }
        described => described?,
    };
    let found = described.at(&["DescribeStacksResult", "Stacks", "member"]);
    found
        .cloned()
        .ok_or_else(|| DeploymentError::Missing(stack.to_owned()))
}

async fn resources(
    calls: &SignedCalls,
    stack: &str,
) -> Result<BTreeMap<String, Resource>, DeploymentError> {
    const ACTION: &str = "cloudformation:ListStackResources";
    let mut found = BTreeMap::new();
    let mut next: Option<String> = None;
    loop {
        let mut parameters = vec![("StackName", stack)];
        parameters.extend(next.as_deref().map(|token| ("NextToken", token)));
        let page = calls.query(ACTION, CLOUDFORMATION, API_VERSION, &parameters);
        let page = page.await?;
        let result = page.at(&["ListStackResourcesResult"]).cloned();
        let result = result.unwrap_or_default();
        let listed = result.at(&["StackResourceSummaries"]);
        for one in listed.iter().flat_map(|listed| listed.all("member")) {
            let id = one.text_of("LogicalResourceId");
            let name = one.text_of("PhysicalResourceId");
            let kind = one.text_of("ResourceType").unwrap_or_default();
            if let (Some(id), Some(name)) = (id, name) {
                found.insert(id, Resource { name, kind });
            }
        }
        next = result
            .text_of("NextToken")
            .filter(|token| !token.is_empty());
        if next.is_none() {
            return Ok(found);
        }
    }
}

fn pairs(of: &Element, list: &str, key: &str, value: &str) -> BTreeMap<String, String> {
    let list = of.at(&[list]).cloned().unwrap_or_default();
    let members = list.all("member");
    members
        .filter_map(|member| Some((member.text_of(key)?, member.text_of(value)?)))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_of_another_version_are_listed() {
        let parameters = [
            ("Env", "prod"),
            ("NotOfThisVersion", "1"),
            ("BcryptCost", "99"),
        ];
        let parameters = parameters.map(|(name, value)| (name.to_owned(), value.to_owned()));
        let (template, unknown) = template("cloakroom-prod", parameters.into()).unwrap();
        assert_eq!(unknown, ["BcryptCost", "NotOfThisVersion"]);
        assert_eq!(template.parameter("Env").as_deref(), Some("prod"));
        assert_eq!(template.stack_name(), "cloakroom-prod");
    }
}

//! Lambda functions.

use std::{collections::BTreeMap, time::Duration};

use serde_json::{Map, Value};

use crate::{
    ACCOUNT, PARTITION, QueueSource, REGION, Route, Schedule, Statement, StreamSource, Template,
    TemplateError, stream::on_failure,
};

/// One `AWS::Serverless::Function`, with what it inherits from `Globals`.
#[derive(Debug, Clone)]
pub struct Function {
    /// The logical id, for example `SigninFunction`.
    pub logical_id: String,
    /// The physical name.
    pub name: String,
    /// The ARN.
    pub arn: String,
    /// The name of the binary, for example `signin`.
    pub binary: String,
    /// The environment variables of the template.
    pub environment: BTreeMap<String, String>,
    /// The timeout of an invocation.
    pub timeout: Duration,
    /// The memory in MB.
    pub memory_mb: u32,
    /// The name of its role.
    pub role: String,
    /// The statements of the role's policies.
    pub statements: Vec<Statement>,
    /// The routes of the function.
    pub routes: Vec<Route>,
    /// The schedules that invoke the function.
    pub schedules: Vec<Schedule>,
    /// The table streams that invoke the function.
    pub streams: Vec<StreamSource>,
    /// The queues that invoke the function.
    pub queues: Vec<QueueSource>,
    /// How often a failed asynchronous invocation is retried.
    pub max_retries: u32,
    /// The ARN of the queue for asynchronous invocations that failed for good.
    pub dead_letters: Option<String>,
    /// The ARN of the log group that the template names. Its role must allow Lambda to write there; a role that SAM makes
    /// allows every log group, so there it is `None`.
    pub log_group: Option<String>,
}

/// Lambda's default values.
const DEFAULT_TIMEOUT_SECONDS: u64 = 3;
const DEFAULT_MEMORY_MB: u32 = 128;
const DEFAULT_MAX_RETRIES: u32 = 2;

impl Function {
    pub(crate) const KIND: &str = "AWS::Serverless::Function";
}

impl Template {
    /// Returns the functions, sorted by logical id.
    ///
    /// # Errors
    ///
    /// When a property is missing or not supported.
    pub fn functions(&self) -> Result<Vec<Function>, TemplateError> {
        self.resources_of(Function::KIND)?
            .into_iter()
            .map(|(id, resource)| self.function(id, resource))
            .collect()
    }

    fn function(&self, id: &str, resource: &Value) -> Result<Function, TemplateError> {
        let at = format!("Resources.{id}.Properties");
        let properties = self.properties("Function", id, resource)?;
        let (role, statements) = self.permissions(id, &properties)?;
        let events = properties.get("Events").unwrap_or(&Value::Null);
        let timeout = self
            .number::<u64>(&properties, "Timeout", &at)?
            .unwrap_or(DEFAULT_TIMEOUT_SECONDS);
        Ok(Function {
            logical_id: id.to_owned(),
            name: self.physical_name(id, &at)?,
            arn: self.attribute(id, "Arn", &at)?,
            binary: self.binary(id, resource, &properties)?,
            environment: self.environment(&properties, &format!("{at}.Environment"))?,
            timeout: Duration::from_secs(timeout),
            memory_mb: self
                .number(&properties, "MemorySize", &at)?
                .unwrap_or(DEFAULT_MEMORY_MB),
            role,
            statements,
            routes: self.routes_of(id, events)?,
            schedules: self.schedules_of(id, events)?,
            streams: self.streams_of(id, events)?,
            queues: self.queue_sources_of(id, events)?,
            max_retries: self.max_retries(&properties, &at)?,
            dead_letters: self.dead_letters(&properties, &at)?,
            log_group: self.log_group(&properties, &at)?,
        })
    }

    /// Returns the binary's name: `Metadata.BuildProperties.Binary`, or else the last directory of `CodeUri`, as `sam
    /// build` does.
    fn binary(
        &self,
        id: &str,
        resource: &Value,
        properties: &Map<String, Value>,
    ) -> Result<String, TemplateError> {
        let binary = &resource["Metadata"]["BuildProperties"]["Binary"];
        if !binary.is_null() {
            return self.resolve_text(binary, &format!("Resources.{id}.Metadata.BuildProperties"));
        }
        let at = format!("Resources.{id}.Properties.CodeUri");
        let uri = self.resolve_text(properties.get("CodeUri").unwrap_or(&Value::Null), &at)?;
        match uri.trim_end_matches('/').rsplit('/').next() {
            Some(name) if !name.is_empty() && name != "." && name != ".." => Ok(name.to_owned()),
            _ => Err(TemplateError::at(
                at,
                format!("`{uri}` does not name a binary; set Metadata.BuildProperties.Binary"),
            )),
        }
    }

    fn environment(
        &self,
        properties: &Map<String, Value>,
        at: &str,
    ) -> Result<BTreeMap<String, String>, TemplateError> {
        let Some(environment) = properties.get("Environment") else {
            return Ok(BTreeMap::new());
        };
        let environment = self.resolve(environment, at)?;
        environment["Variables"]
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, value)| {
                let value = crate::resolve::text(value, &format!("{at}.Variables.{name}"))?;
                Ok((name.clone(), value))
            })
            .collect()
    }

    fn max_retries(&self, properties: &Map<String, Value>, at: &str) -> Result<u32, TemplateError> {
        let at = format!("{at}.EventInvokeConfig");
        let config = match properties.get("EventInvokeConfig") {
            Some(config) => self.resolve(config, &at)?,
            None => return Ok(DEFAULT_MAX_RETRIES),
        };
        match config.as_object() {
            Some(config) => Ok(self
                .number(config, "MaximumRetryAttempts", &at)?
                .unwrap_or(DEFAULT_MAX_RETRIES)),
            None => Ok(DEFAULT_MAX_RETRIES),
        }
    }

    fn dead_letters(
        &self,
        properties: &Map<String, Value>,
        at: &str,
    ) -> Result<Option<String>, TemplateError> {
        let at = format!("{at}.EventInvokeConfig");
        let Some(config) = properties.get("EventInvokeConfig") else {
            return Ok(None);
        };
        Ok(on_failure(&self.resolve(config, &at)?))
    }

    fn log_group(
        &self,
        properties: &Map<String, Value>,
        at: &str,
    ) -> Result<Option<String>, TemplateError> {
        let group = &properties.get("LoggingConfig").unwrap_or(&Value::Null)["LogGroup"];
        if group.is_null() || properties.get("Role").is_none_or(Value::is_null) {
            return Ok(None);
        }
        let name = self.resolve_text(group, &format!("{at}.LoggingConfig.LogGroup"))?;
        Ok(Some(format!(
            "arn:{PARTITION}:logs:{REGION}:{ACCOUNT}:log-group:{name}"
        )))
    }

    fn number<N: std::str::FromStr>(
        &self,
        properties: &Map<String, Value>,
        name: &str,
        at: &str,
    ) -> Result<Option<N>, TemplateError> {
        let Some(value) = properties.get(name) else {
            return Ok(None);
        };
        let at = format!("{at}.{name}");
        let text = self.resolve_text(value, &at)?;
        match text.parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(TemplateError::at(
                at,
                format!("`{text}` is not a whole number"),
            )),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "
Parameters: {Env: {Type: String, Default: dev}, Cost: {Type: Number, Default: 12}}
Globals:
  Function:
    Timeout: 10
    MemorySize: 256
    Environment: {Variables: {RUST_LOG: info, STAGE: !Ref Env}}
Resources:
  UsersTable: {Type: 'AWS::DynamoDB::Table'}
  SigninFunction:
    Type: AWS::Serverless::Function
    Metadata: {BuildMethod: rust-cargolambda, BuildProperties: {Binary: signin}}
    Properties:
      CodeUri: .
      MemorySize: 1769
      Environment: {Variables: {USERS_TABLE: !Ref UsersTable, BCRYPT_COST: !Ref Cost, RUST_LOG: warn}}
      Events: {Signin: {Type: HttpApi, Properties: {Path: /signin, Method: POST}}}
  UsersFunction:
    Type: AWS::Serverless::Function
    Properties: {CodeUri: functions/users/}
";

    fn functions(text: &str) -> Result<Vec<Function>, TemplateError> {
        Template::parse(text, &BTreeMap::new()).unwrap().functions()
    }

    #[test]
    fn a_function_has_its_own_properties_over_the_globals() {
        let functions = functions(TEMPLATE).unwrap();
        let [signin, users] = functions.as_slice() else {
            panic!("two functions")
        };
        assert_eq!(signin.name, "sam-app-SigninFunction");
        assert_eq!(signin.binary, "signin");
        assert_eq!(signin.timeout, Duration::from_secs(10));
        assert_eq!(signin.memory_mb, 1769);
        assert_eq!(signin.routes[0].key(), "POST /signin");
        let environment: Vec<_> = signin.environment.iter().collect();
        let expected = [
            ("BCRYPT_COST", "12"),
            ("RUST_LOG", "warn"),
            ("STAGE", "dev"),
            ("USERS_TABLE", "sam-app-UsersTable"),
        ];
        for ((name, value), expected) in environment.iter().zip(expected) {
            assert_eq!((name.as_str(), value.as_str()), expected);
        }
        assert_eq!(users.binary, "users");
        assert_eq!(users.memory_mb, 256);
    }

    #[test]
    fn a_function_without_a_binary_is_an_error() {
        let text = TEMPLATE.replace("functions/users/", ".");
        assert_eq!(
            functions(&text).unwrap_err().to_string(),
            "Resources.UsersFunction.Properties.CodeUri: `.` does not name a binary; \
             set Metadata.BuildProperties.Binary"
        );
    }

    #[test]
    fn the_log_and_the_dead_letters_of_a_function_are_arns() {
        let text = TEMPLATE.replace(
            "      MemorySize: 1769\n",
            "      MemorySize: 1769
      Role: !GetAtt Role.Arn
      LoggingConfig: {LogGroup: !Ref Log}
      EventInvokeConfig: {DestinationConfig: {OnFailure: {Type: SQS, Destination: !GetAtt Dead.Arn}}}
",
        );
        let resources = "
  Role: {Type: 'AWS::IAM::Role'}
  Log: {Type: 'AWS::Logs::LogGroup', Properties: {LogGroupName: /app/signin}}
  Dead: {Type: 'AWS::SQS::Queue'}
";
        let with_role = functions(&format!("{text}{resources}")).unwrap();
        let group = "arn:aws:logs:us-east-1:000000000000:log-group:/app/signin";
        assert_eq!(with_role[0].log_group.as_deref(), Some(group));
        let queue = "arn:aws:sqs:us-east-1:000000000000:sam-app-Dead";
        assert_eq!(with_role[0].dead_letters.as_deref(), Some(queue));
        assert_eq!(with_role[1].dead_letters, None);
        let text = text.replace("      Role: !GetAtt Role.Arn\n", "");
        let with_role_of_sam = functions(&format!("{text}{resources}")).unwrap();
        assert_eq!(with_role_of_sam[0].log_group, None);
    }

    #[test]
    fn a_timeout_is_a_number() {
        let text = TEMPLATE.replace("Timeout: 10", "Timeout: soon");
        assert_eq!(
            functions(&text).unwrap_err().to_string(),
            "Resources.SigninFunction.Properties.Timeout: `soon` is not a whole number"
        );
    }
}

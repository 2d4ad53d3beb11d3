//! The operator of a system: parameters, signing keys and `cloakroom` commands.

use std::{
    collections::BTreeMap,
    path::Path,
    process::{Command, Output},
};

use serde_json::{Value, json};

use super::{Signer, TestApp};

/// The path of the parameters of a system.
pub const PARAMETERS: &str = "/cloakroom/cloakroom-dev";
/// The table of the public keys of a system.
pub const PUBLIC_KEYS: &str = "cloakroom-dev-PublicKeysTable";

impl TestApp {
    /// Returns the parameters and the public keys, by their names for `cloakroom secrets`: `keys/private/…`, `keys/public/…`. Those of
    /// the payment stand-in are left out.
    pub async fn parameters(&self) -> BTreeMap<String, String> {
        let body = json!({"Path": PARAMETERS, "Recursive": true, "WithDecryption": true});
        let response = self.ssm("GetParametersByPath", &body).await;
        assert!(
            response["NextToken"].is_null(),
            "the parameters fit on one page"
        );
        let parameters = response["Parameters"].as_array().unwrap().iter();
        let parameters = parameters.map(|parameter| {
            let text = |name: &str| parameter[name].as_str().unwrap();
            let name = text("Name").strip_prefix(PARAMETERS).unwrap();
            (name[1..].to_owned(), text("Value").to_owned())
        });
        let body = json!({"TableName": PUBLIC_KEYS, "ConsistentRead": true});
        let response = self.public_keys("Scan", &body).await;
        let items = response["Items"].as_array().unwrap().iter();
        let public_keys = items.map(|item| {
            let text = |name: &str| item[name]["S"].as_str().unwrap();
            let name = format!("keys/public/{}", text("kid"));
            (name, text("value").to_owned())
        });
        let parameters = parameters.filter(|(name, _)| !name.starts_with("stripe/"));
        parameters.chain(public_keys).collect()
    }

    pub async fn put_parameter(&self, name: &str, value: &str) {
        if let Some(kid) = name.strip_prefix("keys/public/") {
            let item = json!({"kid": {"S": kid}, "value": {"S": value}});
            let body = json!({"TableName": PUBLIC_KEYS, "Item": item});
            self.public_keys("PutItem", &body).await;
            return;
        }
        let name = format!("{PARAMETERS}/{name}");
        let body = json!({"Name": name, "Value": value, "Type": "SecureString"});
        self.ssm("PutParameter", &body).await;
    }

    pub async fn delete_parameter(&self, name: &str) {
        if let Some(kid) = name.strip_prefix("keys/public/") {
            let body = json!({"TableName": PUBLIC_KEYS, "Key": {"kid": {"S": kid}}});
            self.public_keys("DeleteItem", &body).await;
            return;
        }
        let body = json!({"Name": format!("{PARAMETERS}/{name}")});
        self.ssm("DeleteParameter", &body).await;
    }

    /// Returns the signing keys of the system.
    pub async fn signers(&self) -> Vec<Signer> {
        let parameters = self.parameters().await;
        let private = parameters
            .iter()
            .filter(|(name, _)| name.starts_with("keys/private/"));
        private
            .map(|(_, value)| Signer::from_private_key(value))
            .collect()
    }

    /// Returns the signing key of the system; panics if there are several.
    pub async fn signer(&self) -> Signer {
        let mut signers = self.signers().await;
        assert_eq!(signers.len(), 1);
        signers.remove(0)
    }

    /// Runs `cloakroom secrets …` against this system.
    pub fn run_secrets(&self, args: &[&str]) -> Output {
        self.secrets_command(args, self.endpoint("ssm"), self.endpoint("dynamodb"))
            .output()
            .unwrap()
    }

    /// Builds `cloakroom secrets …` with these endpoints. As on AWS, each service has its own.
    pub fn secrets_command(&self, args: &[&str], ssm: &str, dynamodb: &str) -> Command {
        let mut command = self.signed_command("secrets", args);
        command
            .env("AWS_ENDPOINT_URL_SSM", ssm)
            .env("AWS_ENDPOINT_URL_DYNAMODB", dynamodb);
        command
    }

    /// Runs `cloakroom users …` against this system.
    pub fn run_users(&self, args: &[&str]) -> Output {
        self.operator_command("users", args, self.endpoint("dynamodb"))
            .output()
            .unwrap()
    }

    /// Runs `cloakroom uploads …` against this system. As on AWS, each service has its own endpoint.
    pub fn run_uploads(&self, args: &[&str]) -> Output {
        self.signed_command("uploads", args)
            .env("AWS_ENDPOINT_URL_DYNAMODB", self.endpoint("dynamodb"))
            .env("AWS_ENDPOINT_URL_S3", self.endpoint("s3"))
            .output()
            .unwrap()
    }

    /// Runs `cloakroom queues …` against this system.
    pub fn run_queues(&self, args: &[&str]) -> Output {
        self.operator_command("queues", args, self.endpoint("sqs"))
            .output()
            .unwrap()
    }

    /// Runs `cloakroom events …` against this system.
    pub fn run_events(&self, args: &[&str]) -> Output {
        self.signed_command("events", args)
            .env("AWS_ENDPOINT_URL_DYNAMODB", self.endpoint("dynamodb"))
            .env("AWS_ENDPOINT_URL_EVENTBRIDGE", self.endpoint("eventbridge"))
            .output()
            .unwrap()
    }

    /// Builds `cloakroom seed …` for this system.
    pub fn seed_command(&self, args: &[&str]) -> Command {
        self.seed_command_for("dev", args)
    }

    /// Builds `cloakroom seed …` for a stage.
    pub fn seed_command_for(&self, stage: &str, args: &[&str]) -> Command {
        let mut command = self.stage_command("seed", stage, args);
        command
            .env("AWS_ENDPOINT_URL_DYNAMODB", self.endpoint("dynamodb"))
            .env("AWS_ENDPOINT_URL_S3", self.endpoint("s3"));
        command
    }

    /// Runs `cloakroom doctor …` against this system.
    pub fn run_doctor(&self, args: &[&str]) -> Output {
        run_doctor_on(&self.data_dir(), args)
    }

    /// Builds `cloakroom <command> …` for the stage dev, with the engine at `url`.
    pub fn operator_command(&self, command: &str, args: &[&str], url: &str) -> Command {
        let mut operator = self.signed_command(command, args);
        operator.args(["--endpoint-url", url]);
        operator
    }

    fn signed_command(&self, command: &str, args: &[&str]) -> Command {
        self.stage_command(command, "dev", args)
    }

    fn stage_command(&self, command: &str, stage: &str, args: &[&str]) -> Command {
        let key = self.access_key("local");
        let mut operator = Command::new(env!("CARGO_BIN_EXE_cloakroom"));
        operator
            .arg(command)
            .args(args)
            .args(["--env", stage, "--region", "us-east-1"])
            .env_clear()
            .env("AWS_ACCESS_KEY_ID", key)
            .env("AWS_SECRET_ACCESS_KEY", self.secret_key(key));
        operator
    }

    async fn public_keys(&self, operation: &str, body: &Value) -> Value {
        let target = format!("DynamoDB_20120810.{operation}");
        let response = self.call_engine("dynamodb", "local", &target, body).await;
        response.expect(200).json()
    }

    async fn ssm(&self, operation: &str, body: &Value) -> Value {
        let target = format!("AmazonSSM.{operation}");
        let response = self.call_engine("ssm", "local", &target, body).await;
        response.expect(200).json()
    }
}

/// Runs `cloakroom doctor …` against the system with this data directory.
pub fn run_doctor_on(data: &Path, args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_cloakroom"))
        .args(["doctor", "--env", "dev"])
        .arg(format!("--local={}", data.display()))
        .args(args)
        .env_clear()
        .output()
        .unwrap()
}

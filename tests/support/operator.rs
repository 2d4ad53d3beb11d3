//! What the operator of a system can do: read and write its parameters.

use std::{
    collections::BTreeMap,
    process::{Command, Output},
};

use serde_json::{Value, json};

use super::{Signer, TestApp};

/// The path of all parameters of a system.
pub const PARAMETERS: &str = "/cloakroom/dev";

impl TestApp {
    /// The parameters under `/cloakroom/dev`, by what follows it: `keys/public/…`, `keys/private/…`.
    pub async fn parameters(&self) -> BTreeMap<String, String> {
        let body = json!({"Path": PARAMETERS, "Recursive": true, "WithDecryption": true});
        let answer = self.ssm("GetParametersByPath", &body).await;
        assert!(answer["NextToken"].is_null(), "one page is enough here");
        let parameters = answer["Parameters"].as_array().unwrap().iter();
        parameters
            .map(|parameter| {
                let text = |name: &str| parameter[name].as_str().unwrap();
                let name = text("Name").strip_prefix(PARAMETERS).unwrap();
                (name[1..].to_owned(), text("Value").to_owned())
            })
            .collect()
    }

    pub async fn put_parameter(&self, name: &str, value: &str) {
        let name = format!("{PARAMETERS}/{name}");
        let body = json!({"Name": name, "Value": value, "Type": "SecureString"});
        self.ssm("PutParameter", &body).await;
    }

    pub async fn delete_parameter(&self, name: &str) {
        let body = json!({"Name": format!("{PARAMETERS}/{name}")});
        self.ssm("DeleteParameter", &body).await;
    }

    /// The keys that the system signs with.
    pub async fn signers(&self) -> Vec<Signer> {
        let parameters = self.parameters().await;
        let private = parameters
            .iter()
            .filter(|(name, _)| name.starts_with("keys/private/"));
        private.map(|(_, value)| Signer::of(value)).collect()
    }

    /// The key that the system signs with, when it is the only one.
    pub async fn signer(&self) -> Signer {
        let mut signers = self.signers().await;
        assert_eq!(signers.len(), 1);
        signers.remove(0)
    }

    /// Runs `cloakroom secrets …` against this system.
    pub fn secrets(&self, args: &[&str]) -> Output {
        self.operator("secrets", args, self.endpoint("ssm"))
            .output()
            .unwrap()
    }

    /// Runs `cloakroom users …` against this system.
    pub fn users(&self, args: &[&str]) -> Output {
        self.operator("users", args, self.endpoint("dynamodb"))
            .output()
            .unwrap()
    }

    /// Runs `cloakroom uploads …` against this system, as against AWS: each service has an endpoint of its own.
    pub fn uploads(&self, args: &[&str]) -> Output {
        let key = self.access_key("local");
        Command::new(env!("CARGO_BIN_EXE_cloakroom"))
            .arg("uploads")
            .args(args)
            .args(["--env", "dev", "--region", "us-east-1"])
            .env_clear()
            .env("AWS_ENDPOINT_URL_DYNAMODB", self.endpoint("dynamodb"))
            .env("AWS_ENDPOINT_URL_S3", self.endpoint("s3"))
            .env("AWS_ACCESS_KEY_ID", key)
            .env("AWS_SECRET_ACCESS_KEY", self.secret_key(key))
            .output()
            .unwrap()
    }

    /// `cloakroom <command> …` on the stage dev, with its engine at `url`.
    pub fn operator(&self, command: &str, args: &[&str], url: &str) -> Command {
        let key = self.access_key("local");
        let mut operator = Command::new(env!("CARGO_BIN_EXE_cloakroom"));
        operator
            .arg(command)
            .args(args)
            .args(["--env", "dev", "--endpoint-url", url])
            .args(["--region", "us-east-1"])
            .env_clear()
            .env("AWS_ACCESS_KEY_ID", key)
            .env("AWS_SECRET_ACCESS_KEY", self.secret_key(key));
        operator
    }

    async fn ssm(&self, operation: &str, body: &Value) -> Value {
        let target = format!("AmazonSSM.{operation}");
        let answer = self.call_engine("ssm", "local", &target, body).await;
        answer.expect(200).json()
    }
}

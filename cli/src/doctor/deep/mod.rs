//! `--deep`: uses the API with a throwaway account, which is deleted at the end, also after a failure or Ctrl-C. The steps
//! need what only a real AWS account shows: conditions in transactions, access point aliases, S3 events.

mod bounce;
mod cleanup;
mod client;
mod files;
mod lock;
mod parts;

use std::{io::Write, time::Duration};

use ring::rand::{SecureRandom as _, SystemRandom};

use self::client::{Client, Session, Step};
use super::{Deployment, Doctor, Error, Finding, Report};

const SIGN_UP: Step = Step {
    check: "deep: sign-up",
    function: "SignupFunction",
    needs: "conditions on dynamodb:Attributes in TransactWriteItems",
};
const SIGN_IN: Step = Step {
    check: "deep: sign-in",
    function: "SigninFunction",
    needs: "the private key, and conditions on dynamodb:Attributes in reads and updates",
};
const REFRESH: Step = Step {
    check: "deep: refresh",
    function: "SessionFunction",
    needs: "a conditional update with ReturnValuesOnConditionCheckFailure",
};

/// The use of the API with one throwaway account.
pub(super) struct Deep<'a> {
    doctor: &'a Doctor,
    deployment: &'a Deployment,
    client: Client<'a>,
    email: String,
    password: String,
    /// How long to wait for an event of S3 or SES.
    wait: Duration,
}

impl<'a> Deep<'a> {
    /// Chooses a random address. `None` when the stack has no API, which another check reports.
    pub(super) fn new(
        doctor: &'a Doctor,
        deployment: &'a Deployment,
        wait: Duration,
    ) -> Option<Self> {
        let url = deployment.output("ApiUrl")?;
        let id = random_hex()?;
        // SES sends to its simulator also in the sandbox, and does not count the bounce. Without mail, any address works. The
        // address is in its canonical form.
        let email = if deployment.parameter("MailFrom").is_empty() {
            format!("cloakroom-doctor-{id}@example.com")
        } else {
            format!("bounce+cloakroom-doctor-{id}@simulator.amazonses.com")
        };
        Some(Self {
            doctor,
            deployment,
            client: Client::new(doctor, deployment, url),
            email,
            password: random_hex()?,
            wait,
        })
    }

    /// Runs all steps and deletes the account. Returns whether Ctrl-C interrupted them.
    pub(super) async fn run(&self, report: &mut Report<impl Write>) -> Result<bool, Error> {
        if self.deployment.parameter("SignupMode") == "verified" {
            let text = "with SignupMode=verified, only the owner of a mailbox can sign up";
            report.add(Finding::not_checked(SIGN_UP.check, text))?;
            return Ok(false);
        }
        let is_interrupted = tokio::select! {
            result = self.steps(report) => {
                result?;
                false
            }
            _ = tokio::signal::ctrl_c() => true,
        };
        if is_interrupted {
            report.add(Finding::not_checked("deep", "interrupted"))?;
        }
        report.step("deleting the throwaway account");
        report.add(self.clean_up(is_interrupted).await)?;
        Ok(is_interrupted)
    }

    async fn steps(&self, report: &mut Report<impl Write>) -> Result<(), Error> {
        report.step("signing up");
        let session = match self.sign_up().await {
            Ok(finding) => {
                report.add(finding)?;
                report.step("signing in");
                self.sign_in().await
            }
            Err(finding) => Err(finding),
        };
        let session = match session {
            Ok(session) => session,
            Err(finding) => return Ok(report.add(finding)?),
        };
        report.add(Finding::ok(SIGN_IN.check, "answers tokens"))?;
        report.step("refreshing");
        report.add(merged(self.refresh(&session).await))?;
        self.single_file(&session, report).await?;
        report.step("uploading with a form");
        report.add(merged(self.form(&session).await))?;
        report.step("uploading in parts");
        report.add(merged(self.parts(&session).await))?;
        report.step("locking a file");
        report.add(merged(self.lock(&session).await))?;
        report.step("waiting for the bounce of a mail");
        report.add(merged(self.bounce().await))?;
        Ok(())
    }

    fn sends_mail(&self) -> bool {
        !self.deployment.parameter("MailFrom").is_empty()
    }

    async fn sign_up(&self) -> Result<Finding, Finding> {
        let body = serde_json::json!({
            "email": self.email, "password": self.password, "name": "cloakroom doctor",
        });
        self.client
            .post(&SIGN_UP, None, "/signup", &body, 201)
            .await?;
        let text = format!("created {}", self.email);
        Ok(Finding::ok(SIGN_UP.check, text))
    }

    async fn sign_in(&self) -> Result<Session, Finding> {
        let body = serde_json::json!({"email": self.email, "password": self.password});
        let response = self.client.post(&SIGN_IN, None, "/signin", &body, 200);
        Ok(Session::of(&response.await?.json()))
    }

    async fn refresh(&self, session: &Session) -> Result<Finding, Finding> {
        let body = serde_json::json!({"refreshToken": session.refresh_token});
        let path = "/session/refresh";
        self.client.post(&REFRESH, None, path, &body, 200).await?;
        Ok(Finding::ok(REFRESH.check, "answers new tokens"))
    }
}

/// Returns the finding of a step, which failed or not.
fn merged(result: Result<Finding, Finding>) -> Finding {
    result.unwrap_or_else(|problem| problem)
}

/// Returns 128 random bits in hexadecimal.
fn random_hex() -> Option<String> {
    let mut bytes = [0; 16];
    SystemRandom::new().fill(&mut bytes).ok()?;
    Some(format!("{:032x}", u128::from_be_bytes(bytes)))
}

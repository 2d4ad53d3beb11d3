use serde_json::Value;

use super::super::{Deployment, Doctor, Finding};
use crate::aws::{Element, Request, Response};

/// A step of the use of the API.
pub(super) struct Step {
    pub(super) check: &'static str,
    /// The function that serves it, for the command that shows its log.
    pub(super) function: &'static str,
    /// What it needs that only AWS itself shows.
    pub(super) needs: &'static str,
}

/// The tokens of a sign-in.
pub(super) struct Session {
    access_token: String,
    pub(super) refresh_token: String,
}

impl Session {
    pub(super) fn of(body: &Value) -> Self {
        let text = |name: &str| body[name].as_str().unwrap_or_default().to_owned();
        Self {
            access_token: text("accessToken"),
            refresh_token: text("refreshToken"),
        }
    }
}

/// Sends requests to the API and to presigned URLs.
pub(super) struct Client<'a> {
    doctor: &'a Doctor,
    deployment: &'a Deployment,
    url: &'a str,
}

impl<'a> Client<'a> {
    pub(super) fn new(doctor: &'a Doctor, deployment: &'a Deployment, url: &'a str) -> Self {
        Self {
            doctor,
            deployment,
            url,
        }
    }

    /// Sends a request to the API, and does not judge the response.
    pub(super) async fn request(
        &self,
        method: &'static str,
        session: Option<&Session>,
        path: &str,
        body: &Value,
    ) -> Result<Response, String> {
        let mut request = Request::new(method, format!("{}{path}", self.url));
        if !body.is_null() {
            request = request.json(body);
        }
        if let Some(session) = session {
            let token = format!("Bearer {}", session.access_token);
            request = request.header("authorization", token);
        }
        self.doctor.http.send(request).await
    }

    /// Sends a request to the API that must have this status.
    pub(super) async fn call(
        &self,
        step: &Step,
        (method, path): (&'static str, &str),
        session: Option<&Session>,
        body: &Value,
        status: u16,
    ) -> Result<Response, Finding> {
        let what = format!("{method} {}", path.split('?').next().unwrap_or_default());
        let response = self.request(method, session, path, body).await;
        self.expect(step, &what, response, status)
    }

    pub(super) async fn get(
        &self,
        step: &Step,
        session: &Session,
        path: &str,
    ) -> Result<Value, Finding> {
        let call = self.call(step, ("GET", path), Some(session), &Value::Null, 200);
        Ok(call.await?.json())
    }

    pub(super) async fn post(
        &self,
        step: &Step,
        session: Option<&Session>,
        path: &str,
        body: &Value,
        status: u16,
    ) -> Result<Response, Finding> {
        self.call(step, ("POST", path), session, body, status).await
    }

    pub(super) async fn delete(
        &self,
        step: &Step,
        session: &Session,
        path: &str,
        status: u16,
    ) -> Result<(), Finding> {
        let call = self.call(step, ("DELETE", path), Some(session), &Value::Null, status);
        call.await.map(drop)
    }

    /// Sends a request to S3 that must have this status.
    pub(super) async fn s3(
        &self,
        step: &Step,
        request: Request,
        status: u16,
    ) -> Result<Response, Finding> {
        let what = format!("{} to S3", request.method);
        let response = self.doctor.http.send(request).await;
        self.expect(step, &what, response, status)
    }

    fn expect(
        &self,
        step: &Step,
        what: &str,
        response: Result<Response, String>,
        status: u16,
    ) -> Result<Response, Finding> {
        let reason = match response {
            Ok(response) if response.status == status => return Ok(response),
            Ok(response) => format!("answers {}: {}", response.status, reason(&response)),
            Err(error) => format!("has no response: {error}"),
        };
        let reason = reason.trim_end_matches('.');
        let text = format!("{what} {reason}. This step needs {}", step.needs);
        Err(self.problem(step, text))
    }

    /// Returns a problem of a step. Its fix is the log, which has the message of a refused AWS call.
    pub(super) fn problem(&self, step: &Step, text: impl Into<String>) -> Finding {
        let fix = if self.doctor.is_local() {
            "Read the output of the local system".to_owned()
        } else {
            let (env, stack) = (self.doctor.target.env.as_str(), &self.deployment.stack);
            format!(
                "Search its log for AccessDenied and errors: sam logs --config-env {env} --stack-name {stack} --name {}",
                step.function
            )
        };
        Finding::problem(step.check, text, fix)
    }
}

/// Describes an error response: the code and the detail of the API, or those of S3.
fn reason(response: &Response) -> String {
    let json = response.json();
    if let Some(code) = json["code"].as_str() {
        let detail = json["detail"].as_str().unwrap_or_default();
        return format!("{code}: {detail}");
    }
    if let Some(error) = Element::parse(&response.text()) {
        let code = error.text_of("Code").unwrap_or_default();
        let message = error.text_of("Message").unwrap_or_default();
        return format!("{code}: {message}");
    }
    json["message"].as_str().unwrap_or("no message").to_owned()
}

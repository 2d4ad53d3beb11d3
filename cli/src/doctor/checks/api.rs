use std::collections::BTreeSet;

use serde_json::Value;

use super::super::{Deployment, Doctor, Finding};
use crate::{
    aws::{Request, Response},
    secrets::key_state,
};

const API: &str = "API";
const DISCOVERY: &str = "/.well-known/openid-configuration";

/// Calls the API: discovery document, public keys, CORS, unknown paths.
pub(in crate::doctor) async fn check(doctor: &Doctor, deployment: &Deployment) -> Vec<Finding> {
    let Some(url) = deployment.output("ApiUrl") else {
        let text = "the stack has no output ApiUrl";
        return vec![Finding::problem(API, text, doctor.deploy())];
    };
    let api = Api {
        doctor,
        deployment,
        url,
    };
    let discovery = match api.get(DISCOVERY).await {
        Ok(response) => response,
        Err(finding) => return vec![finding],
    };
    let mut findings = vec![api.issuer(&discovery).await];
    findings.push(api.keys().await);
    findings.push(api.cors().await);
    findings.push(api.unknown_path().await);
    findings
}

struct Api<'a> {
    doctor: &'a Doctor,
    deployment: &'a Deployment,
    url: &'a str,
}

impl Api<'_> {
    async fn send(&self, request: Request) -> Result<Response, Finding> {
        let url = request.url.clone();
        self.doctor.http.send(request).await.map_err(|error| {
            let text = format!("{url} cannot be reached: {error}");
            Finding::problem(API, text, self.doctor.deploy())
        })
    }

    async fn get(&self, path: &str) -> Result<Response, Finding> {
        let response = self.send(Request::new("GET", format!("{}{path}", self.url)));
        let response = response.await?;
        if response.status == 200 {
            return Ok(response);
        }
        let text = format!("GET {}{path} answers {}", self.url, response.status);
        Err(Finding::problem(API, text, self.logs("KeysFunction")))
    }

    /// Returns the command that shows the log of a function.
    fn logs(&self, function: &str) -> String {
        if self.doctor.is_local() {
            return "Read the output of the local system".to_owned();
        }
        let (env, stack) = (self.doctor.target.env.as_str(), &self.deployment.stack);
        format!("sam logs --config-env {env} --stack-name {stack} --name {function}")
    }

    /// Checks that verifiers find the keys at the issuer of the tokens.
    async fn issuer(&self, discovery: &Response) -> Finding {
        let name = "API issuer";
        let configured = self.deployment.parameter("Issuer");
        let expected = if configured.is_empty() {
            self.url.to_owned()
        } else {
            configured
        };
        let found = discovery.json()["issuer"].clone();
        if found != expected.as_str() {
            let text = format!("the discovery document has the issuer {found}, not {expected}");
            return Finding::problem(name, text, self.doctor.deploy());
        }
        if expected != self.url
            && let Err(reason) = self.is_issuer(&expected).await
        {
            let text = format!("verifiers refuse all tokens: {reason}");
            let fix = format!(
                "Make the domain lead to {}, or deploy with another parameter Issuer (empty: the API's own URL)",
                self.url
            );
            return Finding::problem(name, text, fix);
        }
        Finding::ok(name, format!("tokens have the issuer {expected}"))
    }

    /// Checks that the discovery document of an issuer names the issuer itself.
    async fn is_issuer(&self, issuer: &str) -> Result<(), String> {
        let url = format!("{issuer}{DISCOVERY}");
        let response = self.doctor.http.send(Request::new("GET", &url)).await;
        let response = response.map_err(|error| format!("{url} cannot be reached: {error}"))?;
        let found = response.json()["issuer"].clone();
        if response.status == 200 && found == issuer {
            return Ok(());
        }
        Err(format!(
            "{url} answers {} with the issuer {found}",
            response.status
        ))
    }

    /// Compares the served keys with the published ones. Functions cache keys, so a difference may be short.
    async fn keys(&self) -> Finding {
        let name = "API public keys";
        let served = match self.get("/.well-known/jwks.json").await {
            Ok(response) => kids(&response.json()),
            Err(finding) => return finding,
        };
        let state = key_state(&self.doctor.target, self.doctor.clock.now()).await;
        let Ok(state) = state else {
            return Finding::not_checked(name, "the published keys cannot be read");
        };
        let published = state.published.into_iter().collect();
        if served == published {
            return Finding::ok(name, "the API serves the published keys");
        }
        let text = format!("the API serves the keys {served:?}, but {published:?} are published");
        let cache = self.deployment.parameter("ParameterCacheSeconds");
        let fix = format!("Run this again after {cache} s: the functions cache keys that long");
        Finding::warning(name, text, fix)
    }

    /// Sends a preflight from each origin that may call the API.
    async fn cors(&self) -> Finding {
        let name = "API CORS";
        for origin in origins(self.deployment) {
            let preflight = Request::new("OPTIONS", format!("{}/signin", self.url))
                .header("origin", &origin)
                .header("access-control-request-method", "POST")
                .header(
                    "access-control-request-headers",
                    "authorization,content-type",
                );
            let response = match self.send(preflight).await {
                Ok(response) => response,
                Err(finding) => return finding,
            };
            let allowed = response.header("access-control-allow-origin");
            if allowed != Some(origin.as_str()) && allowed != Some("*") {
                let text =
                    format!("pages of {origin} cannot call the API: the preflight is refused");
                return Finding::problem(name, text, self.doctor.deploy());
            }
        }
        Finding::ok(name, "the preflights of all allowed origins succeed")
    }

    async fn unknown_path(&self) -> Finding {
        let name = "API unknown path";
        let request = Request::new("GET", format!("{}/cloakroom-doctor/unknown", self.url));
        let response = match self.send(request).await {
            Ok(response) => response,
            Err(finding) => return finding,
        };
        let kind = response.header("content-type").unwrap_or_default();
        if response.status == 404 && kind.starts_with("application/problem+json") {
            return Finding::ok(name, "404 with application/problem+json");
        }
        let text = format!(
            "answers {} with {kind:?}, not a 404 problem",
            response.status
        );
        Finding::problem(name, text, self.doctor.deploy())
    }
}

fn kids(jwks: &Value) -> BTreeSet<String> {
    let keys = jwks["keys"].as_array().into_iter().flatten();
    keys.filter_map(|key| key["kid"].as_str().map(str::to_owned))
        .collect()
}

/// Lists the origins that the stack's parameters allow, and the origin of its page.
pub(super) fn origins(deployment: &Deployment) -> BTreeSet<String> {
    let allowed = deployment.parameter("AllowedOrigins");
    let allowed = allowed.split(',').map(str::trim);
    let page = deployment.output("WebUrl").map(origin_of);
    let all = allowed.map(str::to_owned).chain(page);
    all.filter(|origin| !origin.is_empty()).collect()
}

/// Returns scheme, host and port of a URL.
fn origin_of(url: &str) -> String {
    url.splitn(4, '/').take(3).collect::<Vec<_>>().join("/")
}

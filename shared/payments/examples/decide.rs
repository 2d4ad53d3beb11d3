//! Decides whether webhooks are accepted, for `ci/check_stripe.py`: reads a case of each line, as JSON, and prints `true` or
//! `false`.

use std::{error::Error, io};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use payments::Secrets;
use serde_json::Value;
use time::OffsetDateTime;

fn main() -> Result<(), Box<dyn Error>> {
    use io::Write as _;
    for line in io::stdin().lines() {
        let case: Value = serde_json::from_str(&line?)?;
        let text = |name: &str| case[name].as_str().unwrap_or_default();
        let body = STANDARD.decode(text("body"))?;
        let now = case["now"].as_i64().unwrap_or_default();
        let now = OffsetDateTime::from_unix_timestamp(now)?;
        let verified = Secrets::parse(text("secrets")).verify(&body, text("header"), now);
        // As the libraries, which also parse the body.
        let is_accepted = verified.is_ok() && serde_json::from_slice::<Value>(&body).is_ok();
        writeln!(io::stdout(), "{is_accepted}")?;
    }
    Ok(())
}

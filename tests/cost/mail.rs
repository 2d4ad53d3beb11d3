//! Mail, and the requests that order it or that its links lead to.

use super::meter::{Measured, Meter};
use crate::support::{PASSWORD, TestApp, WITH_MAIL, token_in};

/// The kind of an event of the outbox.
const ORDER: &str = "aws:dynamodb";
const ADA: &str = "ada@example.com";
const GRACE: &str = "grace@example.com";

/// Measures accounts of `SignupMode=open` in a system that sends mail.
pub async fn measure() -> Vec<Measured> {
    let meter = Meter::start("mail", &[WITH_MAIL]);
    warm_up(&meter).await;
    let created = meter.sign_up(GRACE, PASSWORD).await.expect(201);
    meter.request("open, with mail", created).await;
    meter.event(ORDER, "verify an address").await;
    let token = token_in(&meter.mail_to(GRACE, "Confirm").await, "verify-email");
    let verified = meter.verify_email(&token).await.expect(204);
    meter.request("verify an address", verified).await;
    let ordered = meter.forgot_password(GRACE).await.expect(202);
    meter.request("any", ordered).await;
    meter.event(ORDER, "reset a password").await;
    let token = token_in(
        &meter.mail_to(GRACE, "new password").await,
        "reset-password",
    );
    let reset = meter.reset_password(&token, "difference engine").await;
    meter.request("valid link", reset.expect(204)).await;
    meter
        .forgot_password("unknown@example.com")
        .await
        .expect(202);
    meter.event(ORDER, "reset for an unknown address").await;
    meter
        .sign_up("suppressionlist@simulator.amazonses.com", PASSWORD)
        .await
        .expect(201);
    meter.skip_event(ORDER).await;
    meter.skip_event("Email Bounced").await;
    let address = "bounce@simulator.amazonses.com";
    for (address, kind) in [
        (address, "Email Bounced"),
        (
            "complaint@simulator.amazonses.com",
            "Email Complaint Received",
        ),
    ] {
        meter.sign_up(address, PASSWORD).await.expect(201);
        meter.skip_event(ORDER).await;
        meter.event(kind, "any").await;
    }
    meter.forgot_password(address).await.expect(202);
    meter.event(ORDER, "reset for a blocked address").await;
    meter.finish()
}

/// Measures accounts of `SignupMode=verified`.
pub async fn measure_verified() -> Vec<Measured> {
    let meter = Meter::start("verified", &[WITH_MAIL, "SignupMode=verified"]);
    warm_up(&meter).await;
    let ordered = meter.sign_up(GRACE, PASSWORD).await.expect(202);
    meter.request("verified", ordered).await;
    meter.event(ORDER, "finish a sign-up").await;
    let token = token_in(&meter.mail_to(GRACE, "Finish").await, "finish-sign-up");
    let created = meter.finish_sign_up(&token, PASSWORD).await.expect(204);
    meter.request("finish a sign-up", created).await;
    meter.finish()
}

/// The first request of an instance also opens its connections.
async fn warm_up(meter: &Meter) {
    let app: &TestApp = meter;
    app.sign_up(ADA, PASSWORD).await;
    meter.skip_event(ORDER).await;
    app.verify_email("x").await.expect(422);
}

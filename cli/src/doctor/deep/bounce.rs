use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{super::Finding, Deep, client::Step};
use crate::aws::AwsError;

pub(super) const BOUNCE: Step = Step {
    check: "deep: bounce",
    function: "MailFeedbackFunction",
    needs: "the configuration set, its event destination, and events of SES through EventBridge",
};

const PAUSE: Duration = Duration::from_millis(500);

impl Deep<'_> {
    /// Waits until the address of the account is blocked: the mail of its sign-up bounces.
    pub(super) async fn bounce(&self) -> Result<Finding, Finding> {
        if !self.sends_mail() {
            let text = "the stack sends no mail: the parameter MailFrom is empty";
            return Ok(Finding::not_used(BOUNCE.check, text));
        }
        let start = Instant::now();
        while !self.is_blocked().await? {
            if start.elapsed() > self.wait {
                let text = format!(
                    "the mail to {} did not bounce within {:.0} s. This step needs {}",
                    self.email,
                    self.wait.as_secs_f32(),
                    BOUNCE.needs
                );
                return Err(self.client.problem(&BOUNCE, text));
            }
            sleep(PAUSE).await;
        }
        let text = "a mail bounced, and no more mail is sent to its address";
        Ok(Finding::ok(BOUNCE.check, text))
    }

    async fn is_blocked(&self) -> Result<bool, Finding> {
        let (client, endpoint) = self.doctor.connection.dynamodb();
        let Some(table) = self.deployment.resource("MailBlocksTable") else {
            let text = "the table MailBlocksTable does not exist";
            return Err(self.client.problem(&BOUNCE, text));
        };
        let address = aws_sdk_dynamodb::types::AttributeValue::S(auth::sha256(&self.email));
        let get = client.get_item().table_name(table).key("address", address);
        match get.consistent_read(true).send().await {
            Ok(found) => Ok(found.item().is_some_and(|item| item.contains_key("reason"))),
            Err(error) => {
                let error = AwsError::from_call("dynamodb:GetItem", table, &endpoint, &error);
                Err(Finding::failed(BOUNCE.check, &error))
            }
        }
    }
}

use std::sync::Arc;

use aws_types::SdkConfig;
use domain::{Clock, Order};
use payments::{
    CheckoutSession, Client, NewCheckout, PaymentError, PaymentIntent, Refund, RefundRequest,
    Secrets, SignatureError,
};
use secrecy::{ExposeSecret as _, SecretString};
use settings::{Cached, Env, EnvError, LoadError, Parameters};

const API_KEY: &str = "api-key";
const WEBHOOK_SECRETS: &str = "webhook-secrets";

/// The payment provider, with the secrets of this stack.
#[derive(Clone)]
pub struct Provider {
    client: Client,
    secrets: Arc<Cached<StripeSecrets>>,
    /// Where buyers return to.
    page: String,
    /// Whether real money moves: in the stage `prod`, and only there.
    is_live: bool,
    clock: Clock,
}

struct StripeSecrets {
    api_key: Option<SecretString>,
    webhooks: Secrets,
}

impl Provider {
    /// Reads `STRIPE_ENDPOINT`, `PARAMETER_PATH` (of the secrets), `PARAMETER_CACHE_SECONDS`, `APP_URL` and `STAGE`.
    ///
    /// # Errors
    /// When a variable is missing or invalid.
    pub fn from_env(env: &Env, aws: &SdkConfig, clock: Clock) -> Result<Self, EnvError> {
        let seconds = env.parsed("PARAMETER_CACHE_SECONDS", "a number of seconds")?;
        let kept = std::time::Duration::from_secs(seconds);
        let path = env.required("PARAMETER_PATH")?;
        let ssm = settings::aws::ssm(env, aws);
        let load = move || {
            let (ssm, path) = (ssm.clone(), path.clone());
            async move { Ok::<_, LoadError>(read(&Parameters::fetch(&ssm, &path).await?)) }
        };
        Ok(Self {
            client: Client::new(&env.required("STRIPE_ENDPOINT")?),
            secrets: Arc::new(Cached::new("payment secrets", kept, clock.clone(), load)),
            page: env.required("APP_URL")?,
            is_live: env.required("STAGE")? == "prod",
            clock,
        })
    }

    /// Whether there is a page that buyers return to after a payment.
    pub const fn has_page(&self) -> bool {
        !self.page.is_empty()
    }

    /// Whether an object of the provider is of this stage: real money in `prod`, test money elsewhere.
    pub const fn fits_stage(&self, livemode: bool) -> bool {
        livemode == self.is_live
    }

    /// Creates the checkout of an order, or returns the one that was created before: the order's id is the idempotency key.
    pub async fn create_checkout(&self, order: &Order) -> Result<CheckoutSession, PaymentError> {
        let id = order.id.to_string();
        let (success, cancel) = (self.page_of(&id, "paid"), self.page_of(&id, "closed"));
        let checkout = NewCheckout {
            order: &id,
            title: order.title.as_str(),
            amount: order.price.amount,
            currency: order.price.currency.code(),
            success_url: &success,
            cancel_url: &cancel,
            expires_at: order.checkout_expires_at().unix_timestamp(),
        };
        let key = self.api_key().await?;
        let idempotency_key = format!("order-{id}");
        let session = self
            .client
            .create_checkout(&key, &idempotency_key, checkout);
        session.await
    }

    /// The page of an order, after its checkout.
    fn page_of(&self, order: &str, checkout: &str) -> String {
        format!("{}?order={order}&checkout={checkout}", self.page)
    }

    /// Returns a checkout, with its payment and charge.
    pub async fn checkout(&self, id: &str) -> Result<CheckoutSession, PaymentError> {
        self.client.checkout(&*self.api_key().await?, id).await
    }

    /// Expires an open checkout.
    pub async fn expire_checkout(&self, id: &str) -> Result<CheckoutSession, PaymentError> {
        let key = self.api_key().await?;
        self.client.expire_checkout(&key, id).await
    }

    /// Returns a payment, with its charge.
    pub async fn payment(&self, id: &str) -> Result<PaymentIntent, PaymentError> {
        let key = self.api_key().await?;
        self.client.payment_intent(&key, id).await
    }

    /// Pays a payment back, or a part of it.
    pub async fn refund(
        &self,
        idempotency_key: &str,
        refund: RefundRequest<'_>,
    ) -> Result<Refund, PaymentError> {
        let key = self.api_key().await?;
        let refund = self.client.create_refund(&key, idempotency_key, refund);
        refund.await
    }

    /// Checks the signature of a webhook. `None`: the secrets cannot be read.
    pub async fn verify(&self, body: &[u8], header: &str) -> Option<Result<(), SignatureError>> {
        let secrets = self.secrets.get().await.ok()?;
        if secrets.webhooks.is_empty() {
            tracing::error!("webhook_secrets_missing");
        }
        Some(secrets.webhooks.verify(body, header, self.clock.now()))
    }

    async fn api_key(&self) -> Result<Box<SecretString>, PaymentError> {
        let unavailable = |why: &str| PaymentError::Unavailable(why.to_owned());
        let secrets = self.secrets.get().await;
        let secrets = secrets.map_err(|error| unavailable(&error.to_string()))?;
        let key = secrets.api_key.clone();
        let key = key.ok_or_else(|| unavailable("the parameter stripe/api-key does not exist"))?;
        Ok(Box::new(key))
    }
}

fn read(parameters: &Parameters) -> StripeSecrets {
    let find = |wanted: &str| {
        let mut all = parameters.under("");
        all.find(|(name, _)| *name == wanted)
            .map(|(_, value)| value)
    };
    let webhooks = find(WEBHOOK_SECRETS).map(|list| Secrets::parse(list.expose_secret()));
    StripeSecrets {
        api_key: find(API_KEY).cloned(),
        webhooks: webhooks.unwrap_or_default(),
    }
}

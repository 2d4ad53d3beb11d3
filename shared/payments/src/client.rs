use std::sync::Arc;

use http::Method;
use secrecy::SecretString;
use serde::de::DeserializeOwned;

use crate::{
    CheckoutSession, PaymentError, PaymentIntent, Refund,
    transport::{Call, Transport},
};

/// The client of the provider. The key is passed with each call, because it may change while a function runs.
#[derive(Debug, Clone)]
pub struct Client(Arc<Transport>);

/// A checkout to create: one product, paid once.
#[derive(Debug, Clone, Copy)]
pub struct NewCheckout<'a> {
    /// What the payment is for: becomes `client_reference_id` and `metadata[order]` of the session and of the payment.
    pub order: &'a str,
    /// The name of the product.
    pub title: &'a str,
    /// The price in minor units.
    pub amount: u64,
    /// The currency (ISO 4217).
    pub currency: &'a str,
    /// Where the buyer goes after the payment.
    pub success_url: &'a str,
    /// Where the buyer goes without one.
    pub cancel_url: &'a str,
    /// When the checkout expires, in seconds since 1970.
    pub expires_at: i64,
}

/// A refund to create.
#[derive(Debug, Clone, Copy)]
pub struct RefundRequest<'a> {
    /// The payment.
    pub payment_intent: &'a str,
    /// How much, in minor units; `None`: all that is left.
    pub amount: Option<u64>,
}

impl Client {
    /// A client of the provider at an endpoint such as `https://api.stripe.com`.
    #[must_use]
    pub fn new(endpoint: &str) -> Self {
        Self(Arc::new(Transport::new(endpoint)))
    }

    /// Creates a checkout. The same key returns the same checkout for at least 24 hours.
    ///
    /// # Errors
    /// When the provider does not create it.
    pub async fn create_checkout(
        &self,
        key: &SecretString,
        idempotency_key: &str,
        checkout: NewCheckout<'_>,
    ) -> Result<CheckoutSession, PaymentError> {
        let form = vec![
            ("mode", "payment".to_owned()),
            ("line_items[0][quantity]", "1".to_owned()),
            (
                "line_items[0][price_data][currency]",
                checkout.currency.to_lowercase(),
            ),
            (
                "line_items[0][price_data][unit_amount]",
                checkout.amount.to_string(),
            ),
            (
                "line_items[0][price_data][product_data][name]",
                checkout.title.to_owned(),
            ),
            ("client_reference_id", checkout.order.to_owned()),
            ("metadata[order]", checkout.order.to_owned()),
            (
                "payment_intent_data[metadata][order]",
                checkout.order.to_owned(),
            ),
            ("success_url", checkout.success_url.to_owned()),
            ("cancel_url", checkout.cancel_url.to_owned()),
            ("expires_at", checkout.expires_at.to_string()),
        ];
        let path = "/v1/checkout/sessions".to_owned();
        self.post(key, path, form, Some(idempotency_key)).await
    }

    /// Returns a checkout, with its payment and charge.
    ///
    /// # Errors
    /// When the provider does not return it.
    pub async fn checkout(
        &self,
        key: &SecretString,
        id: &str,
    ) -> Result<CheckoutSession, PaymentError> {
        let expand = "payment_intent.latest_charge".to_owned();
        let path = format!("/v1/checkout/sessions/{}", segment(id));
        self.get(key, path, vec![("expand[0]", expand)]).await
    }

    /// Expires an open checkout. A repeated call is refused, because the checkout is not open.
    ///
    /// # Errors
    /// [`PaymentError::Invalid`] when it is not open.
    pub async fn expire_checkout(
        &self,
        key: &SecretString,
        id: &str,
    ) -> Result<CheckoutSession, PaymentError> {
        let path = format!("/v1/checkout/sessions/{}/expire", segment(id));
        self.post(key, path, Vec::new(), None).await
    }

    /// Creates a refund.
    ///
    /// # Errors
    /// [`PaymentError::Invalid`] when less than the amount is left.
    pub async fn create_refund(
        &self,
        key: &SecretString,
        idempotency_key: &str,
        refund: RefundRequest<'_>,
    ) -> Result<Refund, PaymentError> {
        let mut form = vec![("payment_intent", refund.payment_intent.to_owned())];
        form.extend(refund.amount.map(|amount| ("amount", amount.to_string())));
        let path = "/v1/refunds".to_owned();
        self.post(key, path, form, Some(idempotency_key)).await
    }

    /// Returns a payment, with its charge.
    ///
    /// # Errors
    /// When the provider does not return it.
    pub async fn payment_intent(
        &self,
        key: &SecretString,
        id: &str,
    ) -> Result<PaymentIntent, PaymentError> {
        let expand = "latest_charge".to_owned();
        let path = format!("/v1/payment_intents/{}", segment(id));
        self.get(key, path, vec![("expand[0]", expand)]).await
    }

    async fn get<T: DeserializeOwned>(
        &self,
        key: &SecretString,
        path: String,
        query: Vec<(&str, String)>,
    ) -> Result<T, PaymentError> {
        self.call(key, Method::GET, path, query, None).await
    }

    async fn post<T: DeserializeOwned>(
        &self,
        key: &SecretString,
        path: String,
        form: Vec<(&str, String)>,
        idempotency_key: Option<&str>,
    ) -> Result<T, PaymentError> {
        let method = Method::POST;
        self.call(key, method, path, form, idempotency_key).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        key: &SecretString,
        method: Method,
        path: String,
        form: Vec<(&str, String)>,
        idempotency_key: Option<&str>,
    ) -> Result<T, PaymentError> {
        let form = form.into_iter();
        let call = Call {
            method,
            path,
            form: form.map(|(name, value)| (name.to_owned(), value)).collect(),
            idempotency_key,
        };
        let body = self.0.send(key, &call).await?;
        serde_json::from_slice(&body).map_err(|error| {
            PaymentError::Unavailable(format!("the response cannot be read: {error}"))
        })
    }
}

/// An id as a segment of a path. Ids of the provider have no other characters; those of an event are not trusted.
fn segment(id: &str) -> String {
    form_urlencoded::byte_serialize(id.as_bytes()).collect()
}

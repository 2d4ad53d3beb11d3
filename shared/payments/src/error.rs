use serde::Deserialize;

/// Why the provider did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum PaymentError {
    /// The provider did not answer, or failed, on every try. Whether the call took effect is unknown: repeat it with the same
    /// idempotency key.
    #[error("the provider is unavailable: {0}")]
    Unavailable(String),
    /// The provider declined the payment.
    #[error("declined: {code}: {message}")]
    Declined {
        /// The provider's word.
        code: String,
        /// The provider's text, for the log.
        message: String,
    },
    /// The provider refused the call: it is not valid, or does not fit the state of the object.
    #[error("refused with {status}: {code}: {message}")]
    Invalid {
        /// The HTTP status.
        status: u16,
        /// The provider's word.
        code: String,
        /// The provider's text, for the log.
        message: String,
    },
}

#[derive(Default, Deserialize)]
struct ErrorBody {
    #[serde(default)]
    error: ErrorDetail,
}

#[derive(Default, Deserialize)]
struct ErrorDetail {
    #[serde(default)]
    r#type: String,
    code: Option<String>,
    #[serde(default)]
    message: String,
}

impl PaymentError {
    /// The error that a response describes.
    pub(crate) fn of_response(status: u16, body: &[u8]) -> Self {
        let ErrorDetail {
            r#type,
            code,
            message,
        } = serde_json::from_slice::<ErrorBody>(body)
            .unwrap_or_default()
            .error;
        let is_declined = r#type == "card_error";
        let code = code.unwrap_or(r#type);
        match status {
            // A wrong key is an error of the operator, which may be corrected: callers may try again.
            401 | 403 => Self::Unavailable(format!("{status}: {message}")),
            402 if is_declined => Self::Declined { code, message },
            409 | 429 | 500.. => Self::Unavailable(format!("{status}: {code}: {message}")),
            _ => Self::Invalid {
                status,
                code,
                message,
            },
        }
    }
}

//! Corrects error responses whose status, code or message differ between s3s and AWS.

use axum::body::Body;
use http::{
    HeaderValue, Request, Response, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
};
use http_body_util::{BodyExt, Limited};

/// The maximum size of an error response.
pub(crate) const MAX_ERROR: usize = 64 * 1024;

/// How a request is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum SignatureKind {
    /// A signed form policy.
    Form,
    /// A presigned URL.
    Url,
    /// Signed headers, or no signature.
    Headers,
}

/// A correction of an error response.
struct Correction {
    kind: SignatureKind,
    /// The texts that s3s's error document must contain.
    contains: &'static [&'static str],
    status: StatusCode,
    code: &'static str,
    message: Message,
}

enum Message {
    /// Replaces s3s's message.
    Replace(&'static str),
    /// Is prepended to s3s's message.
    Prefix(&'static str),
}

const CONDITION: &str = "Invalid according to Policy: Policy Condition failed: ";
const INVALID_POLICY: &str = "<Code>InvalidPolicyDocument</Code>";

/// The messages of errors for which s3s has none.
const MISSING_MESSAGES: [(&str, &str); 3] = [
    (INVALID_POLICY, "Invalid Policy: Invalid JSON."),
    (
        "<Code>MalformedXML</Code>",
        "The XML you provided was not well-formed or did not validate against our published schema",
    ),
    (
        "<Code>SignatureDoesNotMatch</Code>",
        "The request signature we calculated does not match the signature you provided. Check your key and signing method.",
    ),
];

/// The first correction that matches applies.
const CORRECTIONS: [Correction; 8] = [
    Correction {
        kind: SignatureKind::Form,
        contains: &[
            INVALID_POLICY,
            "field &apos;key&apos; failed",
            "got &apos;&apos;",
        ],
        status: StatusCode::BAD_REQUEST,
        code: "InvalidArgument",
        message: Message::Replace(
            "Bucket POST must contain a field named 'key'. If it is specified, please check the order of the fields.",
        ),
    },
    Correction {
        kind: SignatureKind::Form,
        contains: &[INVALID_POLICY, "<Message>Policy condition"],
        status: StatusCode::FORBIDDEN,
        code: "AccessDenied",
        message: Message::Prefix(CONDITION),
    },
    Correction {
        kind: SignatureKind::Form,
        contains: &[INVALID_POLICY, "<Message>Bucket in form"],
        status: StatusCode::FORBIDDEN,
        code: "AccessDenied",
        message: Message::Prefix(CONDITION),
    },
    Correction {
        kind: SignatureKind::Form,
        contains: &[INVALID_POLICY, "does not match policy<"],
        status: StatusCode::FORBIDDEN,
        code: "AccessDenied",
        message: Message::Prefix(CONDITION),
    },
    Correction {
        kind: SignatureKind::Form,
        contains: &["<Message>Request has expired<"],
        status: StatusCode::FORBIDDEN,
        code: "AccessDenied",
        message: Message::Replace("Invalid according to Policy: Policy expired."),
    },
    Correction {
        kind: SignatureKind::Form,
        contains: &["<Message>missing required multipart fields<"],
        status: StatusCode::BAD_REQUEST,
        code: "InvalidArgument",
        message: Message::Replace("Bucket POST must contain the fields of its signature."),
    },
    Correction {
        kind: SignatureKind::Url,
        contains: &["<Code>RequestTimeTooSkewed</Code>"],
        status: StatusCode::FORBIDDEN,
        code: "AccessDenied",
        message: Message::Replace("Request is not valid yet"),
    },
    Correction {
        kind: SignatureKind::Url,
        contains: &["<Message>missing presigned url v4 fields<"],
        status: StatusCode::BAD_REQUEST,
        code: "AuthorizationQueryParametersError",
        message: Message::Replace(
            "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, \
             X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
        ),
    },
];

impl SignatureKind {
    pub(crate) fn of<T>(request: &Request<T>) -> Self {
        let content_type = request.headers().get(CONTENT_TYPE);
        let query = request.uri().query().unwrap_or_default();
        if content_type.is_some_and(|kind| kind.as_bytes().starts_with(b"multipart/form-data")) {
            Self::Form
        } else if query.contains("X-Amz-Signature=") {
            Self::Url
        } else {
            Self::Headers
        }
    }
}

/// Corrects an error response and adds the request's id.
pub(crate) async fn correct(
    response: Response<Body>,
    kind: SignatureKind,
    id: &str,
) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    let Ok(body) = Limited::new(body, MAX_ERROR).collect().await else {
        return Response::from_parts(parts, Body::empty());
    };
    let body = body.to_bytes();
    let mut text = String::from_utf8_lossy(&body).into_owned();
    let correction = CORRECTIONS.iter().find(|correction| {
        let has = |part: &&str| text.contains(*part);
        correction.kind == kind && correction.contains.iter().all(has)
    });
    if let Some(correction) = correction {
        parts.status = correction.status;
        text = replaced(&text, "Code", |_| correction.code.to_owned());
        text = replaced(&text, "Message", |original| match correction.message {
            Message::Replace(message) => message.to_owned(),
            Message::Prefix(prefix) => format!("{prefix}{original}"),
        });
    }
    if !text.contains("<Message>")
        && let Some((code, message)) = MISSING_MESSAGES
            .iter()
            .find(|(code, _)| text.contains(code))
    {
        text = text.replace(code, &format!("{code}<Message>{message}</Message>"));
    }
    if !text.contains("<RequestId>") {
        text = text.replace("</Error>", &format!("<RequestId>{id}</RequestId></Error>"));
    }
    let length = HeaderValue::from(text.len());
    parts.headers.insert(CONTENT_LENGTH, length);
    Response::from_parts(parts, Body::from(text))
}

/// Replaces the contents of the first element with this name.
pub(crate) fn replaced(text: &str, name: &str, contents: impl FnOnce(&str) -> String) -> String {
    let (start, end) = (format!("<{name}>"), format!("</{name}>"));
    let found = text.split_once(&start).and_then(|(before, rest)| {
        let (original, after) = rest.split_once(&end)?;
        Some(format!("{before}{start}{}{end}{after}", contents(original)))
    });
    found.unwrap_or_else(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_are_replaced() {
        let text = "<a><b>1</b><b>2</b></a>";
        assert_eq!(
            replaced(text, "b", |original| format!("{original}0")),
            "<a><b>10</b><b>2</b></a>"
        );
        assert_eq!(replaced(text, "c", str::to_owned), text);
    }
}

//! Errors as AWS words them, where s3s does otherwise.

use axum::body::Body;
use http::{
    HeaderValue, Request, Response, StatusCode,
    header::{CONTENT_LENGTH, CONTENT_TYPE},
};
use http_body_util::{BodyExt, Limited};

/// Longer than any error.
pub(crate) const MAX_ERROR: usize = 64 * 1024;

/// How a request is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// By the policy of a form.
    Form,
    /// In its URL.
    Url,
    /// In its headers, or not at all.
    Headers,
}

/// An error that AWS words otherwise.
struct Correction {
    way: Way,
    /// What s3s's document holds then, each of them.
    signs: &'static [&'static str],
    status: StatusCode,
    code: &'static str,
    message: Message,
}

enum Message {
    Is(&'static str),
    /// It goes on with what s3s says.
    Begins(&'static str),
}

const CONDITION: &str = "Invalid according to Policy: Policy Condition failed: ";
const INVALID_POLICY: &str = "<Code>InvalidPolicyDocument</Code>";

/// What s3s has no words for.
const SILENT: [(&str, &str); 3] = [
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

/// The first that fits counts.
const CORRECTIONS: [Correction; 8] = [
    Correction {
        way: Way::Form,
        signs: &[
            INVALID_POLICY,
            "field &apos;key&apos; failed",
            "got &apos;&apos;",
        ],
        status: StatusCode::BAD_REQUEST,
        code: "InvalidArgument",
        message: Message::Is(
            "Bucket POST must contain a field named 'key'. If it is specified, please check the order of the fields.",
        ),
    },
    Correction {
        way: Way::Form,
        signs: &[INVALID_POLICY, "<Message>Policy condition"],
        status: StatusCode::FORBIDDEN,
        code: "AccessDenied",
        message: Message::Begins(CONDITION),
    },
    Correction {
        way: Way::Form,
        signs: &[INVALID_POLICY, "<Message>Bucket in form"],
        status: StatusCode::FORBIDDEN,
        code: "AccessDenied",
        message: Message::Begins(CONDITION),
    },
    Correction {
        way: Way::Form,
        signs: &[INVALID_POLICY, "does not match policy<"],
        status: StatusCode::FORBIDDEN,
        code: "AccessDenied",
        message: Message::Begins(CONDITION),
    },
    Correction {
        way: Way::Form,
        signs: &["<Message>Request has expired<"],
        status: StatusCode::FORBIDDEN,
        code: "AccessDenied",
        message: Message::Is("Invalid according to Policy: Policy expired."),
    },
    Correction {
        way: Way::Form,
        signs: &["<Message>missing required multipart fields<"],
        status: StatusCode::BAD_REQUEST,
        code: "InvalidArgument",
        message: Message::Is("Bucket POST must contain the fields of its signature."),
    },
    Correction {
        way: Way::Url,
        signs: &["<Code>RequestTimeTooSkewed</Code>"],
        status: StatusCode::FORBIDDEN,
        code: "AccessDenied",
        message: Message::Is("Request is not valid yet"),
    },
    Correction {
        way: Way::Url,
        signs: &["<Message>missing presigned url v4 fields<"],
        status: StatusCode::BAD_REQUEST,
        code: "AuthorizationQueryParametersError",
        message: Message::Is(
            "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, \
             X-Amz-Signature, X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters.",
        ),
    },
];

impl Way {
    pub(crate) fn of<T>(request: &Request<T>) -> Self {
        let kind = request.headers().get(CONTENT_TYPE);
        let query = request.uri().query().unwrap_or_default();
        if kind.is_some_and(|kind| kind.as_bytes().starts_with(b"multipart/form-data")) {
            Self::Form
        } else if query.contains("X-Amz-Signature=") {
            Self::Url
        } else {
            Self::Headers
        }
    }
}

/// Says an error as AWS does, with the request's id.
pub(crate) async fn reword(response: Response<Body>, way: Way, id: &str) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    let Ok(body) = Limited::new(body, MAX_ERROR).collect().await else {
        return Response::from_parts(parts, Body::empty());
    };
    let body = body.to_bytes();
    let mut text = String::from_utf8_lossy(&body).into_owned();
    let correction = CORRECTIONS.iter().find(|correction| {
        let has = |sign: &&str| text.contains(*sign);
        correction.way == way && correction.signs.iter().all(has)
    });
    if let Some(correction) = correction {
        parts.status = correction.status;
        text = replaced(&text, "Code", |_| correction.code.to_owned());
        text = replaced(&text, "Message", |said| match correction.message {
            Message::Is(message) => message.to_owned(),
            Message::Begins(beginning) => format!("{beginning}{said}"),
        });
    }
    if !text.contains("<Message>")
        && let Some((code, message)) = SILENT.iter().find(|(code, _)| text.contains(code))
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

/// `text` with other contents in its first element of this name.
pub(crate) fn replaced(text: &str, name: &str, contents: impl FnOnce(&str) -> String) -> String {
    let (start, end) = (format!("<{name}>"), format!("</{name}>"));
    let found = text.split_once(&start).and_then(|(before, rest)| {
        let (said, after) = rest.split_once(&end)?;
        Some(format!("{before}{start}{}{end}{after}", contents(said)))
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
            replaced(text, "b", |said| format!("{said}0")),
            "<a><b>10</b><b>2</b></a>"
        );
        assert_eq!(replaced(text, "c", str::to_owned), text);
    }
}

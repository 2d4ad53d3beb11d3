//! Generates ids in AWS's formats.

use base64::{Engine, prelude::BASE64_STANDARD};
use clock::Clock;
use uuid::Uuid;

/// Generates the id of a gateway request, for example `JKJaXmPLvHcESHA=`.
pub(crate) fn request_id() -> String {
    BASE64_STANDARD.encode(&Uuid::new_v4().as_bytes()[..11])
}

/// Generates the id of an unsampled X-Ray trace: `Root=1-{seconds}-{96 random bits};Parent=…;Sampled=0`.
pub(crate) fn trace_id(clock: &Clock) -> String {
    let random = Uuid::new_v4().simple().to_string();
    let parent = Uuid::new_v4().simple().to_string();
    let seconds = clock.now().unix_timestamp();
    let (root, parent) = (&random[..24], &parent[..16]);
    format!("Root=1-{seconds:08x}-{root};Parent={parent};Sampled=0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_id_has_api_gateways_format() {
        let id = request_id();
        assert_eq!(id.len(), 16);
        assert!(id.ends_with('='));
        assert_ne!(id, request_id());
    }
}

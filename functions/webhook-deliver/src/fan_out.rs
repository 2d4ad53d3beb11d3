use domain::{UserId, webhook::Delivery};
use events::{Data, Event, EventType};
use lambda_http::Error;
use webhook_queue::Due;

use crate::App;

/// Creates a delivery of an event for each endpoint that receives it, and orders its first attempt. An event that arrives again
/// creates nothing more.
pub async fn fan_out(app: &App, event: &Event) -> Result<(), Error> {
    let now = app.clock.now();
    let is_deletion = event.kind == EventType::UserDeleted;
    let users = users(&event.data);
    if is_deletion {
        for user in &users {
            let erased = app.deliveries.erase_user(*user, now).await?;
            tracing::info!(event = event.id.name(), erased, "payloads_erased");
        }
    }
    let payload = event.public().to_json()?;
    let (mut created, kind) = (0_u32, event.kind.name());
    for endpoint in app.endpoints.list().await? {
        if !endpoint.receives(kind) {
            continue;
        }
        let mut delivery = Delivery::new(endpoint.id, event.id, kind, payload.clone(), now);
        // This event is the last that names the user.
        delivery.erase_at_end = is_deletion;
        if !app.deliveries.create(&delivery, &users).await? {
            continue;
        }
        created += 1;
        // A message that is not sent is made up for by the index of due deliveries.
        if let Err(error) = app.queue.send(Due::of(&delivery), now, now).await {
            tracing::warn!(%error, "message_not_sent");
        }
    }
    tracing::info!(event = event.id.name(), kind, created, "webhook_event");
    Ok(())
}

/// The users whom the data of an event names.
fn users(data: &Data) -> Vec<UserId> {
    match data {
        Data::User(data) => vec![data.user_id],
        Data::Upload(data) => vec![data.owner_id],
        Data::Product(data) => vec![data.seller_id],
        Data::Order(data) => vec![data.buyer_id, data.seller_id],
        Data::Entitlement(data) => vec![data.user_id],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The members of a payload that are ids of users.
    const USERS: [&str; 4] = ["userId", "ownerId", "sellerId", "buyerId"];

    #[test]
    fn each_user_in_a_payload_is_known() {
        for file in std::fs::read_dir("../../shared/events/golden").unwrap() {
            let path = file.unwrap().path();
            let json = std::fs::read_to_string(&path).unwrap();
            let event = Event::parse(&json).unwrap();
            let found = users(&event.data);
            let value: serde_json::Value = serde_json::from_str(&json).unwrap();
            let data = value["data"].as_object().unwrap();
            for (name, value) in data.iter().filter(|(name, _)| name.ends_with("Id")) {
                let is_user = USERS.contains(&name.as_str());
                let is_known = found.iter().any(|user| *value == user.to_string());
                assert_eq!(is_user, is_known, "{name} of {}", path.display());
            }
        }
    }
}

use domain::ProductStatus;
use events::{Data, Event, EventType};
use http_api::Deadline;
use store::{SoldProduct, StoreError};

use crate::{
    App,
    erase::{Erasure, erase},
    pin,
    queue::QueueError,
};

/// Applies an event: a copy of what it tells, unless a later version is known. Applying it again changes nothing.
pub async fn apply(app: &App, event: &Event, deadline: Deadline) -> Result<(), ApplyError> {
    match &event.data {
        Data::Product(product) => {
            let status = ProductStatus::parse(&product.status).ok_or(ApplyError::UnknownStatus)?;
            let state = SoldProduct {
                status,
                since: event.time,
            };
            let id = product.product_id;
            app.sold_files.put_product(id, state, event.version).await?;
            if status == ProductStatus::Published {
                let files: Vec<_> = product.files.iter().map(|file| file.upload_id).collect();
                // The files were pinned when the product was published. This repeats what an interrupted change left undone.
                pin::pin_all(app, id, product.seller_id, &files).await?;
            }
            Ok(())
        }
        Data::Entitlement(right) => {
            let (user, product) = (right.user_id, right.product_id);
            let put = app
                .sold_files
                .put_right(user, product, right.active, event.version);
            Ok(put.await?)
        }
        Data::User(user) if event.kind == EventType::UserDeleted => {
            if erase(app, user, deadline).await? == Erasure::Unfinished {
                // A failed message would be a dead letter after five times, however far the erasure got.
                app.queue.send(event.to_json()?).await?;
                tracing::info!(event = event.id.name(), "erasure_continues");
            }
            Ok(())
        }
        // No rule sends them.
        Data::User(_) | Data::Upload(_) | Data::Order(_) => {
            Err(ApplyError::Unexpected(event.kind.name()))
        }
    }
}

/// Why an event cannot be applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// A table does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The rest of an erasure cannot be ordered.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// The event cannot be sent again.
    #[error(transparent)]
    Event(#[from] events::EventError),
    /// This version does not know the status of the product.
    #[error("the status of the product is unknown")]
    UnknownStatus,
    /// The event is not one that this service hears.
    #[error("`{0}` is not an event for uploads")]
    Unexpected(&'static str),
}

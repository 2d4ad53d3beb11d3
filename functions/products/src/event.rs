use domain::{ProductStatus, UploadId, UserId};
use events::{Data, Event, EventType};
use store::StoreError;

use crate::App;

/// Why an event cannot be applied.
#[derive(Debug, thiserror::Error)]
pub enum ApplyError {
    /// A table does not answer.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The event is not one that this service hears.
    #[error("`{0}` is not an event for products")]
    Unexpected(&'static str),
}

/// How many products of a seller one query returns.
const AT_ONCE: usize = 100;

/// Applies an event. Applying it again changes nothing.
pub async fn apply(app: &App, event: &Event) -> Result<(), ApplyError> {
    match (event.kind, &event.data) {
        (EventType::UserDeleted, Data::User(user)) => remove_all(app, user.user_id).await,
        (EventType::UploadDeleted, Data::Upload(upload)) => {
            archive_with(app, upload.owner_id, upload.upload_id).await
        }
        // No rule sends them.
        _ => Err(ApplyError::Unexpected(event.kind.name())),
    }
}

/// Removes the products of a deleted user. For all others they are archived.
async fn remove_all(app: &App, seller: UserId) -> Result<(), ApplyError> {
    // First the mark: a request that is still running creates nothing.
    app.products.mark_erased(seller, app.clock.now()).await?;
    let mut before = None;
    loop {
        let found = app.products.of_seller(seller, before, AT_ONCE).await?;
        for product in &found {
            app.products.remove(product.id).await?;
        }
        before = found.last().map(|product| product.id);
        if found.len() < AT_ONCE {
            return Ok(());
        }
    }
}

/// Archives the published products with a file that was deleted. The owner cannot delete a published file; an operator can.
async fn archive_with(app: &App, seller: UserId, file: UploadId) -> Result<(), ApplyError> {
    let mut before = None;
    loop {
        let found = app.products.of_seller(seller, before, AT_ONCE).await?;
        for product in &found {
            let is_published = product.status == ProductStatus::Published;
            let has_file = product.details.files.ids().contains(&file);
            if is_published
                && has_file
                && let Some(archived) = product.archive(app.clock.now())
            {
                // Another change means that the event is delivered again.
                match app.products.change(&archived).await? {
                    store::ProductChange::Changed => {}
                    store::ProductChange::Conflict => return Err(StoreError::Conflict.into()),
                }
            }
        }
        before = found.last().map(|product| product.id);
        if found.len() < AT_ONCE {
            return Ok(());
        }
    }
}

use domain::ProductStatus;
use events::{Data, Event};
use store::{SoldProduct, StoreError};

use crate::{App, pin};

/// Applies an event: a copy of what it tells, unless a later version is known. Applying it again changes nothing.
pub async fn apply(app: &App, event: &Event) -> Result<(), ApplyError> {
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
    /// This version does not know the status of the product.
    #[error("the status of the product is unknown")]
    UnknownStatus,
    /// The event is not one that this service hears.
    #[error("`{0}` is not an event for uploads")]
    Unexpected(&'static str),
}

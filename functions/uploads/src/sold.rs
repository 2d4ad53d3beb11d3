//! Files that belong to products.

use auth::Caller;
use domain::{
    ProductId, ProductStatus, Upload, UploadId,
    upload::{Event, Outcome},
};
use http_api::Problem;
use store::SoldProduct;
use time::{Duration, OffsetDateTime};

use crate::{App, problems::UPLOAD_IN_USE};

/// How long after the end of its sale the files of a product without buyers stay: orders that are open then may still be
/// paid.
const LAST_PAYMENT: Duration = Duration::days(7);

/// Releases a file of the products that no longer need it, so that it can be deleted.
///
/// # Errors
/// 409 when a product needs it.
pub async fn release(app: &App, mut upload: Upload) -> Result<Upload, Problem> {
    for product in upload.sold_in.clone() {
        if !is_over(app, product).await? {
            return Err(UPLOAD_IN_USE);
        }
        let event = Event::Unsold(product);
        let changed = upload.on(&event, app.clock.now());
        if let Ok(Outcome::Changed(transition)) = changed {
            let records = app.reconciler.uploads.records();
            app.sold_files.unpin(records, &transition, product).await?;
        }
        // As it is now, also when another request changed it first.
        let found = app.reconciler.uploads.find(upload.owner, upload.id).await?;
        upload = found.ok_or_else(Problem::not_found)?;
    }
    Ok(upload)
}

/// Whether nobody buys the product any more, and nobody did.
async fn is_over(app: &App, product: ProductId) -> Result<bool, Problem> {
    let state = app.sold_files.product(product).await?;
    let ended = state.is_some_and(|state| has_ended(state, app.clock.now()));
    Ok(ended && !app.sold_files.has_buyers(product).await?)
}

fn has_ended(state: SoldProduct, now: OffsetDateTime) -> bool {
    state.status == ProductStatus::Archived && now >= state.since + LAST_PAYMENT
}

impl App {
    /// Finds the file that the caller has a right to by a product.
    pub async fn find_bought(
        &self,
        caller: &Caller,
        id: UploadId,
    ) -> Result<Option<Upload>, Problem> {
        let products = self.sold_files.products_of(id).await?;
        if products.is_empty() {
            return Ok(None);
        }
        let held = self.sold_files.held_by(caller.user_id, &products).await?;
        let sold = products.iter().find(|sold| held.contains(&sold.product));
        let Some(sold) = sold else {
            return Ok(None);
        };
        let found = self.reconciler.uploads.find(sold.owner, id).await?;
        Ok(found.filter(|upload| upload.sold_in.contains(&sold.product)))
    }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_sale_has_ended_a_week_after_the_product_was_archived() {
        let since = datetime!(2026-01-01 00:00:00 UTC);
        let state = |status| SoldProduct { status, since };
        let week = since + LAST_PAYMENT;
        assert!(has_ended(state(ProductStatus::Archived), week));
        assert!(!has_ended(
            state(ProductStatus::Archived),
            week - Duration::SECOND
        ));
        assert!(!has_ended(state(ProductStatus::Published), week));
        assert!(!has_ended(state(ProductStatus::Draft), week));
    }
}

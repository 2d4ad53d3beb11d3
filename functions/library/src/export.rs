use domain::{Entitlement, ProductId, UserId};
use http_api::{Cursor, ExportedRight, List, Page};
use store::StoreError;

use crate::App;

/// Lists the rights of a user, also those that have ended, newest product first.
pub async fn rights(
    app: &App,
    user: UserId,
    page: Page,
) -> Result<List<ExportedRight>, StoreError> {
    let before = page.cursor.map(|Cursor(id)| ProductId::from_bytes(id));
    let found = app.entitlements.of_user(user, before, page.limit + 1);
    let cursor = |last: &Entitlement| Cursor(*last.product.as_bytes());
    let List { items, next } = List::of(found.await?, page, cursor, Entitlement::clone);
    let products = items.iter().map(|right| right.product);
    let mut copies = app.titles.find_all(products).await?;
    let view = |right: &Entitlement| {
        let title = copies.remove(&right.product).map(|copy| copy.title);
        ExportedRight::new(right, title)
    };
    Ok(List {
        items: items.iter().map(view).collect(),
        next,
    })
}

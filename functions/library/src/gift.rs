use axum::extract::{Path, State};
use domain::{Claim, Entitlement, ProductId, Source, UserId};
use http::StatusCode;
use http_api::{Administrator, Gateway, Problem, ProblemDocument};

use crate::App;

/// Give a user a right to a product.
///
/// The product appears in the user's library as if it was bought. Idempotent.
#[utoipa::path(
    put,
    path = "/admin/users/{id}/entitlements/{productId}",
    operation_id = "adminGiveProduct",
    tag = "admin",
    security(("access_token" = [])),
    params(
        ("id" = String, Path, format = "uuid", description = "the user's id"),
        ("productId" = String, Path, format = "uuid", description = "the product's id"),
    ),
    responses(
        (status = 204, description = "the user has the right"),
        (status = 403, body = ProblemDocument, content_type = "application/problem+json",
            description = "`forbidden`"),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json",
            description = "`not_found`: the product was never published or is removed, the user is deleted, or an id is not valid"),
    )
)]
pub async fn give(
    State(app): State<App>,
    Administrator(admin): Administrator,
    gateway: Gateway,
    Path((user, product)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let (user, product) = parse(&user, &product)?;
    let copy = app.titles.find(product).await?;
    if copy.is_none_or(|copy| copy.seller.is_none()) {
        return Err(Problem::not_found());
    }
    set(&app, user, product, true).await?;
    tracing::warn!(
        request_id = gateway.request_id,
        admin = %admin.user_id,
        %user,
        %product,
        "product_given"
    );
    Ok(StatusCode::NO_CONTENT)
}

/// Take back a gift.
///
/// What the user has bought stays. Idempotent.
#[utoipa::path(
    delete,
    path = "/admin/users/{id}/entitlements/{productId}",
    operation_id = "adminTakeBackProduct",
    tag = "admin",
    security(("access_token" = [])),
    params(
        ("id" = String, Path, format = "uuid", description = "the user's id"),
        ("productId" = String, Path, format = "uuid", description = "the product's id"),
    ),
    responses(
        (status = 204, description = "the gift is taken back"),
        (status = 403, body = ProblemDocument, content_type = "application/problem+json",
            description = "`forbidden`"),
        (status = 404, body = ProblemDocument, content_type = "application/problem+json",
            description = "`not_found`: an id is not valid"),
    )
)]
pub async fn take_back(
    State(app): State<App>,
    Administrator(admin): Administrator,
    gateway: Gateway,
    Path((user, product)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let (user, product) = parse(&user, &product)?;
    set(&app, user, product, false).await?;
    tracing::warn!(
        request_id = gateway.request_id,
        admin = %admin.user_id,
        %user,
        %product,
        "gift_taken_back"
    );
    Ok(StatusCode::NO_CONTENT)
}

fn parse(user: &str, product: &str) -> Result<(UserId, ProductId), Problem> {
    match (UserId::parse(user), ProductId::parse(product)) {
        (Ok(user), Ok(product)) => Ok((user, product)),
        _ => Err(Problem::not_found()),
    }
}

async fn set(app: &App, user: UserId, product: ProductId, gives: bool) -> Result<(), Problem> {
    let now = app.clock.now();
    let none = Entitlement::none(user, product, now);
    let change = |right: &Entitlement| {
        let has_gift = right
            .sources
            .get(&Source::Gift)
            .is_some_and(|claim| claim.gives);
        if has_gift == gives {
            return None;
        }
        let version = right.gift_version() + 1;
        right.claim(Source::Gift, Claim { version, gives }, now)
    };
    if app.entitlements.change(&none, change).await? {
        Ok(())
    } else {
        Err(Problem::not_found())
    }
}

use aws_sdk_dynamodb::types::AttributeValue;
use domain::{Claim, Entitlement, ProductId, Source, UserId};

use crate::{
    StoreError,
    row::{Row, at, item, n, s},
    write::Item,
};

pub(super) fn write(right: &Entitlement) -> Item {
    let source = |(source, claim): (&Source, &Claim)| {
        let claim = item([
            ("version", n(claim.version)),
            ("gives", AttributeValue::Bool(claim.gives)),
        ]);
        (source.word(), AttributeValue::M(claim))
    };
    let sources = right.sources.iter().map(source).collect();
    let mut item = item([
        ("user", s(right.user.to_string())),
        ("product", s(right.product.to_string())),
        ("sources", AttributeValue::M(sources)),
        ("version", n(right.version)),
        ("updated_at", at(right.updated_at)),
    ]);
    if let Some(granted_at) = right.granted_at {
        item.insert("granted_at".to_owned(), at(granted_at));
    }
    item
}

pub(crate) fn read(mut row: Row) -> Result<Entitlement, StoreError> {
    let granted_at = row.optional_time("granted_at")?;
    let source = |(word, claim): (String, AttributeValue)| {
        let AttributeValue::M(claim) = claim else {
            return Err(StoreError::Corrupt("sources"));
        };
        let mut claim = Row(claim);
        let source = Source::parse(&word).ok_or(StoreError::Corrupt("sources"))?;
        let claim = Claim {
            version: claim.number("version")?,
            gives: claim.flag("gives")?,
        };
        Ok((source, claim))
    };
    let sources = row.map("sources")?.0.into_iter().map(source);
    Ok(Entitlement {
        user: row.parsed("user", UserId::parse)?,
        product: row.parsed("product", ProductId::parse)?,
        sources: sources.collect::<Result<_, _>>()?,
        version: row.number("version")?,
        granted_at,
        updated_at: row.time("updated_at")?,
    })
}

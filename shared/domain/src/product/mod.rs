use std::collections::HashSet;

use time::OffsetDateTime;

use crate::{Invalid, Money, ProductId, UploadId, UserId, upload::Filename};

mod text;

pub use text::{Description, Title};

/// The most files of one product. With longer lists, an event could exceed the 256 KB of `EventBridge`.
pub const MAX_FILES: usize = 100;

const NO_FILES: Invalid = Invalid::new("empty", "At least one file is required. Send its id.");
const TOO_MANY_FILES: Invalid = Invalid::new(
    "too_long",
    "There are too many files. Send at most 100, or make several products.",
);
const DUPLICATE_FILE: Invalid = Invalid::new(
    "duplicate_file",
    "The list has the same file twice. Send each id once.",
);

/// Whether a product is for sale.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProductStatus {
    /// Only its seller sees it.
    Draft,
    /// For sale.
    Published,
    /// No longer for sale. Buyers keep it.
    Archived,
}

impl ProductStatus {
    /// All statuses.
    pub const ALL: [Self; 3] = [Self::Draft, Self::Published, Self::Archived];

    /// The word in responses, events and tables.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Draft => "draft",
            Self::Published => "published",
            Self::Archived => "archived",
        }
    }

    /// Parses the word of a status.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
    }
}

/// The files of a product: 1 to 100 different uploads of the seller, in the order in which buyers see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileList(Vec<UploadId>);

impl FileList {
    /// Checks a list of uploads.
    ///
    /// # Errors
    /// When it is empty, has more than 100 files, or has a file twice.
    pub fn parse(files: Vec<UploadId>) -> Result<Self, Invalid> {
        let different: HashSet<_> = files.iter().collect();
        match files.len() {
            0 => Err(NO_FILES),
            len if len > MAX_FILES => Err(TOO_MANY_FILES),
            len if len > different.len() => Err(DUPLICATE_FILE),
            _ => Ok(Self(files)),
        }
    }

    /// A list from a table. It is not checked again.
    #[must_use]
    pub const fn stored(files: Vec<UploadId>) -> Self {
        Self(files)
    }

    /// The ids.
    #[must_use]
    pub fn ids(&self) -> &[UploadId] {
        &self.0
    }
}

/// What is known of a file since it was published. Stored files never change, so this stays true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductFile {
    /// The upload.
    pub upload: UploadId,
    /// The name of the file.
    pub filename: Filename,
    /// Its size in bytes.
    pub size: u64,
}

/// What a seller writes about a product.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProductDetails {
    /// The title.
    pub title: Title,
    /// The description.
    pub description: Description,
    /// The price.
    pub price: Money,
    /// The files.
    pub files: FileList,
}

/// Something that is sold: a title, a price, and files of its seller.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// Identifies the product.
    pub id: ProductId,
    /// The user who sells it.
    pub seller: UserId,
    /// What the seller wrote.
    pub details: ProductDetails,
    /// Whether it is for sale.
    pub status: ProductStatus,
    /// The files as they were when they were published; empty for a product that never was.
    pub published_files: Vec<ProductFile>,
    /// Counts the changes; the `ETag` of the product.
    pub version: u64,
    /// When it was created.
    pub created_at: OffsetDateTime,
    /// When it last changed.
    pub updated_at: OffsetDateTime,
    /// When it was published first.
    pub published_at: Option<OffsetDateTime>,
}

/// Why a product cannot change in this way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProductRefusal {
    /// It is archived.
    Archived,
    /// Files that buyers may have cannot be removed from it.
    FileIsPublished,
}

impl Product {
    /// A new draft.
    #[must_use]
    pub const fn draft(
        id: ProductId,
        seller: UserId,
        details: ProductDetails,
        now: OffsetDateTime,
    ) -> Self {
        Self {
            id,
            seller,
            details,
            status: ProductStatus::Draft,
            published_files: Vec::new(),
            version: 1,
            created_at: now,
            updated_at: now,
            published_at: None,
        }
    }

    /// Whether anyone may see it.
    #[must_use]
    pub fn is_public(&self) -> bool {
        self.status == ProductStatus::Published
    }

    /// The files of `details` that uploads has not been asked about, if the change of a published product adds any.
    #[must_use]
    pub fn unpublished_files(&self, details: &ProductDetails) -> Vec<UploadId> {
        let is_known = |id: &UploadId| self.published_files.iter().any(|file| file.upload == *id);
        let ids = details.files.ids().iter().copied();
        ids.filter(|id| !is_known(id)).collect()
    }

    /// Changes what the seller wrote. `stored` are the files of the change that uploads has confirmed; a published product
    /// needs them for all files that were not published before ([`Product::unpublished_files`]).
    ///
    /// # Errors
    /// When the product is archived, or the change removes a published file.
    pub fn update(
        &self,
        details: ProductDetails,
        stored: &[ProductFile],
        now: OffsetDateTime,
    ) -> Result<Self, ProductRefusal> {
        let keeps_files = |product: &Self| {
            let published = product.published_files.iter();
            published
                .map(|file| file.upload)
                .all(|id| details.files.ids().contains(&id))
        };
        match self.status {
            ProductStatus::Archived => Err(ProductRefusal::Archived),
            ProductStatus::Published if !keeps_files(self) => Err(ProductRefusal::FileIsPublished),
            ProductStatus::Published => Ok(Self {
                published_files: in_order(&details.files, &self.published_files, stored),
                details,
                ..self.next(now)
            }),
            ProductStatus::Draft => Ok(Self {
                details,
                ..self.next(now)
            }),
        }
    }

    /// Publishes a draft with its files, which uploads has confirmed. `None`: it is published already.
    ///
    /// # Errors
    /// When the product is archived.
    pub fn publish(
        &self,
        stored: &[ProductFile],
        now: OffsetDateTime,
    ) -> Result<Option<Self>, ProductRefusal> {
        match self.status {
            ProductStatus::Archived => Err(ProductRefusal::Archived),
            ProductStatus::Published => Ok(None),
            ProductStatus::Draft => Ok(Some(Self {
                status: ProductStatus::Published,
                published_files: in_order(&self.details.files, &[], stored),
                published_at: Some(now),
                ..self.next(now)
            })),
        }
    }

    /// Takes the product out of the shop for good. `None`: it is archived already.
    #[must_use]
    pub fn archive(&self, now: OffsetDateTime) -> Option<Self> {
        match self.status {
            ProductStatus::Archived => None,
            ProductStatus::Draft | ProductStatus::Published => Some(Self {
                status: ProductStatus::Archived,
                ..self.next(now)
            }),
        }
    }

    fn next(&self, now: OffsetDateTime) -> Self {
        Self {
            version: self.version + 1,
            updated_at: now,
            ..self.clone()
        }
    }
}

/// The facts about the files of `list`, in its order.
fn in_order(list: &FileList, known: &[ProductFile], stored: &[ProductFile]) -> Vec<ProductFile> {
    let facts = |id: &UploadId| {
        let mut all = known.iter().chain(stored);
        all.find(|file| file.upload == *id).cloned()
    };
    list.ids().iter().filter_map(facts).collect()
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;
    use crate::Currency;

    const NOW: OffsetDateTime = datetime!(2026-01-01 00:00:00 UTC);

    fn upload(n: u8) -> UploadId {
        UploadId::from_bytes([n; 16])
    }

    fn details(files: &[u8]) -> ProductDetails {
        let currency = Currency::parse("EUR").unwrap();
        ProductDetails {
            title: Title::parse("Tea").unwrap(),
            description: Description::default(),
            price: Money::price(500, currency).unwrap(),
            files: FileList::parse(files.iter().copied().map(upload).collect()).unwrap(),
        }
    }

    fn facts(files: &[u8]) -> Vec<ProductFile> {
        let fact = |n: &u8| ProductFile {
            upload: upload(*n),
            filename: Filename::parse("a.txt").unwrap(),
            size: u64::from(*n),
        };
        files.iter().map(fact).collect()
    }

    fn draft(files: &[u8]) -> Product {
        let (id, seller) = (ProductId::new(NOW), UserId::new(NOW));
        Product::draft(id, seller, details(files), NOW)
    }

    #[test]
    fn a_list_has_from_1_to_100_different_files() {
        let parse = |ids: Vec<u8>| FileList::parse(ids.into_iter().map(upload).collect());
        assert_eq!(parse(vec![]), Err(NO_FILES));
        assert_eq!(parse(vec![1, 2, 1]), Err(DUPLICATE_FILE));
        assert_eq!(parse((0..101).collect()), Err(TOO_MANY_FILES));
        assert_eq!(parse((0..100).collect()).unwrap().ids().len(), 100);
    }

    #[test]
    fn a_product_goes_from_draft_over_published_to_archived() {
        let draft = draft(&[2, 1]);
        assert!(!draft.is_public());
        let published = draft.publish(&facts(&[1, 2]), NOW).unwrap().unwrap();
        assert!(published.is_public());
        assert_eq!((published.version, published.published_at), (2, Some(NOW)));
        let order: Vec<_> = published.published_files.iter().map(|it| it.size).collect();
        assert_eq!(order, [2, 1], "the order of the seller");
        assert_eq!(published.publish(&facts(&[1, 2]), NOW), Ok(None));
        let archived = published.archive(NOW).unwrap();
        assert!(!archived.is_public() && archived.published_files.len() == 2);
        assert_eq!(archived.archive(NOW), None);
        assert_eq!(
            archived.publish(&facts(&[1]), NOW),
            Err(ProductRefusal::Archived)
        );
        assert_eq!(
            archived.update(details(&[1, 2]), &[], NOW),
            Err(ProductRefusal::Archived)
        );
        assert_eq!(draft.archive(NOW).unwrap().status, ProductStatus::Archived);
    }

    #[test]
    fn files_can_be_added_to_a_published_product_and_not_removed() {
        let published = draft(&[1, 2])
            .publish(&facts(&[1, 2]), NOW)
            .unwrap()
            .unwrap();
        let longer = details(&[3, 2, 1]);
        assert_eq!(published.unpublished_files(&longer), [upload(3)]);
        let updated = published.update(longer, &facts(&[3]), NOW).unwrap();
        let order: Vec<_> = updated.published_files.iter().map(|it| it.size).collect();
        assert_eq!(order, [3, 2, 1]);
        assert_eq!(
            published.update(details(&[1]), &[], NOW),
            Err(ProductRefusal::FileIsPublished)
        );
        let draft = draft(&[1, 2]).update(details(&[3]), &[], NOW).unwrap();
        assert_eq!((draft.version, draft.published_files.len()), (2, 0));
    }

    #[test]
    fn every_status_has_a_word() {
        for status in ProductStatus::ALL {
            assert_eq!(ProductStatus::parse(status.as_str()), Some(status));
        }
        assert_eq!(ProductStatus::parse("sold"), None);
    }
}

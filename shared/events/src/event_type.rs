use utoipa::{
    PartialSchema as _,
    openapi::{RefOr, Schema},
};

use crate::data::{EntitlementData, OrderData, ProductData, UploadData, UserData};

macro_rules! event_types {
    ($($(#[doc = $doc:literal])+ $variant:ident: $name:literal = $kind:ident($data:ty),)+) => {
        /// A type of event. The list is the only one: schemas, rules and documents derive from it or are checked against it.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EventType {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl EventType {
            /// All types.
            pub const ALL: [Self; [$($name),+].len()] = [$(Self::$variant),+];

            /// The name, such as `order.paid`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }

            /// What has happened.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$variant => concat!($($doc),+),)+
                }
            }

            /// What the data is about.
            pub(crate) const fn kind(self) -> Kind {
                match self {
                    $(Self::$variant => Kind::$kind,)+
                }
            }

            pub(crate) fn data_schema(self) -> RefOr<Schema> {
                match self {
                    $(Self::$variant => <$data>::schema(),)+
                }
            }
        }
    };
}

event_types! {
    /// A user has signed up.
    UserCreated: "user.created" = User(UserData),
    /// A user has shown that they receive mail at the address of their account.
    UserEmailVerified: "user.email_verified" = User(UserData),
    /// An administrator has disabled an account.
    UserDisabled: "user.disabled" = User(UserData),
    /// An administrator has enabled an account again.
    UserEnabled: "user.enabled" = User(UserData),
    /// An account was deleted. All services erase what they keep about its user.
    UserDeleted: "user.deleted" = User(UserData),
    /// S3 has received a file, or a deleted file was restored.
    UploadStored: "upload.stored" = Upload(UploadData),
    /// A file was deleted by its owner. It may be restored.
    UploadDeleted: "upload.deleted" = Upload(UploadData),
    /// A product is for sale.
    ProductPublished: "product.published" = Product(ProductData),
    /// A product that is for sale has changed.
    ProductUpdated: "product.updated" = Product(ProductData),
    /// A product is no longer for sale. Its buyers keep it.
    ProductArchived: "product.archived" = Product(ProductData),
    /// An order was placed. It waits for its payment.
    OrderCreated: "order.created" = Order(OrderData),
    /// An order is paid: the payment arrived, or a dispute of it was won.
    OrderPaid: "order.paid" = Order(OrderData),
    /// The payment of an order has failed.
    OrderFailed: "order.failed" = Order(OrderData),
    /// An order was not paid in time.
    OrderExpired: "order.expired" = Order(OrderData),
    /// The buyer has cancelled an order that was not paid.
    OrderCancelled: "order.cancelled" = Order(OrderData),
    /// An order was refunded in full.
    OrderRefunded: "order.refunded" = Order(OrderData),
    /// The buyer's bank disputes the payment of an order, or the dispute was lost.
    OrderDisputed: "order.disputed" = Order(OrderData),
    /// A user has a right to a product.
    EntitlementGranted: "entitlement.granted" = Entitlement(EntitlementData),
    /// A user no longer has a right to a product.
    EntitlementRevoked: "entitlement.revoked" = Entitlement(EntitlementData),
}

/// What the data of an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    User,
    Upload,
    Product,
    Order,
    Entitlement,
}

impl EventType {
    /// Parses a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

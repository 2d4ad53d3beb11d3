/// The unit of a metric in `CloudWatch`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// A number without a unit. `CloudWatch` assumes it, so the line does not name it.
    None,
    /// Bytes.
    Bytes,
    /// Milliseconds.
    Milliseconds,
}

impl Unit {
    /// Returns the name in the embedded metric format.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::None => None,
            Self::Bytes => Some("Bytes"),
            Self::Milliseconds => Some("Milliseconds"),
        }
    }
}

macro_rules! metrics {
    ($($(#[doc = $doc:literal])+ $name:ident: $unit:ident,)+) => {
        /// A metric in `CloudWatch`. It has no dimensions: `CloudWatch` bills each combination as a metric.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Metric {
            $($(#[doc = $doc])+ $name,)+
        }

        impl Metric {
            /// All metrics.
            pub const ALL: [Self; [$(stringify!($name)),+].len()] = [$(Self::$name),+];

            /// Returns its name in `CloudWatch`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)+
                }
            }

            /// Returns its unit in `CloudWatch`.
            #[must_use]
            pub const fn unit(self) -> Unit {
                match self {
                    $(Self::$name => Unit::$unit,)+
                }
            }

            /// Returns its description, which is also its line in docs/LOGGING.md.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$name => concat!($($doc),+),)+
                }
            }
        }
    };
}

metrics! {
    /// Milliseconds that the function worked on a request. The only metric of every request.
    Latency: None,
    /// Instances that were started.
    ColdStarts: None,
    /// Responses with a 5xx status except 501, and events that failed.
    ServerErrors: None,
    /// Accounts that were created by sign-up.
    SignUps: None,
    /// Sign-ins with the right password.
    SignIns: None,
    /// Sign-ins that were refused: unknown address, wrong password, disabled or locked account.
    SignInsRefused: None,
    /// Locks of an account after wrong passwords.
    AccountsLocked: None,
    /// Sessions that were ended because an old refresh token was sent again.
    TokenReplays: None,
    /// Uploads whose file arrived in S3 as announced.
    UploadsStored: None,
    /// Bytes of these files.
    BytesStored: Bytes,
    /// Read request units that the tables consumed.
    ReadUnits: None,
    /// Write request units that the tables consumed.
    WriteUnits: None,
    /// Milliseconds of password hashing.
    HashMilliseconds: Milliseconds,
    /// Repeated requests to AWS services.
    AwsRetries: None,
    /// Mails that SES accepted.
    MailsSent: None,
    /// Mails that SES refused permanently.
    MailsRefused: None,
    /// Mails that bounced permanently or that their recipients complained about.
    MailsBounced: None,
    /// Mails that were not sent because of `MailsPerDay`.
    MailLimitReached: None,
    /// Payments that do not fit their order: another amount, currency or mode.
    PaymentsMismatched: None,
    /// Endpoints of webhooks that were disabled because they failed for five days or are gone.
    WebhooksDisabled: None,
}

use std::collections::BTreeSet;

use time::{Duration, OffsetDateTime};

use super::{
    Announcement, ChargeChange, Counter, End, Reservation, Size, State, StoredFile, Transfer,
    Upload, state::Charge,
};
use crate::ProductId;

/// How long after its announcement an upload is due for the first time: its event arrives within seconds.
const FIRST_LOOK: Duration = Duration::minutes(5);
/// A pending upload is due less and less often, but at least this often.
const LONGEST_WAIT: Duration = Duration::hours(6);
/// One whose parts have no signed length is measured in every run of the reconciler, which are 15 minutes apart.
const LONGEST_UNMEASURED: Duration = Duration::minutes(10);

/// A request or an event of S3 that may change an upload.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Event {
    /// S3 has this as the current version of the object.
    Arrived(Object),
    /// The owner requests URLs of this many parts.
    PartsSigned(u32),
    /// S3 received this many bytes of parts whose size was not announced, and there is room for more.
    Reserved(Reservation),
    /// The parts to put together have this many bytes.
    Measured(Size),
    /// The owner deletes it. It can be restored until then.
    Deleted {
        /// When it is deleted for good.
        keep_until: OffsetDateTime,
    },
    /// The owner deletes it, and there is no room to keep it.
    DeletedForGood,
    /// The owner restores this version.
    Restored(String),
    /// The owner locks it.
    Locked(OffsetDateTime),
    /// The operator lifts the lock that ends then.
    LockLifted(OffsetDateTime),
    /// The file belongs to this product from now on.
    Sold(ProductId),
    /// The file no longer belongs to this product.
    Unsold(ProductId),
    /// The account of the owner is deleted, and with it everything that is kept about its user.
    Erased,
    /// S3 holds what the record requires, or has lost the file.
    Settled {
        /// Whether S3 has the version of the file.
        has_file: bool,
    },
    /// S3 has received more bytes of it than the quota has room for.
    QuotaExceeded,
    /// The upload is due, and S3 has nothing new.
    Due,
}

/// The current version of an object.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Object {
    /// Bytes.
    pub size: u64,
    /// The SHA-256 that S3 calculated over the whole object.
    pub sha256: Option<[u8; 32]>,
    /// S3's id of the version.
    pub version_id: String,
    /// When S3 had all of it.
    pub stored_at: OffsetDateTime,
}

/// How the bytes differ from their announcement.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mismatch {
    /// Their number is another.
    Size,
    /// Their digest is another, or S3 has calculated none.
    Checksum,
}

/// What an event does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The upload stays as it is: the event came again, or changes nothing.
    Unchanged,
    /// The record changes.
    Changed(Box<Transition>),
}

/// A change of the record. It is carried out in one transaction with the owner's counters, if the record still has the
/// revision that the change began with and the counters stay within their limits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    /// The revision that the record must have; 0 for a record that must not exist.
    pub from_revision: u64,
    /// The record afterwards.
    pub to: Upload,
    /// What it changes in the owner's counters.
    pub change: ChargeChange,
}

/// Why an event is not possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Refusal {
    /// The upload is not pending.
    NotPending,
    /// The upload has no file.
    NotStored,
    /// The file is locked until then.
    Locked(OffsetDateTime),
    /// The file belongs to a product.
    InUse,
    /// The file has another version, and only that one can be restored.
    NoSuchVersion,
    /// The received parts have to be measured before this many part URLs may be signed.
    NotMeasured,
}

impl Upload {
    /// The announcement of an upload.
    #[must_use]
    pub fn announce(announcement: Announcement, now: OffsetDateTime) -> Transition {
        let upload = Self {
            id: announcement.id,
            owner: announcement.owner,
            filename: announcement.filename,
            content_type: announcement.content_type,
            size: announcement.size,
            sha256: announcement.sha256,
            state: State::Pending,
            transfer: announcement.transfer,
            thumbnail: None,
            sold_in: BTreeSet::new(),
            is_erased: false,
            created_at: now,
            locked_until: None,
            deletions: 0,
            due_at: Some(whole_second(now + FIRST_LOOK)),
            revision: 1,
        };
        Transition {
            from_revision: 0,
            change: Charge::default().change_to(upload.charge()),
            to: upload,
        }
    }

    /// What an event does to the upload.
    ///
    /// # Errors
    /// When the event is not possible in this state.
    pub fn on(&self, event: &Event, now: OffsetDateTime) -> Result<Outcome, Refusal> {
        let next = match event {
            Event::Arrived(object) => self.arrived(object, now),
            Event::PartsSigned(count) => Some(self.parts_signed(*count)?),
            Event::Reserved(reservation) => Some(self.reserved(*reservation)?),
            Event::Measured(size) => self.measured(*size)?,
            Event::Deleted { keep_until } => self.deleted(*keep_until, now)?,
            Event::DeletedForGood => self.deleted_for_good(now)?,
            Event::Restored(version_id) => self.restored(version_id, now)?,
            Event::Locked(until) => Some(self.locked(*until)?),
            Event::LockLifted(until) => self.lock_lifted(*until, now)?,
            Event::Sold(product) => Some(self.sold(*product)?),
            Event::Unsold(product) => Some(self.unsold(*product)),
            Event::Erased => Some(self.erased(now)),
            Event::Settled { has_file } => self.settled(*has_file, now),
            Event::QuotaExceeded => self.given_up(now),
            Event::Due => self.due(now),
        };
        Ok(match next {
            Some(next) if next != *self => Outcome::Changed(Box::new(Transition {
                from_revision: self.revision,
                change: self.charge_change(&next),
                to: Self {
                    revision: self.revision + 1,
                    due_at: next.due_at.map(whole_second),
                    ..next
                },
            })),
            _ => Outcome::Unchanged,
        })
    }

    /// What a change means for the owner's counters: nothing for an erased upload. Its owner's counters are deleted with the last
    /// record, and thousands of uploads are erased at once without waiting for the one item that has the counters.
    fn charge_change(&self, next: &Self) -> ChargeChange {
        if next.is_erased {
            ChargeChange::default()
        } else {
            self.charge().change_to(next.charge())
        }
    }

    /// How an object differs from the announcement. S3 checks everything that is signed, so this happens only to parts whose size
    /// was not announced, or in a bucket that other programs write to.
    #[must_use]
    pub fn mismatch(&self, object: &Object) -> Option<Mismatch> {
        let announced = self.size.bytes();
        let right_size =
            if self.is_form() || matches!(self.transfer, Transfer::UnsizedMultipart { .. }) {
                // The reserved bytes are the most that it may have.
                object.size <= announced
            } else {
                object.size == announced
            };
        let digest = self.sha256.as_ref();
        let right_digest = digest.is_none_or(|digest| object.sha256 == Some(*digest.as_bytes()));
        match (right_size, right_digest) {
            (false, _) => Some(Mismatch::Size),
            (true, false) => Some(Mismatch::Checksum),
            (true, true) => None,
        }
    }

    fn arrived(&self, object: &Object, now: OffsetDateTime) -> Option<Self> {
        let size = Size::parse(object.size).ok();
        match (&self.state, size, self.mismatch(object)) {
            (State::Pending, Some(size), None) => Some(Self {
                size,
                // Also when it has expired already: it may have been sent twice, and both events may be lost.
                due_at: self.is_form().then(|| self.given_up_at()),
                ..self.with(State::Stored(StoredFile {
                    version_id: object.version_id.clone(),
                    stored_at: object.stored_at,
                }))
            }),
            (State::Pending, _, _) => self.given_up(now),
            // The first version that was seen is the file; what arrives later is surplus.
            _ => None,
        }
    }

    fn parts_signed(&self, count: u32) -> Result<Self, Refusal> {
        match (&self.state, &self.transfer) {
            (
                State::Pending,
                Transfer::UnsizedMultipart {
                    s3_id,
                    signings_left,
                },
            ) => {
                let signings_left = signings_left.checked_sub(count);
                Ok(Self {
                    transfer: Transfer::UnsizedMultipart {
                        s3_id: s3_id.clone(),
                        signings_left: signings_left.ok_or(Refusal::NotMeasured)?,
                    },
                    ..self.clone()
                })
            }
            (State::Pending, _) => Ok(self.clone()),
            _ => Err(Refusal::NotPending),
        }
    }

    fn reserved(&self, reservation: Reservation) -> Result<Self, Refusal> {
        match (&self.state, &self.transfer) {
            (State::Pending, Transfer::UnsizedMultipart { s3_id, .. }) => Ok(Self {
                size: reservation.size,
                transfer: Transfer::UnsizedMultipart {
                    s3_id: s3_id.clone(),
                    signings_left: reservation.signings,
                },
                ..self.clone()
            }),
            _ => Err(Refusal::NotPending),
        }
    }

    fn measured(&self, size: Size) -> Result<Option<Self>, Refusal> {
        match (&self.state, &self.transfer) {
            (State::Pending, Transfer::UnsizedMultipart { s3_id, .. }) => Ok(Some(Self {
                size,
                // Parts that are signed from now on have to be measured again.
                transfer: Transfer::UnsizedMultipart {
                    s3_id: s3_id.clone(),
                    signings_left: 0,
                },
                ..self.clone()
            })),
            (State::Pending, _) => Ok(None),
            _ => Err(Refusal::NotPending),
        }
    }

    fn deleted(
        &self,
        keep_until: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<Option<Self>, Refusal> {
        self.check_unlocked(now)?;
        self.check_unsold()?;
        match &self.state {
            _ if self.is_erased => self.deleted_for_good(now),
            State::Stored(file) => Ok(Some(self.kept(file, whole_second(keep_until), now))),
            State::Restoring { file, keep_until } => Ok(Some(self.kept(file, *keep_until, now))),
            State::Pending => self.deleted_for_good(now),
            State::Kept { .. } | State::Purging { .. } | State::Gone { .. } => Ok(None),
        }
    }

    fn kept(&self, file: &StoredFile, keep_until: OffsetDateTime, now: OffsetDateTime) -> Self {
        Self {
            deletions: self.deletions.saturating_add(1),
            locked_until: None,
            due_at: Some(now),
            ..self.with(State::Kept {
                file: file.clone(),
                keep_until,
                is_hidden: false,
            })
        }
    }

    fn deleted_for_good(&self, now: OffsetDateTime) -> Result<Option<Self>, Refusal> {
        self.check_unlocked(now)?;
        self.check_unsold()?;
        let counter = match self.state {
            State::Pending | State::Stored(_) | State::Restoring { .. } => Counter::Used,
            State::Kept { .. } => Counter::Kept,
            State::Purging { .. } | State::Gone { .. } => return Ok(None),
        };
        Ok(Some(Self {
            deletions: self.deletions.saturating_add(1),
            locked_until: None,
            ..self.purging(End::Deleted, counter, now)
        }))
    }

    fn restored(&self, version_id: &str, now: OffsetDateTime) -> Result<Option<Self>, Refusal> {
        let file = self.state.file().ok_or(Refusal::NotStored)?;
        if file.version_id != version_id {
            self.check_unlocked(now)?;
            return Err(Refusal::NoSuchVersion);
        }
        Ok(match &self.state {
            State::Kept { keep_until, .. } if now >= *keep_until => {
                return Err(Refusal::NoSuchVersion);
            }
            State::Kept { keep_until, .. } => Some(Self {
                due_at: Some(now),
                ..self.with(State::Restoring {
                    file: file.clone(),
                    keep_until: *keep_until,
                })
            }),
            _ => None,
        })
    }

    fn locked(&self, until: OffsetDateTime) -> Result<Self, Refusal> {
        match (&self.state, self.locked_until) {
            _ if self.is_erased => Err(Refusal::NotStored),
            (State::Stored(_), Some(longer)) if until < longer => Err(Refusal::Locked(longer)),
            (State::Stored(_), _) => Ok(Self {
                locked_until: Some(until),
                ..self.clone()
            }),
            _ => Err(Refusal::NotStored),
        }
    }

    /// Removes the lock, unless another one was set meanwhile.
    fn lock_lifted(
        &self,
        until: OffsetDateTime,
        now: OffsetDateTime,
    ) -> Result<Option<Self>, Refusal> {
        match self.locked_until {
            Some(other) if other != until => Err(Refusal::Locked(other)),
            Some(_) => Ok(Some(Self {
                locked_until: None,
                due_at: if self.is_erased {
                    Some(now)
                } else {
                    self.due_at
                },
                ..self.clone()
            })),
            None => Ok(None),
        }
    }

    fn sold(&self, product: ProductId) -> Result<Self, Refusal> {
        match self.state {
            State::Stored(_) if !self.is_erased => Ok(Self {
                sold_in: self.sold_in.iter().copied().chain([product]).collect(),
                ..self.clone()
            }),
            _ => Err(Refusal::NotStored),
        }
    }

    fn unsold(&self, product: ProductId) -> Self {
        let mut next = self.clone();
        next.sold_in.remove(&product);
        next
    }

    fn settled(&self, has_file: bool, now: OffsetDateTime) -> Option<Self> {
        let gone = |end, at| Self {
            due_at: self.may_receive_until(now),
            locked_until: None,
            ..self.with(State::Gone { end, at })
        };
        Some(match &self.state {
            State::Pending => return None,
            // S3 has lost it: it was deleted by another program.
            State::Stored(_) | State::Kept { .. } | State::Restoring { .. } if !has_file => Self {
                deletions: self.deletions.saturating_add(1),
                ..gone(End::Deleted, now)
            },
            // It is locked, and deleted when the lock ends.
            State::Stored(_) if self.is_erased => Self {
                due_at: Some(self.locked_until.unwrap_or(now)),
                ..self.clone()
            },
            State::Stored(_) => Self {
                due_at: self.surplus_until(now),
                ..self.clone()
            },
            // Once more, for a delete marker that was put late.
            State::Restoring { file, .. } => Self {
                due_at: Some(now + FIRST_LOOK),
                ..self.with(State::Stored(file.clone()))
            },
            State::Kept {
                file,
                keep_until,
                is_hidden,
            } => Self {
                // Once more, for a delete marker that a restoration removes late.
                due_at: Some(if !is_hidden && self.deletions > 1 {
                    now + FIRST_LOOK
                } else {
                    self.may_receive_until(now)
                        .map_or(*keep_until, |end| end.min(*keep_until))
                }),
                ..self.with(State::Kept {
                    file: file.clone(),
                    keep_until: *keep_until,
                    is_hidden: true,
                })
            },
            State::Purging { end, .. } => gone(*end, now),
            State::Gone { end, at } => gone(*end, *at),
        })
    }

    fn due(&self, now: OffsetDateTime) -> Option<Self> {
        match &self.state {
            State::Pending if now >= self.given_up_at() => self.given_up(now),
            State::Pending => {
                let longest = match self.transfer {
                    Transfer::UnsizedMultipart { .. } => LONGEST_UNMEASURED,
                    _ => LONGEST_WAIT,
                };
                // The waiting time doubles, but not beyond the time when the upload is given up.
                let waited = (now - self.created_at).clamp(FIRST_LOOK, longest);
                Some(Self {
                    due_at: Some((now + waited).min(self.given_up_at())),
                    ..self.clone()
                })
            }
            State::Kept { keep_until, .. } if now >= *keep_until => {
                Some(self.purging(End::Deleted, Counter::Kept, now))
            }
            State::Stored(_) if self.is_erased && !self.is_locked(now) => Some(self.erased(now)),
            _ => None,
        }
    }

    /// The upload without anything that can be read, restored or sold. What S3 has of it is deleted: now, or when the lock ends. In
    /// between, it counts as deleted.
    fn erased(&self, now: OffsetDateTime) -> Self {
        let erased = Self {
            is_erased: true,
            deletions: self.deletions.saturating_add(u32::from(!self.is_erased)),
            sold_in: BTreeSet::new(),
            ..self.clone()
        };
        let counter = match self.state {
            State::Purging { .. } | State::Gone { .. } => return erased,
            State::Stored(_) if self.is_locked(now) => {
                return Self {
                    due_at: self.locked_until,
                    ..erased
                };
            }
            State::Kept { .. } => Counter::Kept,
            State::Pending | State::Stored(_) | State::Restoring { .. } => Counter::Used,
        };
        Self {
            locked_until: None,
            ..erased.purging(End::Deleted, counter, now)
        }
    }

    fn given_up(&self, now: OffsetDateTime) -> Option<Self> {
        let is_pending = matches!(self.state, State::Pending);
        is_pending.then(|| self.purging(End::Failed, Counter::Used, now))
    }

    fn purging(&self, end: End, counter: Counter, now: OffsetDateTime) -> Self {
        Self {
            due_at: Some(now),
            ..self.with(State::Purging { end, counter })
        }
    }

    fn check_unlocked(&self, now: OffsetDateTime) -> Result<(), Refusal> {
        match self.locked_until {
            Some(until) if now < until => Err(Refusal::Locked(until)),
            _ => Ok(()),
        }
    }

    fn check_unsold(&self) -> Result<(), Refusal> {
        if self.sold_in.is_empty() {
            Ok(())
        } else {
            Err(Refusal::InUse)
        }
    }

    /// When other versions than the file cannot arrive any more, if they still can: by a form at any time, by a PUT while a
    /// delete marker was on top.
    fn surplus_until(&self, now: OffsetDateTime) -> Option<OffsetDateTime> {
        let was_open = match self.transfer {
            Transfer::Put => self.deletions > 0,
            Transfer::Form => true,
            Transfer::Multipart { .. } | Transfer::UnsizedMultipart { .. } => false,
        };
        let end = self.given_up_at();
        (was_open && now < end).then_some(end)
    }

    fn with(&self, state: State) -> Self {
        Self {
            state,
            ..self.clone()
        }
    }
}

/// The next whole second: these times are stored in seconds.
fn whole_second(time: OffsetDateTime) -> OffsetDateTime {
    let second = time.replace_nanosecond(0).unwrap_or(time);
    if second < time {
        second + Duration::SECOND
    } else {
        second
    }
}

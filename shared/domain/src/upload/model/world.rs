use std::collections::HashSet;

use time::{Duration, OffsetDateTime, macros::datetime};

use super::{
    requests::{Job, Step},
    s3::S3,
};
use crate::{
    UploadId, UserId,
    upload::{
        Announcement, ChargeChange, ContentType, Filename, Reservation, Size, State, Transfer,
        Upload, plan::MIN_S3_PART_BYTES,
    },
};

const START: OffsetDateTime = datetime!(2026-03-01 12:00:00 UTC);
/// When an upload is due for the first time; when URLs and forms have expired; when files that were deleted at the beginning are
/// no longer kept; when files that were deleted after that are no longer kept. In the last ones only due work happens.
const TIMES: [Duration; 6] = [
    Duration::ZERO,
    Duration::minutes(10),
    Duration::days(7),
    Duration::days(60),
    Duration::days(61),
    Duration::days(62),
];
const LAST_WALKED: usize = 4;
/// Between the second and the third of them.
pub(super) const LOCKED_UNTIL: OffsetDateTime = datetime!(2026-03-21 12:00:00 UTC);
const KEPT_FOR: Duration = Duration::days(30);
const FILE: u64 = 2;

/// How far a walk goes. All limits at once would be many millions of states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Bounds {
    pub transfer: Kind,
    pub uploads: usize,
    pub owners: Owners,
    /// Bytes that an owner may have in use, and as many kept.
    pub quota: u64,
    /// How often bytes are sent to S3.
    pub sends: u8,
    pub signs: u8,
    pub deletions: u8,
    pub restorations: u8,
    pub locks: u8,
    pub erasures: u8,
    pub kills: u8,
    pub lost_events: u8,
    /// Concurrent requests.
    pub at_once: usize,
    /// The last of the times at which the owner does something.
    pub last_active: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    Put,
    Form,
    Parts,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Owners {
    One,
    Two,
}

impl Bounds {
    pub fn put() -> Self {
        Self {
            transfer: Kind::Put,
            uploads: 1,
            owners: Owners::One,
            quota: FILE + 1,
            sends: 0,
            signs: 0,
            deletions: 0,
            restorations: 0,
            locks: 0,
            erasures: 0,
            kills: 0,
            lost_events: 0,
            at_once: 2,
            last_active: 2,
        }
    }

    pub fn form() -> Self {
        Self {
            transfer: Kind::Form,
            ..Self::put()
        }
    }

    pub fn parts() -> Self {
        Self {
            transfer: Kind::Parts,
            quota: 2 * MIN_S3_PART_BYTES,
            signs: 2,
            ..Self::put()
        }
    }
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub(super) struct Counters {
    used: u64,
    kept: u64,
    open: u64,
}

impl Counters {
    /// Changes the counters, unless one that rises would exceed the quota.
    pub fn add(&mut self, change: ChargeChange, quota: u64) -> bool {
        let add = |counter: u64, change: i128| {
            u64::try_from(i128::from(counter) + change).expect("a counter fell below zero")
        };
        let to = Self {
            used: add(self.used, change.used),
            kept: add(self.kept, change.kept),
            open: add(self.open, change.open),
        };
        if (change.used > 0 && to.used > quota) || (change.kept > 0 && to.kept > quota) {
            return false;
        }
        *self = to;
        true
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Slot {
    pub owner: usize,
    pub record: Option<Upload>,
    pub s3: S3,
    /// Versions whose event is not delivered yet.
    pub events: Vec<String>,
    /// Part URLs that were signed.
    pub urls: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Request {
    pub slot: usize,
    pub job: Job,
    pub step: Step,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct World {
    pub bounds: Bounds,
    time: usize,
    pub counters: [Counters; 2],
    pub slots: Vec<Slot>,
    pub requests: Vec<Request>,
    /// The owners whose accounts are deleted: they create nothing any more.
    pub erased: [bool; 2],
    /// Whether the last step deleted a version that belongs to no file.
    pub happened_surplus: bool,
}

type Next = Vec<(&'static str, World)>;

impl World {
    pub fn new(bounds: Bounds) -> Self {
        let slot = |index| Slot {
            owner: match bounds.owners {
                Owners::One => 0,
                Owners::Two => index,
            },
            record: None,
            s3: S3::default(),
            events: Vec::new(),
            urls: 0,
        };
        Self {
            bounds,
            time: 0,
            counters: [Counters::default(); 2],
            slots: (0..bounds.uploads).map(slot).collect(),
            requests: Vec::new(),
            erased: [false; 2],
            happened_surplus: false,
        }
    }

    pub fn now(&self) -> OffsetDateTime {
        START + TIMES[self.time]
    }

    pub fn keep_until(&self) -> OffsetDateTime {
        self.now() + KEPT_FOR
    }

    /// Bytes that the owner of an upload may still be charged with.
    pub fn room(&self, slot: usize) -> u64 {
        self.bounds.quota - self.counters[self.slots[slot].owner].used
    }

    /// All possible next steps, by name.
    pub fn next(&self) -> Next {
        let mut next = Vec::new();
        for slot in 0..self.slots.len() {
            self.people(slot, &mut next);
            self.events(slot, true, &mut next);
        }
        for index in 0..self.requests.len() {
            self.request(index, &mut next);
            if self.bounds.kills > 0 {
                let mut world = self.killed(index);
                world.bounds.kills -= 1;
                next.push(("a function is killed", world));
            }
        }
        if self.time < LAST_WALKED
            && let Some(world) = self.later()
        {
            next.push(("time passes", world));
        }
        for (what, world) in &mut next {
            if std::mem::take(&mut world.happened_surplus) {
                *what = "a surplus version is deleted";
            }
        }
        next
    }

    /// Time passes; by then every function has reached its deadline.
    fn later(&self) -> Option<World> {
        (self.time + 1 < TIMES.len()).then(|| {
            let mut world = self.clone();
            world.time += 1;
            world.requests.retain(|request| request.job == Job::Erase);
            for request in &mut world.requests {
                request.step = Step::Begin;
            }
            world
        })
    }

    /// Without a request whose function is killed. The message of a deleted account is delivered again.
    fn killed(&self, index: usize) -> World {
        if self.requests[index].job == Job::Erase {
            self.with(index, Step::Begin)
        } else {
            self.without(index)
        }
    }

    /// The steps of the owner.
    fn people(&self, slot: usize, next: &mut Next) {
        if self.time > self.bounds.last_active {
            return;
        }
        let Some(record) = &self.slots[slot].record else {
            if self.time == 0 && !self.erased[self.slots[slot].owner] {
                self.announce(slot, next);
            }
            return;
        };
        self.send(slot, record, next);
        if self.requests.len() >= self.bounds.at_once {
            return;
        }
        let is_asked = |job: &Job| {
            self.requests
                .iter()
                .any(|request| request.slot == slot && request.job == *job)
        };
        let mut ask = |what, job: Job, spend: &dyn Fn(&mut Bounds) -> Option<u8>| {
            let mut world = self.clone();
            if is_asked(&job) || spend(&mut world.bounds).is_none() {
                return;
            }
            world.requests.push(Request {
                slot,
                job,
                step: Step::Begin,
            });
            next.push((what, world));
        };
        ask("the owner deletes", Job::Delete, &|it| {
            one(&mut it.deletions)
        });
        ask("the owner restores", Job::Restore, &|it| {
            one(&mut it.restorations)
        });
        ask("the account is deleted", Job::Erase, &|it| {
            one(&mut it.erasures)
        });
        ask("the owner locks", Job::Lock, &|it| one(&mut it.locks));
        if self.bounds.transfer == Kind::Parts {
            ask("the owner signs", Job::Sign, &|it| one(&mut it.signs));
        }
        if matches!(record.state, State::Pending) {
            ask("the owner completes", Job::Complete, &|_| Some(0));
        }
    }

    fn announce(&self, slot: usize, next: &mut Next) {
        let s3_id = || "multipart".to_owned();
        let (transfer, size) = match self.bounds.transfer {
            Kind::Put => (Transfer::Put, Some(FILE)),
            Kind::Form => (Transfer::Form, Some(FILE)),
            Kind::Parts => {
                let reserved = Reservation::new(0, 1, self.room(slot));
                let signings_left = reserved.map_or(0, |it| it.signings);
                let transfer = Transfer::UnsizedMultipart {
                    s3_id: s3_id(),
                    signings_left,
                };
                (transfer, reserved.map(|it| it.size.bytes()))
            }
        };
        let Some(size) = size else {
            next.push(("there is no room", self.clone()));
            return;
        };
        let number = |owner: usize| u8::try_from(owner).expect("few");
        let announcement = Announcement {
            owner: UserId::from_bytes([number(self.slots[slot].owner); 16]),
            id: UploadId::from_bytes([number(slot); 16]),
            filename: Filename::stored("a".to_owned()),
            content_type: ContentType::unknown(),
            size: Size::parse(size).expect("it is small"),
            sha256: None,
            transfer,
        };
        match self.commit(slot, Upload::announce(announcement, self.now())) {
            Some(mut world) => {
                if self.bounds.transfer == Kind::Parts {
                    world.slots[slot].s3.parts = Some(0);
                }
                next.push(("is announced", world));
            }
            None => next.push(("there is no room", self.clone())),
        }
    }

    /// Bytes that are sent to S3 by a URL or a form, wanted or not.
    fn send(&self, slot: usize, record: &Upload, next: &mut Next) {
        if self.bounds.sends == 0 || self.now() >= record.given_up_at() {
            return;
        }
        let mut world = self.clone();
        world.bounds.sends -= 1;
        let Slot {
            s3, events, urls, ..
        } = &mut world.slots[slot];
        let what = match self.bounds.transfer {
            Kind::Put if s3.is_free() => {
                events.push(s3.put(FILE));
                "S3 takes a PUT"
            }
            Kind::Form => {
                // Of any size up to the one that is signed.
                events.push(s3.put(FILE - u64::from(self.bounds.sends % 2)));
                "S3 takes a form"
            }
            Kind::Parts if s3.parts.is_some() && *urls > 0 => {
                // Its length is not signed: the second one is far too large.
                let size = MIN_S3_PART_BYTES * if self.bounds.sends == 1 { 2 } else { 1 };
                s3.parts = s3.parts.map(|bytes| bytes + size);
                "S3 takes a part"
            }
            _ => return,
        };
        next.push((what, world));
    }

    /// The steps that S3 and the clock start. Events may get lost, and may be repeated. A repeated deletion changes nothing, so
    /// one event that is delivered while its version exists is enough.
    fn events(&self, slot: usize, may_lose: bool, next: &mut Next) {
        let Slot { events, record, .. } = &self.slots[slot];
        if self.requests.len() < self.bounds.at_once.max(1) {
            for (at, version) in events.iter().enumerate() {
                let mut world = self.clone();
                world.slots[slot].events.remove(at);
                if may_lose && self.bounds.lost_events > 0 {
                    let mut lost = world.clone();
                    lost.bounds.lost_events -= 1;
                    next.push(("an event is lost", lost));
                }
                world.requests.push(Request {
                    slot,
                    job: Job::Tell(version.clone()),
                    step: Step::Begin,
                });
                next.push(("an event is delivered", world));
            }
            let due_at = record.as_ref().and_then(|record| record.due_at);
            let is_running = self
                .requests
                .iter()
                .any(|request| request.slot == slot && request.job == Job::Reconcile);
            if due_at.is_some_and(|due_at| due_at <= self.now()) && !is_running {
                let mut world = self.clone();
                world.requests.push(Request {
                    slot,
                    job: Job::Reconcile,
                    step: Step::Begin,
                });
                next.push(("the reconciler runs", world));
            }
        }
    }

    pub fn with(&self, index: usize, step: Step) -> Self {
        let mut world = self.clone();
        world.requests[index].step = step;
        world
    }

    pub fn without(&self, index: usize) -> Self {
        let mut world = self.clone();
        world.requests.remove(index);
        world
    }

    /// What must hold in every state.
    pub fn check(&self) {
        let mut sums = [Counters::default(); 2];
        for Slot {
            owner, record, s3, ..
        } in &self.slots
        {
            let Some(record) = record else {
                assert!(s3.is_empty(), "stored without a record: {self:#?}");
                continue;
            };
            let charge = record.charge();
            sums[*owner].used += charge.used;
            sums[*owner].kept += charge.kept;
            sums[*owner].open += charge.open;
            if let Some(file) = record.state.file() {
                assert!(
                    s3.list().has(&file.version_id),
                    "the file is lost: {self:#?}"
                );
            }
            let wanted = record.desired_contents();
            let is_at_rest = record.due_at.is_none();
            if is_at_rest
                && self.requests.is_empty()
                && self.slots.iter().all(|it| it.events.is_empty())
            {
                let plan = s3.list().plan(&wanted.expect("a pending upload is due"));
                // A delete marker that was put late, on nothing, has no bytes; the bucket's lifecycle removes it.
                let is_done = plan.actions.is_empty() || s3.is_empty();
                assert!(is_done, "at rest with {plan:?}: {self:#?}");
            }
        }
        for (owner, (sum, counters)) in sums.iter().zip(self.counters).enumerate() {
            // The counters go with the last record.
            if self.erased[owner] {
                continue;
            }
            assert_eq!(*sum, counters, "{self:#?}");
            assert!(
                sum.used <= self.bounds.quota && sum.kept <= self.bounds.quota,
                "{self:#?}"
            );
        }
    }

    /// Checks that S3 holds what is charged, for every owner, and nothing else, once all functions have ended, all events have
    /// arrived and all due uploads are reconciled.
    pub fn check_settles(&self, seen: &mut HashSet<World>) {
        let mut world = self.clone();
        world.bounds = Bounds {
            kills: 0,
            lost_events: 0,
            ..self.bounds
        };
        loop {
            if !seen.insert(world.clone()) {
                return;
            }
            world.check();
            match world.calm() {
                Some(next) => world = next,
                None => break,
            }
        }
        for Slot {
            owner, record, s3, ..
        } in &world.slots
        {
            let Some(record) = record else { continue };
            assert!(!world.erased[*owner], "a record is left: {world:#?}");
            assert_eq!(record.due_at, None, "{world:#?}");
            match &record.state {
                State::Stored(file) => {
                    assert_eq!(
                        s3.only(),
                        Some((file.version_id.as_str(), false)),
                        "{world:#?}"
                    );
                    assert_eq!(s3.bytes(), record.charge().used, "{world:#?}");
                }
                State::Gone { .. } => assert!(s3.is_empty(), "{world:#?}"),
                _ => panic!("does not come to rest: {world:#?}"),
            }
            assert_eq!(world.counters[*owner].open, 0, "{world:#?}");
            assert_eq!(world.counters[*owner].kept, 0, "{world:#?}");
        }
    }

    /// One step without owners, kills and lost events; time passes when there is nothing else to do.
    fn calm(&self) -> Option<World> {
        let mut next = Vec::new();
        if self.requests.is_empty() {
            for slot in 0..self.slots.len() {
                self.events(slot, false, &mut next);
            }
        } else {
            self.request(0, &mut next);
        }
        let mut world = match next.into_iter().next() {
            Some((_, world)) => world,
            None => self.later()?,
        };
        world.happened_surplus = false;
        Some(world)
    }
}

/// Uses one of the remaining ones.
fn one(left: &mut u8) -> Option<u8> {
    *left = left.checked_sub(1)?;
    Some(*left)
}

use super::world::{LOCKED_UNTIL, Request, Slot, World};
use crate::upload::{
    Action, Event, Object, Outcome, Reservation, State, Transfer, Transition, Upload,
};

/// The purpose of a request.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Job {
    /// The owner requests a part URL.
    Sign,
    /// The owner completes the upload.
    Complete,
    Delete,
    Restore,
    Lock,
    /// The account of the owner is deleted.
    Erase,
    /// S3's event names this version.
    Tell(String),
    /// The reconciler reconciles a due upload.
    Reconcile,
}

/// The next step of a request.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) enum Step {
    Begin,
    /// Reads the record.
    Read,
    /// Asks S3 for the current version.
    Head(Upload),
    Arrive(Upload, Object),
    List(Upload),
    Act(Upload, Vec<Action>, bool, bool),
    Settle(Upload, bool),
}

type Next = Vec<(&'static str, World)>;

impl World {
    /// The next step of a request, as the function takes it.
    pub(super) fn request(&self, index: usize, next: &mut Next) {
        let Request { slot, job, step } = self.requests[index].clone();
        let record = self.slots[slot].record.clone();
        match step {
            Step::Begin if job == Job::Erase => {
                let mut world = self.with(index, Step::Read);
                world.erased[world.slots[slot].owner] = true;
                next.push(("creations are refused", world));
            }
            Step::Read if job == Job::Erase => self.erase(index, slot, record, next),
            Step::Begin => self.begin(index, slot, &job, record, next),
            Step::Read => self.read(index, &job, record, next),
            Step::Head(read) => match self.slots[slot].s3.head(self.now()) {
                Some(object) => {
                    next.push(("S3 has it", self.with(index, Step::Arrive(read, object))));
                }
                None if job == Job::Reconcile => self.look(index, slot, &read, next),
                None => next.push(("S3 has nothing", self.surplus(index))),
            },
            Step::Arrive(read, object) => match self.apply(slot, &read, &Event::Arrived(object)) {
                Applied::Done(world) => next.push(("arrives", world.with(index, Step::Read))),
                Applied::Unchanged => next.push(("arrives again", self.surplus(index))),
                Applied::Conflict => next.push(("meets a conflict", self.with(index, Step::Read))),
                Applied::NoRoom => panic!("arriving takes no room: {self:#?}"),
            },
            Step::List(read) => {
                let Slot { s3, .. } = &self.slots[slot];
                let (wanted, contents) =
                    (read.desired_contents().expect("it is settled"), s3.list());
                let plan = contents.plan(&wanted);
                let has_file = wanted
                    .version()
                    .is_some_and(|version| contents.has(version));
                let mut world = self.clone();
                if matches!(read.state, State::Purging { .. } | State::Gone { .. }) {
                    world.slots[slot].s3.parts = None;
                }
                let step = Step::Act(read, plan.actions, plan.is_complete, has_file);
                next.push(("S3 lists versions", world.with(index, step)));
            }
            Step::Act(read, mut actions, is_complete, has_file) => {
                if actions.is_empty() {
                    let step = if is_complete {
                        Step::Settle(read, has_file)
                    } else {
                        Step::List(read)
                    };
                    next.push(("S3 is done", self.with(index, step)));
                } else {
                    let action = actions.remove(0);
                    let mut world = self.clone();
                    world.slots[slot].s3.act(&action);
                    let step = Step::Act(read, actions, is_complete, has_file);
                    next.push(("S3 acts", world.with(index, step)));
                }
            }
            Step::Settle(read, has_file) => {
                match self.apply(slot, &read, &Event::Settled { has_file }) {
                    Applied::Done(world) => next.push(("is settled", world.surplus(index))),
                    Applied::Unchanged => next.push(("was settled", self.surplus(index))),
                    Applied::Conflict => {
                        next.push(("meets a conflict", self.with(index, Step::Read)));
                    }
                    Applied::NoRoom => panic!("settling takes no room: {self:#?}"),
                }
            }
        }
    }

    fn begin(&self, index: usize, slot: usize, job: &Job, record: Option<Upload>, next: &mut Next) {
        let Some(record) = record else {
            next.push(("is not there", self.without(index)));
            return;
        };
        let event = match job {
            Job::Sign => {
                self.sign(index, slot, &record, next);
                return;
            }
            Job::Complete => {
                self.put_together(index, slot, &record, next);
                return;
            }
            // It has steps of its own.
            Job::Erase => return,
            Job::Tell(_) => {
                next.push(("an event names it", self.with(index, Step::Read)));
                return;
            }
            Job::Delete => Event::Deleted {
                keep_until: self.keep_until(),
            },
            Job::Restore => match record.state.file() {
                Some(file) => Event::Restored(file.version_id.clone()),
                None => Event::Restored("v1".to_owned()),
            },
            Job::Lock => Event::Locked(LOCKED_UNTIL),
            // S3 is asked first: nothing that arrived is given up.
            Job::Reconcile if matches!(record.state, State::Pending) => {
                next.push(("is reconciled", self.with(index, Step::Head(record))));
                return;
            }
            Job::Reconcile => Event::Due,
        };
        let (what, then) = match job {
            Job::Delete => ("is deleted", Step::Read),
            Job::Restore => ("is restored", Step::Read),
            Job::Reconcile => ("is reconciled", Step::Read),
            _ => ("is locked", Step::Read),
        };
        match self.apply(slot, &record, &event) {
            Applied::Done(world) if *job == Job::Lock => next.push((what, world.without(index))),
            Applied::Done(world) => next.push((what, world.with(index, then))),
            Applied::Unchanged => next.push(("is unchanged", self.with(index, Step::Read))),
            Applied::NoRoom if *job == Job::Delete => {
                match self.apply(slot, &record, &Event::DeletedForGood) {
                    Applied::Done(world) => {
                        next.push(("is deleted for good", world.with(index, Step::Read)));
                    }
                    _ => panic!("it can always be deleted for good: {self:#?}"),
                }
            }
            Applied::NoRoom => next.push(("there is no room", self.without(index))),
            // Refused.
            Applied::Conflict => next.push(("is refused", self.without(index))),
        }
    }

    /// Erases one record, as the consumer of `user.deleted` does after it has marked the owner. S3 is left to the reconciler.
    fn erase(&self, index: usize, slot: usize, record: Option<Upload>, next: &mut Next) {
        let Some(record) = record else {
            next.push(("is not there", self.without(index)));
            return;
        };
        match self.apply(slot, &record, &Event::Erased) {
            Applied::Done(world) if world.slots[slot].record.is_none() => {
                next.push(("its record is deleted", world.without(index)));
            }
            Applied::Done(world) => next.push(("is erased", world.without(index))),
            Applied::Unchanged => next.push(("was erased", self.without(index))),
            Applied::Conflict | Applied::NoRoom => panic!("it can always be erased: {self:#?}"),
        }
    }

    /// The reconciler, for a pending upload of which S3 has no object: measures parts, then postpones or gives up.
    fn look(&self, index: usize, slot: usize, record: &Upload, next: &mut Next) {
        let received = self.slots[slot].s3.parts.unwrap_or_default();
        let budget = record.size.bytes() + self.room(slot);
        let event = if received <= record.size.bytes() {
            Event::Due
        } else if let Some(reservation) = Reservation::new(received, 1, budget) {
            Event::Reserved(reservation)
        } else if received <= budget {
            Event::Measured(crate::upload::Size::parse(received).expect("S3 holds it"))
        } else {
            Event::QuotaExceeded
        };
        match self.apply(slot, record, &event) {
            Applied::Done(world) if matches!(event, Event::Reserved(_) | Event::Measured(_)) => {
                next.push(("parts are measured", world.with(index, Step::Begin)));
            }
            Applied::Done(world) => next.push(("is reconciled", world.with(index, Step::Read))),
            Applied::Unchanged => next.push(("is unchanged", self.without(index))),
            Applied::Conflict => next.push(("meets a conflict", self.with(index, Step::Begin))),
            Applied::NoRoom => panic!("there was room: {self:#?}"),
        }
    }

    /// Signs the URL of one part, after S3 was asked if that is due.
    fn sign(&self, index: usize, slot: usize, record: &Upload, next: &mut Next) {
        match self.apply(slot, record, &Event::PartsSigned(1)) {
            Applied::Done(mut world) => {
                world.slots[slot].urls += 1;
                next.push(("a part is signed", world.without(index)));
                return;
            }
            Applied::Unchanged => {
                next.push(("is unchanged", self.without(index)));
                return;
            }
            _ => {}
        }
        let Some(received) = self.slots[slot].s3.parts else {
            next.push(("is refused", self.without(index)));
            return;
        };
        let budget = record.size.bytes() + self.room(slot);
        match Reservation::new(received, 1, budget) {
            Some(reservation) => match self.apply(slot, record, &Event::Reserved(reservation)) {
                Applied::Done(world) => {
                    next.push(("parts are measured", world.with(index, Step::Begin)));
                }
                Applied::Unchanged => next.push(("is unchanged", self.without(index))),
                _ => next.push(("is refused", self.without(index))),
            },
            None if received > budget => self.overdrawn(index, slot, record, next),
            None => next.push(("there is no room", self.without(index))),
        }
    }

    fn overdrawn(&self, index: usize, slot: usize, record: &Upload, next: &mut Next) {
        match self.apply(slot, record, &Event::QuotaExceeded) {
            Applied::Done(world) => {
                next.push(("has too many bytes", world.with(index, Step::Read)));
            }
            _ => next.push(("is refused", self.without(index))),
        }
    }

    /// The completion of a multipart upload: measures, then has S3 make one object of the parts.
    fn put_together(&self, index: usize, slot: usize, record: &Upload, next: &mut Next) {
        let parts = self.slots[slot].s3.parts.filter(|bytes| *bytes > 0);
        let (State::Pending, Transfer::UnsizedMultipart { .. }, Some(bytes)) =
            (&record.state, &record.transfer, parts)
        else {
            next.push(("is completed", self.with(index, Step::Read)));
            return;
        };
        let size = crate::upload::Size::parse(bytes).expect("S3 holds it");
        if record.size == size {
            let mut world = self.clone();
            world.slots[slot].s3.parts = None;
            let id = world.slots[slot].s3.put(bytes);
            world.slots[slot].events.push(id);
            next.push(("parts are put together", world.with(index, Step::Read)));
            return;
        }
        match self.apply(slot, record, &Event::Measured(size)) {
            Applied::Done(world) => {
                next.push(("parts are measured", world.with(index, Step::Begin)));
            }
            Applied::NoRoom => self.overdrawn(index, slot, record, next),
            _ => next.push(("is refused", self.without(index))),
        }
    }

    fn read(&self, index: usize, job: &Job, record: Option<Upload>, next: &mut Next) {
        let Some(record) = record else {
            next.push(("is not there", self.without(index)));
            return;
        };
        match (&record.state, job) {
            (State::Pending, Job::Reconcile) => next.push(("waits", self.without(index))),
            (State::Pending, _) => next.push(("reads", self.with(index, Step::Head(record)))),
            // The caller of these waits for S3; the others leave it to the reconciler.
            (
                State::Purging { .. }
                | State::Restoring { .. }
                | State::Kept {
                    is_hidden: false, ..
                },
                _,
            )
            | (_, Job::Reconcile) => next.push(("reads", self.with(index, Step::List(record)))),
            _ => next.push(("reads", self.surplus(index))),
        }
    }

    /// The end of a request. An event deletes the version that it names if it is not the file.
    fn surplus(&self, index: usize) -> World {
        let Request { slot, job, .. } = &self.requests[index];
        let mut world = self.without(index);
        let Slot { record, .. } = &self.slots[*slot];
        if let (Job::Tell(version), Some(record)) = (job, record)
            && record.is_surplus(version)
        {
            world.slots[*slot].s3.act(&Action::Delete(version.clone()));
            world.happened_surplus = true;
        }
        world
    }

    fn apply(&self, slot: usize, read: &Upload, event: &Event) -> Applied {
        match read.on(event, self.now()) {
            Err(_) => Applied::Conflict,
            Ok(Outcome::Unchanged) => Applied::Unchanged,
            Ok(Outcome::Changed(transition)) => {
                let now = self.slots[slot].record.as_ref();
                if now.map(|now| now.revision) != Some(transition.from_revision) {
                    return Applied::Conflict;
                }
                match self.commit(slot, *transition) {
                    Some(world) => Applied::Done(world),
                    None => Applied::NoRoom,
                }
            }
        }
    }

    /// The transaction: the record and its owner's counters, within their limits.
    pub(super) fn commit(&self, slot: usize, transition: Transition) -> Option<World> {
        let mut world = self.clone();
        let counters = &mut world.counters[self.slots[slot].owner];
        if !counters.add(transition.change, self.bounds.quota) {
            return None;
        }
        let is_finished = transition.to.is_finished();
        world.slots[slot].record = (!is_finished).then_some(transition.to);
        Some(world)
    }
}

enum Applied {
    Done(World),
    Unchanged,
    Conflict,
    NoRoom,
}

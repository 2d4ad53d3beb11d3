use super::{Actor, Request, Step, World};
use crate::session::{Family, Verdict};

impl World {
    /// The next step of a request, as the handler takes it.
    pub(super) fn request(&self, index: usize, next: &mut Vec<(&'static str, World)>) {
        let mut request = self.requests[index].clone();
        match request.step {
            Step::ReadFamily => match self.family {
                Some(family) => {
                    request.step = Step::ReadAccount(family);
                    next.push(("reads the family", self.with(index, request)));
                }
                None => self.refused(index, next),
            },
            Step::ReadAccount(family) => match request.presented.judge(&family, self.epoch) {
                Verdict::Rotate => {
                    request.step = Step::Rotate(family);
                    next.push(("is the newest", self.with(index, request)));
                }
                Verdict::Reissue => self.granted(index, self.family, next),
                Verdict::Replayed => {
                    self.check_may_be_refused(&request);
                    request.step = Step::End;
                    next.push(("is a replay", self.with(index, request)));
                }
                Verdict::ReadAgain => {
                    request.step = Step::ReadFamily;
                    next.push(("has to read again", self.with(index, request)));
                }
                Verdict::Expired | Verdict::Ended => self.refused(index, next),
                Verdict::NeverIssued => panic!("a token that was never issued: {self:#?}"),
            },
            Step::Rotate(read) => {
                let holds =
                    |it: &Family| it.generation == read.generation && it.epoch == read.epoch;
                if let Some(family) = self.family.filter(holds) {
                    let rotated = Some(family.rotated(self.now));
                    self.granted(index, rotated, next);
                    // The reply of the table is lost, and the SDK tries again.
                    let mut world = self.clone();
                    world.family = rotated;
                    next.push(("rotates, but the reply is lost", world));
                } else {
                    request.step = Step::ReadFamily;
                    next.push(("meets a conflict", self.with(index, request)));
                }
            }
            Step::End => {
                let mut world = self.clone();
                world.family = None;
                world.end();
                world.refused(index, next);
            }
        }
    }

    fn with(&self, index: usize, request: Request) -> Self {
        let mut world = self.clone();
        world.requests[index] = request;
        world
    }

    fn granted(&self, index: usize, family: Option<Family>, next: &mut Vec<(&'static str, World)>) {
        let mut world = self.clone();
        world.family = family;
        let Request {
            actor,
            generation,
            came_late,
            ..
        } = world.requests.remove(index);
        assert!(!came_late, "granted after the end: {self:#?}");
        next.push(("is granted, but the response is lost", world.clone()));
        match actor {
            Actor::Owner => world.owner_has = world.owner_has.max(generation + 1),
            Actor::Thief => world.thief_has = Some(generation + 1),
        }
        next.push(("is granted", world));
    }

    fn refused(&self, index: usize, next: &mut Vec<(&'static str, World)>) {
        let mut world = self.clone();
        let request = world.requests.remove(index);
        self.check_may_be_refused(&request);
        next.push(("is refused", world));
    }

    /// No owner is refused, and no session is ended, without a reason.
    fn check_may_be_refused(&self, request: &Request) {
        assert!(
            request.actor == Actor::Thief || self.may_be_refused,
            "the owner is refused: {self:#?}"
        );
    }
}

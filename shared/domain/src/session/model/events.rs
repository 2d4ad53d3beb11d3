use super::{Actor, DEADLINE, LAST_TICK, Request, START, Step, TICK, World};
use crate::session::Presentation;

impl World {
    /// The steps of the owner, of a thief, and of the clock.
    pub(super) fn actors(&self, next: &mut Vec<(&'static str, World)>) {
        let mut can = |what, change: &dyn Fn(&mut World)| {
            let mut world = self.clone();
            change(&mut world);
            next.push((what, world));
        };
        if self.now < START + TICK * LAST_TICK {
            can("time passes", &|world| {
                world.now += TICK;
                let now = world.now;
                let is_in_time = |request: &Request| now - request.presented.at <= DEADLINE;
                world.requests.retain(is_in_time);
                if world.now == START + TICK * LAST_TICK {
                    world.end();
                }
            });
        }
        let of = |actor| {
            self.requests
                .iter()
                .filter(move |request| request.actor == actor)
        };
        // A client that has given up on a request may send the same token again. It uses the successor when it has no open
        // request any more, usually a quarter of an hour later.
        let is_sent = of(Actor::Owner).any(|request| request.generation != self.owner_has);
        let most = if self.ended { 1 } else { self.bounds.at_once };
        if of(Actor::Owner).count() < most && !is_sent && self.owner_has < self.bounds.generations {
            can("the owner refreshes", &|world| {
                world.send(Actor::Owner, self.owner_has);
            });
        }
        match self.thief_has {
            None if self.bounds.thefts > 0 => can("the owner's token is stolen", &|world| {
                world.thief_has = Some(self.owner_has);
            }),
            Some(generation)
                if of(Actor::Thief).count() == 0
                    && self.bounds.thefts > 0
                    && generation < self.bounds.generations =>
            {
                can("the thief refreshes", &|world| {
                    world.bounds.thefts -= 1;
                    world.may_be_refused = true;
                    world.send(Actor::Thief, generation);
                });
            }
            _ => {}
        }
        if self.family.is_some() {
            can("the session is signed out", &|world| {
                world.family = None;
                world.end();
            });
        }
    }

    fn send(&mut self, actor: Actor, generation: u32) {
        let presented = Presentation::new(generation, self.now);
        if let Some(family) = self.family
            && family.generation != generation
            && !self.is_in_time(&family)
        {
            // The retry came too late.
            self.may_be_refused = true;
        }
        self.requests.push(Request {
            actor,
            generation,
            presented,
            step: Step::ReadFamily,
            came_late: self.ended,
        });
    }

    /// The changes of the account. Each is one transaction, conditional on the epoch that was read before, and is tried again
    /// after a conflict, so here it is one step.
    pub(super) fn account(&self, next: &mut Vec<(&'static str, World)>) {
        let Some(epoch) = self.epoch.filter(|_| !self.ended) else {
            return;
        };
        let mut can = |what, change: &dyn Fn(&mut World)| {
            let mut world = self.clone();
            change(&mut world);
            next.push((what, world));
        };
        can("the account is deleted", &|world| {
            world.epoch = None;
            world.end();
        });
        can("all sessions are ended", &|world| {
            world.epoch = Some(epoch + 1);
            world.end();
        });
        if self.bounds.new_passwords > 0 {
            can("the password is changed in this session", &|world| {
                world.bounds.new_passwords -= 1;
                world.epoch = Some(epoch + 1);
                let own = world.family.as_mut().filter(|own| own.epoch == epoch);
                if let Some(own) = own {
                    own.epoch = epoch + 1;
                }
            });
        }
    }
}

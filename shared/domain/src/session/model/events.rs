use super::{DEADLINE, LAST_TICK, Request, START, Step, TICK, Who, World};
use crate::session::Presentation;

impl World {
    /// What people do, and what time does.
    pub(super) fn people(&self, next: &mut Vec<(&'static str, World)>) {
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
        let of = |who| {
            self.requests
                .iter()
                .filter(move |request| request.who == who)
        };
        // Who has given up on a request may ask again with the same token; its successor is used when no request of
        // one's own is on its way any more, a quarter of an hour later as a rule.
        let is_sent = of(Who::Owner).any(|request| request.generation != self.owner_has);
        let most = if self.ended { 1 } else { self.bounds.at_once };
        if of(Who::Owner).count() < most && !is_sent && self.owner_has < self.bounds.generations {
            can("the owner refreshes", &|world| {
                world.send(Who::Owner, self.owner_has);
            });
        }
        match self.thief_has {
            None if self.bounds.thefts > 0 => can("the owner's token is stolen", &|world| {
                world.thief_has = Some(self.owner_has);
            }),
            Some(generation)
                if of(Who::Thief).count() == 0
                    && self.bounds.thefts > 0
                    && generation < self.bounds.generations =>
            {
                can("the thief refreshes", &|world| {
                    world.bounds.thefts -= 1;
                    world.excused = true;
                    world.send(Who::Thief, generation);
                });
            }
            _ => {}
        }
        if self.family.is_some() {
            can("somebody signs out", &|world| {
                world.family = None;
                world.end();
            });
        }
    }

    fn send(&mut self, who: Who, generation: u32) {
        let presented = Presentation::new(generation, self.now);
        if let Some(family) = self.family
            && family.generation != generation
            && !self.is_in_time(&family)
        {
            // Asked again too late.
            self.excused = true;
        }
        self.requests.push(Request {
            who,
            generation,
            presented,
            step: Step::ReadFamily,
            came_late: self.ended,
        });
    }

    /// What happens to the account. Each is one transaction, conditional on the epoch that was read before: whoever is
    /// overtaken reads again, so here it is one step.
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

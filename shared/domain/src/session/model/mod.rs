//! A walk through all states that refreshes, lost replies, replays, sign-outs, password changes and the clock can lead to in any
//! order, within bounds that include all kinds of races. It checks the invariants in every state.
//!
//! Verdicts and rotations are those of the handler. The tables are modelled by what a conditional write guarantees: it happens
//! completely, and only if its condition holds at that moment.

mod events;
mod request;

use std::collections::{BTreeSet, HashSet};

use time::{Duration, OffsetDateTime, macros::datetime};

use super::{Family, Presentation, Verdict};

const START: OffsetDateTime = datetime!(2026-03-01 12:00:00 UTC);
/// Two of these are longer than [`super::GRACE`], one is not.
const TICK: Duration = Duration::seconds(6);
const LAST_TICK: i32 = 3;
/// The deadline of a function is before its second tick.
const DEADLINE: Duration = Duration::milliseconds(9_500);

/// How far a walk goes. All limits at once would be many millions of states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
struct Bounds {
    /// The last token that is presented.
    generations: u32,
    /// The owner's concurrent requests.
    at_once: usize,
    /// How often a thief presents a token.
    thefts: u8,
    new_passwords: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Actor {
    Owner,
    Thief,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum Step {
    ReadFamily,
    ReadAccount(Family),
    Rotate(Family),
    End,
}

/// A refresh that a function is processing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Request {
    actor: Actor,
    generation: u32,
    presented: Presentation,
    step: Step,
    /// It came after all tokens had become invalid.
    came_late: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct World {
    bounds: Bounds,
    now: OffsetDateTime,
    // The tables.
    family: Option<Family>,
    epoch: Option<u64>,
    // The actors.
    owner_has: u32,
    thief_has: Option<u32>,
    requests: Vec<Request>,
    /// Something was done after which no token may be valid.
    ended: bool,
    /// The owner may be refused from now on.
    may_be_refused: bool,
}

impl World {
    fn new(bounds: Bounds) -> Self {
        Self {
            bounds,
            now: START,
            family: Some(Family::begun(1, START + TICK * LAST_TICK)),
            epoch: Some(1),
            owner_has: 0,
            thief_has: None,
            requests: Vec::new(),
            ended: false,
            may_be_refused: false,
        }
    }

    fn end(&mut self) {
        self.ended = true;
        self.may_be_refused = true;
    }

    /// All that can happen next, by name.
    fn next(&self) -> Vec<(&'static str, World)> {
        let mut next = Vec::new();
        self.actors(&mut next);
        self.account(&mut next);
        for index in 0..self.requests.len() {
            self.request(index, &mut next);
        }
        for (_, world) in &mut next {
            // The order of the requests in the list makes no difference.
            let key = |request: &Request| (request.actor, request.generation, request.presented.at);
            world.requests.sort_by_key(key);
        }
        next
    }

    /// Ten seconds, by another calculation than the tested one.
    fn is_in_time(&self, family: &Family) -> bool {
        let end = family.rotated_at.map(|at| at + Duration::seconds(10));
        end.is_some_and(|end| self.now <= end)
    }

    /// Whether a token would be accepted if it were presented now, and nothing else happened.
    fn is_valid(&self, generation: u32) -> bool {
        let Some(family) = self.family else {
            return false;
        };
        let mut presented = Presentation::new(generation, self.now);
        let mut verdict = presented.judge(&family, self.epoch);
        if verdict == Verdict::ReadAgain {
            verdict = presented.judge(&family, self.epoch);
        }
        matches!(verdict, Verdict::Rotate | Verdict::Reissue)
    }

    /// What must hold in every state.
    fn check(&self) {
        let newest = self.family.map_or(0, |family| family.generation);
        let valid: Vec<_> = (0..=newest + 1).filter(|it| self.is_valid(*it)).collect();
        assert!(
            !self.ended || valid.is_empty(),
            "{valid:?} valid: {self:#?}"
        );
        match (valid.as_slice(), self.family) {
            ([], _) => {}
            ([newest], Some(family)) => assert_eq!(*newest, family.generation),
            ([before, newest], Some(family)) => {
                assert_eq!(
                    (*before + 1, *newest),
                    (family.generation, family.generation)
                );
                assert!(self.is_in_time(&family));
            }
            _ => panic!("{valid:?} valid: {self:#?}"),
        }
        // No token was issued that the table does not know.
        if let Some(family) = self.family {
            let newest = self.owner_has.max(self.thief_has.unwrap_or_default());
            assert!(newest <= family.generation, "{self:#?}");
            // One token, however often it is presented, is one rotation.
            assert!(family.generation <= self.bounds.generations, "{self:#?}");
            let newest_is_the_owners = self.owner_has == family.generation;
            assert!(
                self.may_be_refused || !newest_is_the_owners || self.is_valid(self.owner_has),
                "the owner is locked out: {self:#?}"
            );
        }
    }
}

/// Walks to every state, and returns the names of the steps that were taken.
fn walk(bounds: Bounds) -> BTreeSet<&'static str> {
    let start = World::new(bounds);
    let mut seen = HashSet::from([start.clone()]);
    let mut open = vec![start];
    let mut happened = BTreeSet::new();
    while let Some(world) = open.pop() {
        world.check();
        for (what, next) in world.next() {
            assert!(next.epoch.is_none() || next.epoch >= world.epoch, "{what}");
            happened.insert(what);
            if !seen.contains(&next) {
                seen.insert(next.clone());
                open.push(next);
            }
        }
    }
    assert!(seen.len() > 20_000, "{} states", seen.len());
    happened
}

#[test]
fn an_owner_who_retries_is_not_locked_out() {
    let happened = walk(Bounds {
        generations: 2,
        at_once: 2,
        thefts: 0,
        new_passwords: 2,
    });
    for what in [
        "rotates, but the reply is lost",
        "meets a conflict",
        "has to read again",
    ] {
        assert!(happened.contains(what), "{what}");
    }
}

#[test]
fn an_owner_and_a_thief_cannot_both_continue_a_session() {
    for (generations, thefts) in [(2, 2), (3, 1)] {
        let happened = walk(Bounds {
            generations,
            at_once: 1,
            thefts,
            new_passwords: 0,
        });
        assert!(happened.contains("is a replay"));
    }
}

#[test]
fn an_owner_and_a_thief_cannot_both_continue_among_concurrent_requests() {
    let happened = walk(Bounds {
        generations: 1,
        at_once: 2,
        thefts: 1,
        new_passwords: 0,
    });
    assert!(happened.contains("is a replay"));
}

//! Every order in which refreshes, lost replies, replays, sign-outs, password changes and the clock can follow each other,
//! within bounds that hold all kinds of meetings: a walk through all states, with what must hold in each.
//!
//! Verdicts and rotations are those of the handler. Of the tables, the model has what a conditional write promises: it
//! happens whole, and only if its condition holds at that moment.

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
    /// The last token that somebody presents.
    generations: u32,
    /// The owner's requests that are on their way at the same time.
    at_once: usize,
    /// How often somebody else presents a token.
    thefts: u8,
    new_passwords: u8,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Who {
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

/// A refresh on its way through the function.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Request {
    who: Who,
    generation: u32,
    presented: Presentation,
    step: Step,
    /// It came when all tokens were dead already.
    came_late: bool,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct World {
    bounds: Bounds,
    now: OffsetDateTime,
    // The tables.
    family: Option<Family>,
    epoch: Option<u64>,
    // The people.
    owner_has: u32,
    thief_has: Option<u32>,
    requests: Vec<Request>,
    /// Something was done after which no token may live.
    ended: bool,
    /// The owner may be refused from now on.
    excused: bool,
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
            excused: false,
        }
    }

    fn end(&mut self) {
        self.ended = true;
        self.excused = true;
    }

    /// All that can happen next, by name.
    fn next(&self) -> Vec<(&'static str, World)> {
        let mut next = Vec::new();
        self.people(&mut next);
        self.account(&mut next);
        for index in 0..self.requests.len() {
            self.request(index, &mut next);
        }
        for (_, world) in &mut next {
            // Which of two requests is written down first makes no difference.
            let key = |request: &Request| (request.who, request.generation, request.presented.at);
            world.requests.sort_by_key(key);
        }
        next
    }

    /// Ten seconds, by another calculation than the one that is looked into.
    fn is_in_time(&self, family: &Family) -> bool {
        let end = family.rotated_at.map(|at| at + Duration::seconds(10));
        end.is_some_and(|end| self.now <= end)
    }

    /// Whether a token would be taken if it were presented now, and nothing else happened.
    fn is_live(&self, generation: u32) -> bool {
        let Some(family) = self.family else {
            return false;
        };
        let mut presented = Presentation::new(generation, self.now);
        let mut verdict = presented.judge(&family, self.epoch);
        if verdict == Verdict::LookAgain {
            verdict = presented.judge(&family, self.epoch);
        }
        matches!(verdict, Verdict::Rotate | Verdict::SameAgain)
    }

    /// What must hold in every state.
    fn check(&self) {
        let newest = self.family.map_or(0, |family| family.generation);
        let live: Vec<_> = (0..=newest + 1).filter(|it| self.is_live(*it)).collect();
        assert!(!self.ended || live.is_empty(), "{live:?} live: {self:#?}");
        match (live.as_slice(), self.family) {
            ([], _) => {}
            ([newest], Some(family)) => assert_eq!(*newest, family.generation),
            ([before, newest], Some(family)) => {
                assert_eq!(
                    (*before + 1, *newest),
                    (family.generation, family.generation)
                );
                assert!(self.is_in_time(&family));
            }
            _ => panic!("{live:?} live: {self:#?}"),
        }
        // Nobody has a token that the table knows nothing of.
        if let Some(family) = self.family {
            let newest = self.owner_has.max(self.thief_has.unwrap_or_default());
            assert!(newest <= family.generation, "{self:#?}");
            // One token, however often it is presented, is one rotation.
            assert!(family.generation <= self.bounds.generations, "{self:#?}");
            let newest_is_the_owners = self.owner_has == family.generation;
            assert!(
                self.excused || !newest_is_the_owners || self.is_live(self.owner_has),
                "the owner is locked out: {self:#?}"
            );
        }
    }
}

/// Walks to every state, and answers what happened on the way.
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
fn an_owner_who_asks_again_is_never_locked_out() {
    let happened = walk(Bounds {
        generations: 2,
        at_once: 2,
        thefts: 0,
        new_passwords: 2,
    });
    for what in ["rotates unheard", "is overtaken", "has to look again"] {
        assert!(happened.contains(what), "{what}");
    }
}

#[test]
fn an_owner_and_a_thief_do_not_both_go_on() {
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
fn a_thief_among_the_owners_own_requests_changes_nothing_about_that() {
    let happened = walk(Bounds {
        generations: 1,
        at_once: 2,
        thefts: 1,
        new_passwords: 0,
    });
    assert!(happened.contains("is a replay"));
}

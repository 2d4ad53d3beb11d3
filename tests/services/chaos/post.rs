//! What is between the relay and the event bus: it keeps the events, and delivers them in another way.

use std::{
    cell::{Cell, RefCell},
    sync::{Arc, Mutex},
};

use proptest::test_runner::{RngAlgorithm, TestRng};
use serde_json::{Value, json};

use crate::support::{
    faults::{Fault, FaultySystem},
    processes::{instances, signal_if_running},
};

/// The most entries of one request.
const MOST_ENTRIES: usize = 10;

pub struct Post<'a> {
    system: &'a FaultySystem,
    /// The entries that the relay has put on the bus and that are not delivered.
    kept: Arc<Mutex<Vec<Value>>>,
    dice: RefCell<Dice>,
    sent: Cell<usize>,
    repeated: Cell<usize>,
    lost: Cell<usize>,
    killed: Cell<usize>,
}

/// A source of random numbers.
pub struct Dice(TestRng);

impl Dice {
    pub fn new(seed: u64) -> Self {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&seed.to_be_bytes());
        Self(TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
    }

    /// Returns a number below `sides`.
    pub fn throw(&mut self, sides: usize) -> usize {
        use proptest::prelude::Rng as _;
        usize::try_from(self.0.next_u32()).unwrap() % sides
    }

    fn shuffle(&mut self, items: &mut [Value]) {
        for last in (1..items.len()).rev() {
            items.swap(last, self.throw(last + 1));
        }
    }
}

impl<'a> Post<'a> {
    /// Keeps all events of the relay from now on.
    pub fn intercept(system: &'a FaultySystem, seed: u64) -> Self {
        let kept = Arc::<Mutex<Vec<Value>>>::default();
        let incoming = Arc::clone(&kept);
        system.eventbridge.plan(move |_, body| {
            let entries = body["Entries"].as_array().unwrap();
            let accepted: Vec<_> = entries.iter().map(|_| json!({"EventId": "kept"})).collect();
            incoming.lock().unwrap().extend(entries.iter().cloned());
            let answer = json!({"FailedEntryCount": 0, "Entries": accepted});
            Fault::Respond(200, answer.to_string())
        });
        Self {
            system,
            kept,
            dice: RefCell::new(Dice::new(seed)),
            sent: Cell::default(),
            repeated: Cell::default(),
            lost: Cell::default(),
            killed: Cell::default(),
        }
    }

    /// Delivers what is kept, and what follows from it, until nothing is left. One of 100 is lost, but at least one, if that is
    /// asked for; 30 of 100 come twice.
    pub async fn deliver(&self, loses: bool) {
        let mut is_first = true;
        loop {
            self.system.app.settled_within(super::LIMIT).await;
            let mut wave = std::mem::take(&mut *self.kept.lock().unwrap());
            if wave.is_empty() {
                return;
            }
            self.disturb(&mut wave, loses, is_first);
            for entries in wave.chunks(MOST_ENTRIES) {
                self.put(entries).await;
                self.kill_one();
            }
            is_first = false;
        }
    }

    fn disturb(&self, wave: &mut Vec<Value>, loses: bool, is_first: bool) {
        let mut dice = self.dice.borrow_mut();
        dice.shuffle(wave);
        let before = wave.len();
        if loses && is_first {
            wave.pop();
        }
        wave.retain(|_| !loses || dice.throw(100) > 0);
        self.lost.set(self.lost.get() + before - wave.len());
        let again: Vec<_> = wave
            .iter()
            .filter(|_| dice.throw(100) < 30)
            .cloned()
            .collect();
        self.repeated.set(self.repeated.get() + again.len());
        wave.extend(again);
        dice.shuffle(wave);
        self.sent.set(self.sent.get() + wave.len());
    }

    async fn put(&self, entries: &[Value]) {
        let body = json!({ "Entries": entries });
        let app = &self.system.app;
        let put = app.call_engine("events", "local", "AWSEvents.PutEvents", &body);
        let answer = put.await.expect(200).json();
        assert_eq!(answer["FailedEntryCount"], 0, "{answer}");
    }

    /// Kills one of the functions, whatever it does, at every fifth request.
    fn kill_one(&self) {
        let mut dice = self.dice.borrow_mut();
        if dice.throw(5) > 0 {
            return;
        }
        let running = instances(self.system.app.pid());
        // An instance that was killed a moment ago may still be listed.
        if let Some(instance) = running.get(dice.throw(running.len().max(1)))
            && signal_if_running(instance.pid, "KILL")
        {
            self.killed.set(self.killed.get() + 1);
        }
    }

    pub fn lost(&self) -> usize {
        self.lost.get()
    }

    pub fn killed(&self) -> usize {
        self.killed.get()
    }

    pub fn summary(&self) -> String {
        format!(
            "{} events delivered, {} of them twice, {} lost, {} functions killed",
            self.sent.get(),
            self.repeated.get(),
            self.lost(),
            self.killed()
        )
    }
}

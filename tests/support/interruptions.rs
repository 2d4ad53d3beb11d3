//! Functions that are interrupted at each of their calls to AWS, one after the other.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::Relaxed},
    },
};

use super::{
    Response,
    faults::{Fault, FaultySystem},
};

/// How a function is interrupted at a call.
#[derive(Debug, Clone, Copy)]
pub enum Interruption {
    /// It is killed before the call takes effect.
    KilledBefore,
    /// It is killed after the call took effect, before it has the response.
    KilledAfter,
    /// The connection ends after the call took effect.
    LostReply,
}

impl Interruption {
    pub const ALL: [Self; 3] = [Self::KilledBefore, Self::KilledAfter, Self::LostReply];
    pub const KILLS: [Self; 2] = [Self::KilledBefore, Self::KilledAfter];

    fn fault(self, system: u32) -> Fault {
        let kill = |after_call| Fault::Kill { system, after_call };
        match self {
            Self::KilledBefore => kill(false),
            Self::KilledAfter => kill(true),
            Self::LostReply => Fault::LostReply,
        }
    }
}

/// The interruption of a request, and the call at which it happened.
#[derive(Clone, Copy)]
pub struct Case {
    pub how: Interruption,
    /// The number of the call, from 0.
    pub nth: usize,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // In lower case, for addresses of users.
        let how = format!("{:?}", self.how).to_lowercase();
        write!(f, "{how}-{}", self.nth)
    }
}

/// The most calls of an operation and of the events that follow from it.
const MOST_CALLS: usize = 100;

/// Sends requests that are interrupted at their first call, then at the second, and so on, until one ends without an
/// interruption. Calls of events that `request` waits for count too. Each response must be a success or a 5xx. Runs `check` after
/// each request. `request` uses what `prepare` returns.
pub async fn at_every_call<Context>(
    system: &FaultySystem,
    how: Interruption,
    mut prepare: impl AsyncFnMut(Case) -> Context,
    request: impl AsyncFn(&Context) -> Response,
    mut check: impl AsyncFnMut(Case, Context),
) {
    for nth in 0.. {
        assert!(nth < MOST_CALLS, "there are {MOST_CALLS} calls or more");
        let case = Case { how, nth };
        let context = prepare(case).await;
        system.app.settled().await;
        let calls = interrupt_at(system, case);
        let response = request(&context).await;
        system.forward_all();
        let was_interrupted = calls.load(Relaxed) > nth;
        // A call of an event may be interrupted after the response. The functions that it killed are gone when all has settled.
        system.app.settled().await;
        let (status, is_success) = (response.status, response.status < 400);
        assert!(is_success || status >= 500, "{case}: {status}");
        check(case, context).await;
        if !was_interrupted {
            assert!(is_success, "without an interruption: {status}");
            assert!(nth > 0, "there was no call");
            return;
        }
    }
}

/// Interrupts one call, whatever service it is for. Returns the counter of calls.
fn interrupt_at(system: &FaultySystem, case: Case) -> Arc<AtomicUsize> {
    let calls = Arc::new(AtomicUsize::new(0));
    let fault = case.how.fault(system.app.pid());
    for proxy in system.proxies() {
        let (count, fault) = (Arc::clone(&calls), fault.clone());
        proxy.plan(move |_, _| {
            if count.fetch_add(1, Relaxed) == case.nth {
                fault.clone()
            } else {
                Fault::None
            }
        });
    }
    calls
}

/// Sends a request, and again while it meets an instance that is about to end.
pub async fn retried(request: impl AsyncFn() -> Response) -> Response {
    for _ in 0..3 {
        let response = request().await;
        if response.status < 500 {
            return response;
        }
    }
    request().await
}

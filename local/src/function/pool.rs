//! The instances of one function.

use std::{
    sync::{Mutex, MutexGuard},
    thread::available_parallelism,
    time::Duration,
};

use bytes::Bytes;
use domain::Clock;
use template::Function;
use tokio::{sync::Semaphore, time::timeout};

use super::{
    environment::{Engines, Program},
    instance::{Ended, Instance, Request},
    invocation::{Failure, Invoked},
};
use crate::{clock, ui::Ui};

/// How long a request waits for a free instance: as long as API Gateway waits for any answer.
/// Lambda would have started another instance; a laptop must queue.
const QUEUE_LIMIT: Duration = Duration::from_secs(30);

/// A function with its instances: one invocation each at a time, started when there is none idle,
/// at most two per core and never fewer than four.
pub(crate) struct Pool {
    function: Function,
    program: Program,
    engines: Engines,
    clock: Clock,
    ui: Ui,
    idle: Mutex<Vec<Instance>>,
    slots: Semaphore,
}

/// How many instances of one function may work at once.
fn max_instances() -> usize {
    let cores = available_parallelism().map_or(1, std::num::NonZero::get);
    (2 * cores).max(4)
}

impl Pool {
    pub(crate) fn new(
        function: Function,
        program: Program,
        engines: Engines,
        clock: Clock,
        ui: Ui,
    ) -> Self {
        Self {
            function,
            program,
            engines,
            clock,
            ui,
            idle: Mutex::new(Vec::new()),
            slots: Semaphore::new(max_instances()),
        }
    }

    pub(crate) fn function(&self) -> &Function {
        &self.function
    }

    /// Runs the function on `event`.
    pub(crate) async fn invoke(&self, request_id: &str, trace_id: &str, event: Bytes) -> Invoked {
        let Ok(Ok(_slot)) = timeout(QUEUE_LIMIT, self.slots.acquire()).await else {
            return self.report(Err(Failure::Busy), false);
        };
        let mut cold_start = false;
        let mut event = event;
        loop {
            let instance = match self.take_idle() {
                Some(instance) => Ok(instance),
                None => {
                    cold_start = true;
                    Instance::start(&self.program, &self.function, &self.engines, &self.ui).await
                }
            };
            let mut instance = match instance {
                Ok(instance) => instance,
                Err(failure) => return self.report(Err(failure), cold_start),
            };
            let limit = self.function.timeout;
            let request = Request {
                request_id: request_id.to_owned(),
                deadline_ms: clock::epoch_ms(&self.clock) + limit_ms(limit),
                trace_id: trace_id.to_owned(),
                event,
            };
            match instance.invoke(request, limit).await {
                Ended::Answered(result) => {
                    self.lock().push(instance);
                    return self.report(result, cold_start);
                }
                Ended::Gone(failure) => return self.report(Err(failure), cold_start),
                // A new instance that dies before it takes its event is no accident of idling.
                Ended::NeverStarted(_) if cold_start => {
                    let failure = Failure::Crashed("ended before it took its event".to_owned());
                    return self.report(Err(failure), cold_start);
                }
                Ended::NeverStarted(untouched) => event = untouched,
            }
        }
    }

    /// Ends all idle instances.
    pub(crate) fn stop(&self) {
        self.slots.close();
        self.lock().clear();
    }

    /// The instance that was used last and still lives.
    fn take_idle(&self) -> Option<Instance> {
        loop {
            let mut instance = self.lock().pop()?;
            if instance.is_alive() {
                return Some(instance);
            }
        }
    }

    fn report(&self, result: Result<Bytes, Failure>, cold_start: bool) -> Invoked {
        if let Err(failure) = &result {
            self.ui
                .function(&self.function.binary, &failure.to_string());
        }
        Invoked { result, cold_start }
    }

    /// No lock is held across anything that can panic.
    fn lock(&self) -> MutexGuard<'_, Vec<Instance>> {
        self.idle
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn limit_ms(limit: Duration) -> i64 {
    i64::try_from(limit.as_millis()).unwrap_or(i64::MAX)
}

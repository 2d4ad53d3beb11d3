//! The instances of one function.

use std::{
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    thread::available_parallelism,
    time::Duration,
};

use bytes::Bytes;
use clock::Clock;
use sam_template::Function;
use tokio::{
    sync::{Semaphore, watch},
    time::timeout,
};

use super::{
    environment::{Engines, Program},
    instance::{Instance, InvokeOutcome, Log, Work},
    invocation::{Failure, Invoked},
};
use crate::{iam::Principals, metrics::Metrics, ui};

/// How long a request waits for an idle instance. Lambda would start another instance; one machine must queue, and for
/// example 200 concurrent password hashes take two cores a minute. The limit only prevents endless waiting.
const QUEUE_LIMIT: Duration = Duration::from_mins(5);

/// The maximum time to kill all instances.
const KILL_LIMIT: Duration = Duration::from_secs(1);

/// A function and its instances. A new instance is started when none is idle, up to two per core and at least four.
pub(crate) struct Pool {
    function: Function,
    program: Program,
    engines: Engines,
    principals: Arc<Principals>,
    clock: Clock,
    metrics: Metrics,
    idle: Mutex<Vec<Instance>>,
    slots: Semaphore,
    max_instances: u32,
    /// How many invocations run or wait for an instance.
    invocations: AtomicUsize,
    /// Whether no invocation starts: reserved concurrency 0.
    is_throttled: AtomicBool,
    stopped: watch::Sender<bool>,
}

impl Pool {
    pub(crate) fn new(
        function: Function,
        program: Program,
        engines: Engines,
        principals: Arc<Principals>,
        clock: Clock,
        metrics: Metrics,
    ) -> Self {
        let cores =
            available_parallelism().map_or(1, |cores| u32::try_from(cores.get()).unwrap_or(1));
        let max_instances = (2 * cores).max(4);
        Self {
            function,
            program,
            engines,
            principals,
            clock,
            metrics,
            idle: Mutex::new(Vec::new()),
            slots: Semaphore::new(max_instances as usize),
            max_instances,
            invocations: AtomicUsize::new(0),
            is_throttled: AtomicBool::new(false),
            stopped: watch::Sender::new(false),
        }
    }

    pub(crate) fn function(&self) -> &Function {
        &self.function
    }

    /// Invokes the function with `event` when an instance is available.
    pub(crate) async fn invoke(&self, request_id: &str, trace_id: &str, event: Bytes) -> Invoked {
        self.principals.recorder().invoked(trace_id, &event);
        self.principals
            .ledger()
            .invoked(trace_id, request_id, &event);
        let _running = Running::of(&self.invocations);
        let mut cold_start = false;
        if self.is_throttled.load(Ordering::SeqCst) {
            let result = Err(Failure::Throttled);
            return Invoked { result, cold_start };
        }
        let result = tokio::select! {
            result = self.queue(request_id, trace_id, event, &mut cold_start) => result,
            // Dropping the other branch drops its instance, which kills the process.
            () = self.stopped() => Err(Failure::Stopped),
        };
        if let Err(failure) = &result {
            ui::function(&self.function.binary, &failure.to_string());
        }
        Invoked { result, cold_start }
    }

    /// Whether an invocation runs or waits for an instance.
    pub(crate) fn is_busy(&self) -> bool {
        self.invocations.load(Ordering::SeqCst) > 0
    }

    /// Throttles all following invocations, or allows them again. Running invocations end.
    pub(crate) fn throttle(&self, is_throttled: bool) {
        self.is_throttled.store(is_throttled, Ordering::SeqCst);
    }

    /// Returns the destination of a new instance's log. Lambda writes it with the function's role.
    fn log(&self) -> Log {
        let role = self.principals.role_of(&self.function.logical_id);
        let (Some(group), Some(role)) = (&self.function.log_group, role) else {
            return Log::Shown(self.metrics.clone());
        };
        let stream = format!("{group}:log-stream:local");
        let mut actions = ["logs:CreateLogStream", "logs:PutLogEvents"].into_iter();
        match actions.try_for_each(|action| role.check(action, &stream)) {
            Ok(()) => Log::Shown(self.metrics.clone()),
            Err(denied) => Log::Lost(denied.to_string()),
        }
    }

    /// Kills all instances, also busy ones, and waits until they have exited.
    pub(crate) async fn stop(&self) {
        self.stop_now();
        // Each free slot is an invocation that has ended.
        let _ = timeout(KILL_LIMIT, self.slots.acquire_many(self.max_instances)).await;
        self.lock().clear();
    }

    /// Kills all instances without waiting.
    pub(crate) fn stop_now(&self) {
        self.stopped.send_replace(true);
        self.lock().clear();
    }

    async fn stopped(&self) {
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = self.stopped.subscribe().wait_for(|stopped| *stopped).await;
    }

    async fn queue(
        &self,
        request_id: &str,
        trace_id: &str,
        event: Bytes,
        cold_start: &mut bool,
    ) -> Result<Bytes, Failure> {
        let Ok(Ok(_slot)) = timeout(QUEUE_LIMIT, self.slots.acquire()).await else {
            return Err(Failure::Busy);
        };
        while let Some(mut instance) = self.take_idle() {
            match self
                .run(&mut instance, request_id, trace_id, event.clone())
                .await
            {
                InvokeOutcome::Responded(result) => return self.keep(instance, result),
                InvokeOutcome::InstanceLost(failure) => return Err(failure),
                // The idle instance had exited; another one can process the event.
                InvokeOutcome::NotReceived => {}
            }
        }
        *cold_start = true;
        let log = self.log();
        let start = Instance::start(&self.program, &self.function, &self.engines, log);
        let mut instance = start.await?;
        match self.run(&mut instance, request_id, trace_id, event).await {
            InvokeOutcome::Responded(result) => self.keep(instance, result),
            InvokeOutcome::InstanceLost(failure) => Err(failure),
            InvokeOutcome::NotReceived => Err(Failure::Crashed("exited immediately".to_owned())),
        }
    }

    async fn run(
        &self,
        instance: &mut Instance,
        request_id: &str,
        trace_id: &str,
        event: Bytes,
    ) -> InvokeOutcome {
        let limit = self.function.timeout;
        let limit_ms = i64::try_from(limit.as_millis()).unwrap_or(i64::MAX);
        let work = Work {
            request_id: request_id.to_owned(),
            deadline_ms: self.clock.epoch_ms().saturating_add(limit_ms),
            trace_id: trace_id.to_owned(),
            event,
        };
        instance.invoke(work, limit).await
    }

    /// Keeps an instance for the next invocation.
    fn keep(&self, instance: Instance, result: Result<Bytes, Failure>) -> Result<Bytes, Failure> {
        self.lock().push(instance);
        result
    }

    /// Returns the most recently used instance that is still running.
    fn take_idle(&self) -> Option<Instance> {
        loop {
            let mut instance = self.lock().pop()?;
            if instance.is_alive() {
                return Some(instance);
            }
        }
    }

    /// The lock is never held across code that can panic.
    fn lock(&self) -> MutexGuard<'_, Vec<Instance>> {
        self.idle
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

/// Counts a running invocation until it is dropped.
struct Running<'a>(&'a AtomicUsize);

impl<'a> Running<'a> {
    fn of(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::SeqCst);
        Self(count)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

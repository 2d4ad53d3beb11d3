//! The instances of one function.

use std::{
    sync::{Arc, Mutex, MutexGuard},
    thread::available_parallelism,
    time::Duration,
};

use bytes::Bytes;
use domain::Clock;
use sam_template::Function;
use tokio::{
    sync::{Semaphore, watch},
    time::timeout,
};

use super::{
    environment::{Engines, Program},
    instance::{Ended, Instance, Log, Work},
    invocation::{Failure, Invoked},
};
use crate::{clock, iam::Principals, ui};

/// How long a request waits for a free instance. Lambda would have started another one at once; a
/// laptop must queue, and 200 sign-ups at once take two cores a minute to hash. The limit is only
/// there so that nobody waits for ever.
const QUEUE_LIMIT: Duration = Duration::from_mins(5);

/// How long instances may take to be killed.
const KILL_LIMIT: Duration = Duration::from_secs(1);

/// A function with its instances: one invocation each at a time, started when there is none idle,
/// at most two per core and never fewer than four.
pub(crate) struct Pool {
    function: Function,
    program: Program,
    engines: Engines,
    principals: Arc<Principals>,
    clock: Clock,
    idle: Mutex<Vec<Instance>>,
    slots: Semaphore,
    max_instances: u32,
    stopped: watch::Sender<bool>,
}

impl Pool {
    pub(crate) fn new(
        function: Function,
        program: Program,
        engines: Engines,
        principals: Arc<Principals>,
        clock: Clock,
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
            idle: Mutex::new(Vec::new()),
            slots: Semaphore::new(max_instances as usize),
            max_instances,
            stopped: watch::Sender::new(false),
        }
    }

    pub(crate) fn function(&self) -> &Function {
        &self.function
    }

    /// Runs the function on `event`, as soon as an instance is free.
    pub(crate) async fn invoke(&self, request_id: &str, trace_id: &str, event: Bytes) -> Invoked {
        self.principals.recorder().invoked(trace_id, &event);
        let mut cold_start = false;
        let result = tokio::select! {
            result = self.queue(request_id, trace_id, event, &mut cold_start) => result,
            // What the branch above holds is dropped, and with it a busy instance.
            () = self.stopped() => Err(Failure::Stopped),
        };
        if let Err(failure) = &result {
            ui::function(&self.function.binary, &failure.to_string());
        }
        Invoked { result, cold_start }
    }

    /// Says what becomes of an event that failed for good. Lambda sends it to `dead_letters` with the function's role.
    pub(crate) fn give_up(&self, dead_letters: Option<&str>) -> String {
        let Some(queue) = dead_letters else {
            return "is lost: there is no dead-letter queue".to_owned();
        };
        let role = self.principals.role_of(&self.function.logical_id);
        match role.map(|role| role.check("sqs:SendMessage", queue)) {
            Some(Err(denied)) => format!("is lost: {denied}"),
            _ => "would now go to the dead-letter queue".to_owned(),
        }
    }

    /// Where the output of a new instance goes. Lambda writes it with the function's role.
    fn log(&self) -> Log {
        let role = self.principals.role_of(&self.function.logical_id);
        let (Some(group), Some(role)) = (&self.function.log_group, role) else {
            return Log::Shown;
        };
        let stream = format!("{group}:log-stream:local");
        let mut actions = ["logs:CreateLogStream", "logs:PutLogEvents"].into_iter();
        match actions.try_for_each(|action| role.check(action, &stream)) {
            Ok(()) => Log::Shown,
            Err(denied) => Log::Lost(denied.to_string()),
        }
    }

    /// Ends all instances, busy ones too, and waits until they are gone.
    pub(crate) async fn stop(&self) {
        self.stop_now();
        // Each slot that comes back is an invocation that has ended.
        let _ = timeout(KILL_LIMIT, self.slots.acquire_many(self.max_instances)).await;
        self.lock().clear();
    }

    /// As [`Pool::stop`], without waiting.
    pub(crate) fn stop_now(&self) {
        self.stopped.send_replace(true);
        self.lock().clear();
    }

    async fn stopped(&self) {
        // The sender lives as long as we do, so waiting cannot fail.
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
                Ended::Answered(result) => return self.keep(instance, result),
                Ended::Gone(failure) => return Err(failure),
                // It died of idling; the event is as good as new.
                Ended::NeverStarted => {}
            }
        }
        *cold_start = true;
        let log = self.log();
        let start = Instance::start(&self.program, &self.function, &self.engines, log);
        let mut instance = start.await?;
        match self.run(&mut instance, request_id, trace_id, event).await {
            Ended::Answered(result) => self.keep(instance, result),
            Ended::Gone(failure) => Err(failure),
            Ended::NeverStarted => Err(Failure::Crashed("ended at once".to_owned())),
        }
    }

    async fn run(
        &self,
        instance: &mut Instance,
        request_id: &str,
        trace_id: &str,
        event: Bytes,
    ) -> Ended {
        let limit = self.function.timeout;
        let limit_ms = i64::try_from(limit.as_millis()).unwrap_or(i64::MAX);
        let work = Work {
            request_id: request_id.to_owned(),
            deadline_ms: clock::epoch_ms(&self.clock).saturating_add(limit_ms),
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

    /// The instance that was used last and still lives.
    fn take_idle(&self) -> Option<Instance> {
        loop {
            let mut instance = self.lock().pop()?;
            if instance.is_alive() {
                return Some(instance);
            }
        }
    }

    /// No lock is held across anything that can panic.
    fn lock(&self) -> MutexGuard<'_, Vec<Instance>> {
        self.idle
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

//! An instance of a function: a process and its Runtime API.

use std::{
    io,
    time::{Duration, Instant},
};

use bytes::Bytes;
use sam_template::Function;
use tokio::{process::Child, sync::oneshot, time::timeout};

use super::{
    environment::{self, Engines, Program},
    invocation::{Failure, Invocation},
    runtime_api::RuntimeApi,
};
use crate::{metrics::Metrics, ui};

/// Lambda's limit for the initialisation of a function.
const INIT_LIMIT: Duration = Duration::from_secs(10);

/// How long a killed process may take to end. It takes some milliseconds, longer on a busy machine.
const KILL_LIMIT: Duration = Duration::from_secs(1);

/// A running process. Dropping it kills it and waits until it has ended, so that no instance outlives the system.
#[derive(Debug)]
pub(crate) struct Instance {
    child: Child,
    api: RuntimeApi,
}

/// The destination of the lines that an instance writes.
pub(crate) enum Log {
    /// The lines are shown, and their metrics are collected.
    Shown(Metrics),
    /// The function's role does not allow writing its log, for this reason.
    Lost(String),
}

/// The outcome of an invocation, and whether the instance can be used again.
pub(crate) enum InvokeOutcome {
    /// The instance responded or reported an error, and can be used again.
    Responded(Result<Bytes, Failure>),
    /// The instance exited or must be killed.
    InstanceLost(Failure),
    /// The instance had exited before it received the event, so another instance can process it.
    NotReceived,
}

impl Instance {
    /// Starts a process and waits until it asks for its first invocation.
    pub(crate) async fn start(
        program: &Program,
        function: &Function,
        engines: &Engines,
        log: Log,
    ) -> Result<Self, Failure> {
        let failed =
            |error: io::Error| Failure::Crashed(format!("the process cannot be started: {error}"));
        let api = RuntimeApi::start(&function.arn).await.map_err(failed)?;
        let mut command = environment::command(program, function, engines, api.url());
        let mut child = command.spawn().map_err(failed)?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        match log {
            Log::Shown(metrics) => ui::follow(&function.binary, &metrics, stdout, stderr),
            Log::Lost(denied) => {
                ui::function(&function.binary, &format!("its log is lost: {denied}"));
                ui::discard(stdout, stderr);
            }
        }
        let mut instance = Self { child, api };
        instance.initialise().await?;
        Ok(instance)
    }

    async fn initialise(&mut self) -> Result<(), Failure> {
        tokio::select! {
            () = self.api.ready() => Ok(()),
            status = self.child.wait() => {
                let exit = describe_exit(status);
                Err(Failure::Crashed(match self.api.init_error() {
                    Some(error) => format!("{exit} during initialisation: {error}"),
                    None => format!("{exit} during initialisation"),
                }))
            }
            () = tokio::time::sleep(INIT_LIMIT) => {
                Err(Failure::Crashed(format!("did not initialise within {INIT_LIMIT:?}")))
            }
        }
    }

    /// Whether the process is running.
    pub(crate) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Sends an event to the instance and waits for its response, at most for `limit`.
    pub(crate) async fn invoke(&mut self, work: Work, limit: Duration) -> InvokeOutcome {
        let (reply, mut response) = oneshot::channel();
        self.api.send(work.into_invocation(reply)).await;
        let outcome = timeout(limit, async {
            tokio::select! {
                // If an instance responds and exits at the same time, the response counts.
                biased;
                response = &mut response => response.ok(),
                status = self.child.wait() => {
                    Some(Err(Failure::Crashed(describe_exit(status))))
                }
            }
        });
        match outcome.await {
            Err(_) => InvokeOutcome::InstanceLost(Failure::TimedOut(limit)),
            Ok(Some(Err(crash @ Failure::Crashed(_)))) => {
                // The response may have arrived at the Runtime API before the process exited.
                match response.try_recv() {
                    Ok(response) => InvokeOutcome::Responded(response),
                    Err(_) if self.api.is_running() => InvokeOutcome::InstanceLost(crash),
                    Err(_) => InvokeOutcome::NotReceived,
                }
            }
            Ok(Some(response)) => InvokeOutcome::Responded(response),
            Ok(None) => {
                InvokeOutcome::InstanceLost(Failure::Crashed("its Runtime API closed".to_owned()))
            }
        }
    }
}

/// An event to process, with its invocation context.
pub(crate) struct Work {
    pub(crate) request_id: String,
    pub(crate) deadline_ms: i64,
    pub(crate) trace_id: String,
    pub(crate) event: Bytes,
}

impl Work {
    fn into_invocation(self, reply: oneshot::Sender<Result<Bytes, Failure>>) -> Invocation {
        Invocation {
            request_id: self.request_id,
            deadline_ms: self.deadline_ms,
            trace_id: self.trace_id,
            event: self.event,
            reply,
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        let _ = self.child.start_kill();
        let killed = Instant::now();
        while self.is_alive() && killed.elapsed() < KILL_LIMIT {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
}

fn describe_exit(status: io::Result<std::process::ExitStatus>) -> String {
    match status {
        Ok(status) => format!("exited with {status}"),
        Err(error) => format!("exited ({error})"),
    }
}

//! One instance of a function: a process and its Runtime API.

use std::{io, time::Duration};

use bytes::Bytes;
use sam_template::Function;
use tokio::{process::Child, sync::oneshot, time::timeout};

use super::{
    environment::{self, Engines, Program},
    invocation::{Failure, Invocation},
    runtime_api::RuntimeApi,
};
use crate::ui;

/// Lambda gives a function this long to initialise itself.
const INIT_LIMIT: Duration = Duration::from_secs(10);

/// A living process. Dropping it kills it.
#[derive(Debug)]
pub(crate) struct Instance {
    child: Child,
    api: RuntimeApi,
}

/// What becomes of the lines that an instance writes.
pub(crate) enum Log {
    /// They are shown.
    Shown,
    /// The function's role does not allow its log to be written, for this reason.
    Lost(String),
}

/// How an invocation ended, and whether the instance can go on.
pub(crate) enum Ended {
    /// The instance answered, or reported an error, and waits for more.
    Answered(Result<Bytes, Failure>),
    /// The instance is gone.
    Gone(Failure),
    /// The instance was gone before it saw the event: another one may have it.
    NeverStarted,
}

impl Instance {
    /// Starts a process and waits until it asks for its first invocation.
    pub(crate) async fn start(
        program: &Program,
        function: &Function,
        engines: &Engines,
        log: Log,
    ) -> Result<Self, Failure> {
        let failed = |error: io::Error| Failure::Crashed(format!("cannot be started: {error}"));
        let api = RuntimeApi::start(&function.arn).await.map_err(failed)?;
        let mut command = environment::command(program, function, engines, api.url());
        let mut child = command.spawn().map_err(failed)?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        match log {
            Log::Shown => ui::follow(&function.binary, stdout, stderr),
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
                let end = how_it_ended(status);
                Err(Failure::Crashed(match self.api.init_error() {
                    Some(error) => format!("{end} while it initialised: {error}"),
                    None => format!("{end} while it initialised"),
                }))
            }
            () = tokio::time::sleep(INIT_LIMIT) => {
                Err(Failure::Crashed(format!("did not initialise in {INIT_LIMIT:?}")))
            }
        }
    }

    /// Whether the process still runs.
    pub(crate) fn is_alive(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// Gives the instance one event and waits for its answer, at most for `limit`.
    pub(crate) async fn invoke(&mut self, work: Work, limit: Duration) -> Ended {
        let (reply, mut answer) = oneshot::channel();
        self.api.send(work.into_invocation(reply)).await;
        let outcome = timeout(limit, async {
            tokio::select! {
                // An instance may answer and end at once: the answer counts.
                biased;
                answer = &mut answer => answer.ok(),
                status = self.child.wait() => {
                    Some(Err(Failure::Crashed(how_it_ended(status))))
                }
            }
        });
        match outcome.await {
            Err(_) => Ended::Gone(Failure::TimedOut(limit)),
            Ok(Some(Err(crash @ Failure::Crashed(_)))) => {
                // Its last word may still be on the way through the Runtime API.
                match answer.try_recv() {
                    Ok(answer) => Ended::Answered(answer),
                    Err(_) if self.api.is_running() => Ended::Gone(crash),
                    Err(_) => Ended::NeverStarted,
                }
            }
            Ok(Some(answer)) => Ended::Answered(answer),
            Ok(None) => Ended::Gone(Failure::Crashed("lost its Runtime API".to_owned())),
        }
    }
}

/// What an instance is to work on.
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

fn how_it_ended(status: io::Result<std::process::ExitStatus>) -> String {
    match status {
        Ok(status) => format!("ended with {status}"),
        Err(error) => format!("ended ({error})"),
    }
}

//! `cloakroom dev`.

use domain::Clock;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{
    DevError, DevOptions, System,
    ui::{self, Ui},
};

/// Runs the local system until Ctrl-C, or another signal that asks a program to end.
///
/// # Errors
///
/// When the system cannot be started.
pub async fn dev(options: &DevOptions) -> Result<(), DevError> {
    let ui = Ui::terminal(Clock::system());
    // From here on a signal does not kill, so nothing is left behind by a start that is broken off.
    let mut signals = Signals::listen().map_err(DevError::io("signals cannot be handled"))?;
    let system = tokio::select! {
        system = System::start_with(options, &ui) => Some(system),
        () = signals.received() => None,
    };
    ui.started();
    let Some(system) = system.transpose()? else {
        return Ok(());
    };
    ui::print(&addresses(&system, options));
    signals.received().await;
    ui::print("stopping");
    system.stop().await;
    Ok(())
}

fn addresses(system: &System, options: &DevOptions) -> String {
    let endpoints = system.endpoints();
    let data = match (&options.data_dir, options.ephemeral) {
        (_, true) => "in memory; nothing outlives this process".to_owned(),
        _ => system.data_dir().display().to_string(),
    };
    format!(
        "
  Cloakroom, environment {env}

    API        {api}
    DynamoDB   {dynamodb}
    SSM        {ssm}
    S3         {s3}
    Lambda     {lambda}
    SES        {ses}
    outbox     {outbox}
    data       {data}
    addresses  {file}

  Ctrl-C stops it.
",
        env = options.env,
        api = endpoints.api,
        dynamodb = endpoints.dynamodb,
        ssm = endpoints.ssm,
        s3 = endpoints.s3,
        lambda = endpoints.lambda,
        ses = endpoints.ses,
        outbox = endpoints.outbox,
        file = system.data_dir().join("endpoints.json").display(),
    )
}

/// The signals that ask a program to end.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Signal,
}

impl Signals {
    fn listen() -> std::io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    async fn received(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}

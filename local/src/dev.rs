//! Runs the local system as a command.

use clock::Clock;

use crate::{
    DevError, DevOptions, System, open_files,
    signals::Signals,
    ui::{self, Ui},
    watch::watch,
};

/// Runs the local system until Ctrl-C, SIGTERM or SIGHUP.
///
/// # Errors
///
/// When the system cannot start.
pub async fn dev(options: &DevOptions) -> Result<(), DevError> {
    open_files::raise_limit();
    let ui = Ui::terminal(Clock::system());
    // Signals are handled from here on, so that an interrupted start leaves no processes or files behind.
    let mut signals = Signals::listen().map_err(DevError::io("cannot handle signals"))?;
    let system = tokio::select! {
        system = start(options, &ui) => Some(system),
        () = signals.received() => None,
    };
    ui.started();
    let Some(system) = system.transpose()? else {
        return Ok(());
    };
    ui::print(&summary(&system, options));
    tokio::select! {
        () = watch(system.template().clone(), ui.clone()) => {}
        () = signals.received() => {}
    }
    ui::print("stopping");
    system.stop().await;
    Ok(())
}

/// Starts the system, and prepares its data.
async fn start(options: &DevOptions, ui: &Ui) -> Result<System, DevError> {
    let system = System::start_with(options, ui).await?;
    if let Some(prepare) = options.at_start.as_ref().filter(|_| !options.ephemeral) {
        ui.step("preparing the data");
        match prepare(system.endpoints().clone()).await {
            Ok(lines) => lines.iter().for_each(|line| ui.note(line)),
            Err(warning) => ui.warn(&warning),
        }
    }
    Ok(system)
}

/// Lists what is served and where the data is.
fn summary(system: &System, options: &DevOptions) -> String {
    let endpoints = system.endpoints();
    let data = match (&options.data_dir, options.ephemeral) {
        (_, true) => "in memory, discarded at exit".to_owned(),
        _ => system.data_dir().display().to_string(),
    };
    format!(
        "
  {name}, stack {stack}
{first}
    API        {api}
    DynamoDB   {dynamodb}
    SSM        {ssm}
    S3         {s3}
    Lambda     {lambda}
    SES        {ses}
    SQS        {sqs}
    EventBus   {eventbridge}
    payments   {payments}
    outbox     {outbox}
    metrics    {metrics}
    data       {data}
    endpoints  {file}

  Ctrl-C stops it.
",
        name = options.name,
        first = first(system, options),
        stack = options.stack_name,
        api = endpoints.api,
        dynamodb = endpoints.dynamodb,
        ssm = endpoints.ssm,
        s3 = endpoints.s3,
        lambda = endpoints.lambda,
        ses = endpoints.ses,
        sqs = endpoints.sqs,
        eventbridge = endpoints.eventbridge,
        payments = endpoints.payments,
        outbox = endpoints.outbox,
        metrics = endpoints.metrics,
        file = system.data_dir().join("endpoints.json").display(),
    )
}

/// Returns the lines about the page, which a newcomer opens first.
fn first(system: &System, options: &DevOptions) -> String {
    if !system.has_site() {
        return String::new();
    }
    let api = &system.endpoints().api;
    let reference = match options.api_document {
        Some(_) => format!("  The API reference is at {api}/docs.\n"),
        None => String::new(),
    };
    format!("\n  Open {api}/ in a browser.\n{reference}")
}

//! Starts and stops the system.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use axum::Router;
use clock::Clock;
use sam_template::Function;
use tokio::{
    sync::watch,
    task::{JoinHandle, JoinSet},
    time::timeout,
};

use crate::{
    DevError, DevOptions, Endpoints, PaymentOptions, Urls,
    api_document::ApiDocument,
    calls::Recorder,
    containers::Bridge,
    data_dir::DataDir,
    dynamodb::{Change, Changes, DynamoDb},
    eventbridge::EventBridge,
    events::{self, Bus, BusContext, Checkpoints, QueueContext, Settlement, StreamContext},
    front::{Front, Site},
    function::{self, Engines, Pool, Program},
    guard::Guard,
    iam::Principals,
    keys::Keys,
    lambda::Lambda,
    metrics::Metrics,
    origins::Origins,
    payments::{self, Payments, Settings},
    ports::Listeners,
    project::Project,
    s3::S3,
    seed,
    serve::{serve_engines, serve_front},
    ses::{Outbox, Ses},
    sqs::{Queues, Sqs},
    ssm::{ParameterStore, Ssm},
    ui::Ui,
    usage::Ledger,
    watch::TemplateFile,
};

/// How long running requests may take when the system stops.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);

/// A running system. [`System::stop`] shuts it down gracefully; dropping it stops it immediately.
pub struct System {
    endpoints: Endpoints,
    template: TemplateFile,
    has_site: bool,
    data_dir: DataDir,
    functions: BTreeMap<String, Arc<Pool>>,
    bus: Bus,
    schedules: JoinSet<()>,
    webhooks: JoinHandle<()>,
    consumers: JoinSet<()>,
    queue_consumers: JoinSet<()>,
    stop: watch::Sender<bool>,
    stop_engines: watch::Sender<bool>,
    front: JoinHandle<()>,
    engines: Vec<JoinHandle<()>>,
}

impl System {
    /// Starts all parts of the system, then writes `endpoints.json`.
    ///
    /// # Errors
    ///
    /// When the template is invalid, a port or the data directory is in use, or an engine cannot start.
    pub async fn start(options: &DevOptions) -> Result<Self, DevError> {
        Self::start_with(options, &Ui::quiet()).await
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one part after the other, in the order in which they need each other"
    )]
    pub(crate) async fn start_with(options: &DevOptions, ui: &Ui) -> Result<Self, DevError> {
        let clock = Clock::system();
        ui.step("reading the template");
        let listeners = Listeners::bind(options.port).await?;
        let urls = Urls {
            api: listeners.api.url(),
            payments: listeners.payments.url(),
            sqs: listeners.sqs.url(),
        };
        let project = Project::read(options, &urls)?;
        let program = program(options, &project.functions)?;
        let data_dir = data_dir(options)?;
        let keys = keys(options, &data_dir)?;
        let endpoints = Endpoints::new(&listeners, &keys, &project);
        let principals = Arc::new(principals(options, &project, &keys)?);
        let bridge = Bridge::find();
        let guard = Guard::new(bridge);

        ui.step("opening the database");
        let database = open_database(options, &data_dir, &project, ui)?;

        ui.step("opening the parameter store");
        let parameters = parameter_store(options, &data_dir, &database, (&keys, &clock))?;
        let payments = payments(options, &data_dir, (&urls, &keys), &clock)?;
        let ssm = Ssm::new(parameters, Arc::clone(&principals), clock.clone());

        ui.step("opening the queues");
        let path = (!options.ephemeral).then(|| data_dir.queues());
        let queues = Queues::open(path.as_deref(), project.queues, clock.clone(), ui.clone());
        let queues = queues.map_err(DevError::Queues)?;

        ui.step("starting the gateway");
        let metrics = Metrics::default();
        let of_pools = (keys, &principals, &clock, &metrics);
        let functions = pools(project.functions, &program, &endpoints, of_pools);
        let bus = Bus::new(BusContext {
            buses: project.buses,
            rules: project.rules,
            functions: functions.clone(),
            queues: queues.clone(),
            principals: Arc::clone(&principals),
            clock: clock.clone(),
            ui: ui.clone(),
        });
        let s3 = S3::open(
            &data_dir.objects(),
            &project.buckets,
            &project.access_points,
            Arc::clone(&principals),
            &clock,
            bus.clone(),
            endpoints.s3.clone(),
        );
        let s3 = s3.map_err(DevError::Buckets)?;
        let (outbox, checkpoints) = persistent_state(options, &data_dir)?;
        let ses = Ses {
            outbox: outbox.clone(),
            configuration_sets: project.configuration_sets,
            events: bus.clone(),
            principals: Arc::clone(&principals),
            clock: clock.clone(),
        };
        let streams = StreamContext {
            streams: database.streams(),
            checkpoints,
            queues: queues.clone(),
            principals: Arc::clone(&principals),
            clock: clock.clone(),
            ui: ui.clone(),
        };
        let lambda = Lambda {
            functions: functions.clone(),
            bus: bus.clone(),
            principals: Arc::clone(&principals),
            clock: clock.clone(),
        };
        let sqs = Sqs::new(
            queues.clone(),
            endpoints.sqs.clone(),
            Arc::clone(&principals),
            clock.clone(),
        );
        let eventbridge = EventBridge {
            bus: bus.clone(),
            principals: Arc::clone(&principals),
            clock: clock.clone(),
        };
        let site = project.site.and_then(|site| Site::new(site, &endpoints.s3));
        let has_site = site.is_some();
        let origins = Origins::new(options, &endpoints.api, ui);
        let front = Front::new(
            project.routes,
            site,
            (project.cors, origins.clone()),
            functions.clone(),
            clock.clone(),
            ui.clone(),
            listeners.api.address.port(),
        );

        let stop = watch::Sender::new(false);
        let stop_engines = watch::Sender::new(false);
        let dynamodb = database.into_router(Arc::clone(&principals), clock.clone());
        let routers = [
            (listeners.dynamodb, guard.engine(dynamodb)),
            (listeners.ssm, guard.engine(ssm.into_router())),
            (listeners.s3, s3.into_router(guard, origins)),
            (listeners.lambda, guard.engine(lambda.into_router())),
            (listeners.ses, guard.engine(ses.into_router())),
            (listeners.sqs, guard.engine(sqs.into_router())),
            (
                listeners.eventbridge,
                guard.engine(eventbridge.into_router()),
            ),
            (
                listeners.payments,
                guard.api(payments.clone().into_router()),
            ),
        ];
        let engines = serve_engines(routers, bridge, &stop_engines, ui).await;
        let schedules = schedules(options, &functions, &bus, &clock);
        let (consumers, positions) = events::consume_streams(&functions, &principals, &streams);
        let of_queues = QueueContext {
            queues: queues.clone(),
            clock: clock.clone(),
            ui: ui.clone(),
        };
        let (queue_consumers, sources) =
            events::consume_queues(&functions, &principals, &of_queues);
        let settlement = Settlement {
            functions: functions.clone(),
            bus: bus.clone(),
            streams: streams.streams.clone(),
            positions,
            queues,
            payments: payments.clone(),
            sources,
        };
        let pages = pages(options, outbox, metrics)?.merge(settlement.into_router());
        let site = guard.api(front.into_router().merge(pages));
        let system = Self {
            engines,
            consumers,
            queue_consumers,
            front: serve_front(listeners.api.socket, site, &stop),
            endpoints,
            template: project.template,
            has_site,
            data_dir,
            functions,
            bus,
            schedules,
            webhooks: payments.send_webhooks(),
            stop,
            stop_engines,
        };
        system
            .endpoints
            .write(&system.data_dir.endpoints())
            .map_err(DevError::io("cannot write endpoints.json"))?;
        Ok(system)
    }

    /// Returns the endpoints of the system.
    #[must_use]
    pub fn endpoints(&self) -> &Endpoints {
        &self.endpoints
    }

    /// Returns the directory of its data and of `endpoints.json`.
    #[must_use]
    pub fn data_dir(&self) -> &Path {
        self.data_dir.path()
    }

    /// Returns the template as the system has read it.
    pub(crate) fn template(&self) -> &TemplateFile {
        &self.template
    }

    /// Whether the system serves a page at `/`.
    pub(crate) fn has_site(&self) -> bool {
        self.has_site
    }

    /// Refuses new requests, waits a short time for running ones, and stops all processes.
    pub async fn stop(mut self) {
        self.stop.send_replace(true);
        self.schedules.abort_all();
        self.webhooks.abort();
        // Unfinished batches have no checkpoint, so the next start delivers them again.
        self.consumers.abort_all();
        // Messages in flight are visible again after the next start.
        self.queue_consumers.abort_all();
        // Running functions need the engines, which stop last. Requests that take longer are aborted.
        let _ = timeout(SHUTDOWN_TIMEOUT, async {
            let _ = (&mut self.front).await;
            self.bus.finished().await;
        })
        .await;
        for function in self.functions.values() {
            function.stop().await;
        }
        self.stop_engines.send_replace(true);
    }
}

impl Drop for System {
    fn drop(&mut self) {
        self.front.abort();
        self.webhooks.abort();
        for engine in &self.engines {
            engine.abort();
        }
        for function in self.functions.values() {
            function.stop_now();
        }
    }
}

fn program(options: &DevOptions, functions: &[Function]) -> Result<Program, DevError> {
    let Some(directory) = &options.bootstraps else {
        let executable = std::env::current_exe()
            .map_err(DevError::io("cannot find the path of this executable"))?;
        return Ok(Program::ThisExecutable(executable));
    };
    let directory = std::path::absolute(directory).map_err(DevError::io(
        "cannot resolve the directory of the bootstraps",
    ))?;
    for function in functions {
        let path: PathBuf = function::bootstrap(&directory, function);
        if !path.exists() {
            return Err(DevError::NoBootstrap {
                function: function.logical_id.clone(),
                path,
            });
        }
    }
    Ok(Program::Bootstraps(directory))
}

fn data_dir(options: &DevOptions) -> Result<DataDir, DevError> {
    Ok(match &options.data_dir {
        Some(path) if options.ephemeral => DataDir::open_ephemeral(path)?,
        Some(path) => DataDir::open(path)?,
        None => DataDir::temporary()?,
    })
}

/// Opens the database, and changes the tables that differ from the template.
fn open_database(
    options: &DevOptions,
    data_dir: &DataDir,
    project: &Project,
    ui: &Ui,
) -> Result<DynamoDb, DevError> {
    let path = (!options.ephemeral).then(|| data_dir.database());
    let saved = (!options.ephemeral).then(|| data_dir.replaced_tables());
    let changes = Changes {
        saved: saved.as_deref(),
        consequences: options.consequences,
        report: &|change| match change {
            Change::Safe(text) => ui.note(&text),
            Change::Replaced(text) => ui.warn(&text),
        },
    };
    Ok(DynamoDb::open(path.as_deref(), &project.tables, &changes)?)
}

/// Creates the instance pools of all functions, by logical id.
fn pools(
    functions: Vec<Function>,
    program: &Program,
    endpoints: &Endpoints,
    (keys, principals, clock, metrics): (Keys, &Arc<Principals>, &Clock, &Metrics),
) -> BTreeMap<String, Arc<Pool>> {
    let engines = Engines {
        dynamodb: endpoints.dynamodb.clone(),
        s3: endpoints.s3.clone(),
        ssm: endpoints.ssm.clone(),
        ses: endpoints.ses.clone(),
        sqs: endpoints.sqs.clone(),
        eventbridge: endpoints.eventbridge.clone(),
        lambda: endpoints.lambda.clone(),
        keys,
    };
    let pool = |function: Function| {
        let id = function.logical_id.clone();
        let principals = Arc::clone(principals);
        let (program, engines) = (program.clone(), engines.clone());
        let (clock, metrics) = (clock.clone(), metrics.clone());
        let pool = Pool::new(function, program, engines, principals, clock, metrics);
        (id, Arc::new(pool))
    };
    functions.into_iter().map(pool).collect()
}

/// Reads or generates the secret keys. An ephemeral system generates new ones and keeps them in memory.
fn keys(options: &DevOptions, data_dir: &DataDir) -> Result<Keys, DevError> {
    if options.ephemeral {
        return Keys::random().map_err(DevError::io("cannot generate a secret key"));
    }
    let path = data_dir.secret_key();
    Keys::open(&path).map_err(|error| DevError::StateFile { path, error })
}

/// Creates the principals, with the recordings that are configured.
fn principals(
    options: &DevOptions,
    project: &Project,
    keys: &Keys,
) -> Result<Principals, DevError> {
    let (recorder, ledger) = (recorder(options)?, ledger(options)?);
    Ok(Principals::new(&project.functions, keys, recorder, ledger))
}

/// Returns what is served next to the API.
fn pages(options: &DevOptions, outbox: Outbox, metrics: Metrics) -> Result<Router, DevError> {
    let pages = outbox.into_router().merge(metrics.into_router());
    let document = options.api_document.map(ApiDocument::parse);
    let document = document.transpose().map_err(DevError::ApiDocument)?;
    Ok(match document {
        Some(document) => pages.merge(document.into_router()),
        None => pages,
    })
}

/// Starts the functions with schedules, unless the options turn them off.
fn schedules(
    options: &DevOptions,
    functions: &BTreeMap<String, Arc<Pool>>,
    bus: &Bus,
    clock: &Clock,
) -> JoinSet<()> {
    if options.schedules {
        events::start_schedules(functions, bus, clock)
    } else {
        JoinSet::new()
    }
}

/// Opens the recording of the functions' calls, if one is configured.
fn recorder(options: &DevOptions) -> Result<Recorder, DevError> {
    match &options.record_calls {
        Some(directory) => {
            Recorder::open(directory).map_err(DevError::io("the calls cannot be recorded"))
        }
        None => Ok(Recorder::default()),
    }
}

/// Opens the recording of what the functions use, if one is configured.
fn ledger(options: &DevOptions) -> Result<Ledger, DevError> {
    match &options.record_usage {
        Some(directory) => {
            Ledger::open(directory).map_err(DevError::io("the usage cannot be recorded"))
        }
        None => Ok(Ledger::default()),
    }
}

/// Opens the state that is stored outside the engines' data.
fn persistent_state(
    options: &DevOptions,
    data_dir: &DataDir,
) -> Result<(Outbox, Checkpoints), DevError> {
    if options.ephemeral {
        return Ok((Outbox::default(), Checkpoints::default()));
    }
    let failed = |path: PathBuf| move |error| DevError::StateFile { path, error };
    let (outbox, streams) = (data_dir.outbox(), data_dir.streams());
    Ok((
        Outbox::open(&outbox).map_err(failed(outbox))?,
        Checkpoints::open(&streams).map_err(failed(streams))?,
    ))
}

/// Opens the stand-in of the payment provider.
fn payments(
    options: &DevOptions,
    data_dir: &DataDir,
    (urls, keys): (&Urls, &Keys),
    clock: &Clock,
) -> Result<Payments, DevError> {
    let path = data_dir.payments();
    let file = (!options.ephemeral).then_some(path.as_path());
    let webhook_path = options.payments.as_ref().map(|it| it.webhook_path.as_str());
    let settings = Settings {
        url: urls.payments.clone(),
        api_key: payments::api_key(keys).into(),
        webhook_url: format!("{}{}", urls.api, webhook_path.unwrap_or("/")),
        webhook_secret: payments::webhook_secret(keys).into(),
    };
    let opened = Payments::open(file, settings, clock.clone());
    opened.map_err(|error| DevError::StateFile { path, error })
}

/// Opens the parameter store, and creates the parameters and items of a new system.
fn parameter_store(
    options: &DevOptions,
    data_dir: &DataDir,
    database: &DynamoDb,
    (keys, clock): (&Keys, &Clock),
) -> Result<ParameterStore, DevError> {
    let mut store = if options.ephemeral {
        ParameterStore::in_memory()
    } else {
        ParameterStore::open(&data_dir.parameters())
            .map_err(|error| DevError::Parameters(error.to_string()))?
    };
    if let Some(seed) = &options.seed {
        seed::seed(&mut store, database, seed, &options.stack_name, clock.now())?;
    }
    if let Some(PaymentOptions {
        api_key_parameter,
        webhook_secret_parameter,
        ..
    }) = &options.payments
    {
        let secrets = [
            (api_key_parameter, payments::api_key(keys)),
            (webhook_secret_parameter, payments::webhook_secret(keys)),
        ];
        for (name, value) in secrets {
            seed::put_missing(&mut store, name, value, clock.now())?;
        }
    }
    Ok(store)
}

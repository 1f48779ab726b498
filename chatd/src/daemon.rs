//! The whole daemon: put together, run, and taken apart in order.

use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::atomic::AtomicUsize;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use anyhow::{Context, anyhow};
use chatd_core::{Core, Input, Kept, ServerSecret};
use tokio::runtime::{Builder, Handle, Runtime};
use tokio::sync::{mpsc, oneshot};
use tokio::time::MissedTickBehavior;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::answers::Answers;
use crate::auth;
use crate::auth::hashing::Hashing;
use crate::clock::{self, Clock};
use crate::commit::{Commit, JournalFailed, Observers};
use crate::config::{Config, Directories};
use crate::conn::Readers;
use crate::control::{self, Control, Opened, Settings};
use crate::disk_full::DiskFullWait;
use crate::egress::{self, Egress, Order};
use crate::jobs::Jobs;
use crate::listen::{
    self, Activation, Admission, BindError, Bound, Cloak, Gate, Listening, Refusals, SocketFile, Terms,
};
use crate::lock::{Lock, LockError};
use crate::logging::{EventKind, Fields, Log};
use crate::mailbox::Mailbox;
use crate::metrics::Metrics;
use crate::pulse::Pulse;
use crate::release::Outlets;
use crate::run;
use crate::signals::{self, Signal};
use crate::stall::Stall;
use crate::store::{Archive, Maintenance, Store, StoreError};
use crate::systemd::Supervision;
use crate::tls::{Handshakes, Shown};
use crate::watch::Watch;
use crate::{admin, owner, process, scrape};

/// Outcomes of steps that may wait for egress; then the core waits.
const ORDERS_MAX: usize = 64;
const TICK: Duration = Duration::from_secs(1);
/// How often the history is brought within its bounds.
const MINUTES: Duration = Duration::from_secs(10 * 60);
/// How often warnings are repeated.
const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// What the daemon is started with.
#[derive(Debug)]
pub(crate) struct Start {
    pub(crate) config: Config,
    /// The file that was asked for on the command line.
    pub(crate) asked_for: Option<PathBuf>,
    pub(crate) directories: Directories,
}

/// All sockets that are listened on.
struct Sockets {
    admin: (UnixListener, SocketFile),
    chat: Vec<Listening>,
    metrics: Vec<Bound>,
}

/// How the threads end: without a word when they panicked.
struct Threads {
    core: oneshot::Receiver<Result<(), JournalFailed>>,
    egress: oneshot::Receiver<()>,
}

/// Runs until it is told to stop. What can be wrong at the start is found before anybody is let in.
///
/// # Errors
/// What keeps it from starting, or from going on.
pub(crate) fn run(mut start: Start) -> anyhow::Result<()> {
    let handed = Activation::from_environment()?;
    let log = Log::start(start.config.log_level);
    let mut signals = signals::listen().context("cannot listen to signals")?;
    process::forbid_core_dumps();
    let connections_max = process::raise_descriptors();
    start.directories.create()?;
    owner::must_not_be_foreign(&start.directories.state)?;
    let Some((_lock, store, mut kept)) = open_state(&start, &mut signals)? else { return Ok(()) };
    kept.logins = auth::login::all_local();
    let sockets = Sockets::bind(&mut start.config, handed)?;
    let inputs = Arc::new(Mailbox::new(run::INPUTS_MAX));
    let runtime = runtime(&inputs)?;
    let outcome =
        runtime.block_on(serve(start, (store, kept), log, sockets, connections_max, inputs, signals));
    // Look-ups may hang on a remote database; nobody waits for them any more.
    runtime.shutdown_background();
    outcome
}

/// Locks the state directory and opens the database. Returns nothing if chatd is to stop before there is room on the disk.
fn open_state(
    start: &Start,
    signals: &mut mpsc::UnboundedReceiver<Signal>,
) -> anyhow::Result<Option<(Arc<Lock>, Store, Kept)>> {
    let (directory, sync) = (&start.directories.state, start.config.history.sync);
    let mut wait = DiskFullWait::new(signals);
    let Some(lock) = wait.run(LockError::is_disk_full, || Lock::take(directory))? else { return Ok(None) };
    let open = || Store::open(directory, sync, clock::wall());
    let Some((mut store, kept)) = wait.run(StoreError::is_disk_full, open)? else { return Ok(None) };
    let lock = Arc::new(lock);
    store.watch_lock(Arc::clone(&lock));
    Ok(Some((lock, store, kept)))
}

/// Connections are read by one thread. It puts inputs in and leaves waking the core to the end of its round.
fn runtime(inputs: &Arc<Mailbox<Input>>) -> anyhow::Result<Runtime> {
    let ringing = Arc::clone(inputs);
    Builder::new_current_thread()
        .enable_all()
        .on_thread_park(move || ringing.ring())
        .build()
        .context("cannot start the runtime")
}

async fn serve(
    start: Start,
    (store, kept): (Store, Kept),
    log: Log,
    sockets: Sockets,
    connections_max: usize,
    inputs: Arc<Mailbox<Input>>,
    signals: mpsc::UnboundedReceiver<Signal>,
) -> anyhow::Result<()> {
    let clock = store.clock();
    let started_at = clock.now().wall.0;
    let metrics = Arc::new(Metrics::new(started_at));
    let hashing = Arc::new(Hashing::start().context("cannot prepare for hashing passwords")?);
    let (archive, disk_space) = (store.archive(), store.disk_space());
    let wiring =
        Wiring::new(&start.config, connections_max, &inputs, Arc::clone(&archive), &metrics, &hashing);
    let admission = Arc::new(wiring.admission(kept.secret, &metrics));
    let outlets = Arc::new(wiring.outlets);
    let (core_pulse, stall) = (Pulse::default(), Stall::default());
    let observers =
        Observers { metrics: metrics.store.clone(), pulse: core_pulse.clone(), stall: stall.clone() };
    let commit = Commit::new(Arc::clone(&outlets), Box::new(store), observers)?;
    let bounds = start.config.history.bounds;
    let maintenance = Arc::new(Maintenance::new(
        archive,
        commit.chores(),
        clock.clone(),
        disk_space,
        bounds,
        metrics.history.clone(),
    ));
    let core = Core::new(start.config.policy.clone(), kept, clock.now().wall);
    control::warn_of_exposure(&start.config);
    let control = Arc::new(Control {
        core: inputs,
        answers: Arc::clone(&outlets.answers),
        watch: outlets.watch.clone(),
        log,
        metrics,
        hashing,
        maintenance,
        settings: wiring.settings,
        asked_for: start.asked_for,
        directories: start.directories,
        stall,
        current: Mutex::new(start.config),
        reloading: tokio::sync::Mutex::default(),
        listeners: sockets.opened(),
        metrics_places: sockets.metrics.iter().map(Bound::place).collect(),
        restart_needed: Mutex::default(),
    });
    let orders = Arc::clone(&wiring.outside.orders);
    let egress_pulse = wiring.outside.pulse.clone();
    let threads = Threads::start(core, commit, &control, wiring.outside, core_pulse.clone(), clock)?;
    let (stopping, tasks) = (CancellationToken::new(), TaskTracker::new());
    let _admin_file = sockets.listen(&tasks, &control, &admission, &stopping)?;
    let places = control.places();
    log_started(&places);
    let mut supervision = Supervision::ready(&places, vec![core_pulse, egress_pulse]);
    let outcome = attend(&control, &orders, threads, signals, &mut supervision).await;
    supervision.stopping();
    stopping.cancel();
    tasks.wait().await;
    if outcome.is_ok() {
        EventKind::Stopped.log(&Fields::default(), format_args!("stopped"));
    }
    outcome
}

/// What the parts of the daemon hand each other things through.
struct Wiring {
    outside: egress::Outside,
    outlets: Outlets,
    settings: Settings,
}

impl Wiring {
    fn new(
        config: &Config,
        connections_max: usize,
        inputs: &Arc<Mailbox<Input>>,
        archive: Arc<Archive>,
        metrics: &Arc<Metrics>,
        hashing: &Arc<Hashing>,
    ) -> Self {
        let connections = &config.connections;
        let outside = egress::Outside {
            orders: Arc::new(Mailbox::new(ORDERS_MAX)),
            slots: Arc::default(),
            send_queue: Arc::new(AtomicUsize::new(connections.send_queue)),
            send_queues: Arc::new(AtomicUsize::new(connections.send_queues)),
            runtime: Handle::current(),
            pulse: Pulse::default(),
            metrics: Arc::clone(&metrics.egress),
        };
        let settings = Settings {
            gate: Arc::new(Gate::new(connections, connections_max, Arc::clone(metrics))),
            readers: Arc::new(Readers::new(Arc::clone(inputs), connections)),
            send_queue: Arc::clone(&outside.send_queue),
            send_queues: Arc::clone(&outside.send_queues),
            handshakes: Arc::new(Handshakes::new(config.policy.keepalive.registration)),
        };
        let outlets = Outlets {
            egress: Arc::clone(&outside.orders),
            jobs: Jobs::new(
                Handle::current(),
                Arc::clone(inputs),
                Arc::clone(&outside.orders),
                Arc::clone(hashing),
                archive,
            ),
            answers: Arc::new(Answers::default()),
            watch: Watch::new(),
        };
        Self { outside, outlets, settings }
    }

    fn admission(&self, secret: ServerSecret, metrics: &Arc<Metrics>) -> Admission {
        Admission {
            gate: Arc::clone(&self.settings.gate),
            slots: Arc::clone(&self.outside.slots),
            egress: Arc::clone(&self.outside.orders),
            readers: Arc::clone(&self.settings.readers),
            cloak: Cloak::new(secret),
            refusals: Refusals::default(),
            handshakes: Arc::clone(&self.settings.handshakes),
            metrics: Arc::clone(metrics),
        }
    }
}

impl Sockets {
    /// Takes those default listeners out of the configuration for which the host has no address.
    fn bind(config: &mut Config, mut handed: Activation) -> anyhow::Result<Self> {
        let mut chat = Vec::new();
        let listeners = std::mem::take(&mut config.listeners);
        for listener in listeners {
            let bound = match listen::bind(&listener.place, &mut handed) {
                Ok(bound) => bound,
                Err(error) if listener.is_default && error.is_address_missing() => {
                    tracing::warn!("{error}; chatd does without this default listener");
                    continue;
                }
                Err(error) => return Err(error.into()),
            };
            let certificate = listener.certificate.clone();
            let certificate = certificate.map(|shown| Arc::new(Shown::new(bound.place(), shown)));
            chat.push(Listening { bound, terms: Terms { guests: listener.guests, certificate } });
            config.listeners.push(listener);
        }
        let admin = listen::admin(&config.admin, &mut handed)?;
        let bind_place = |place| listen::bind(place, &mut handed);
        let metrics = config.metrics.iter().map(bind_place).collect::<Result<_, BindError>>()?;
        handed.must_be_used_up()?;
        Ok(Self { chat, admin, metrics })
    }

    fn opened(&self) -> Vec<Opened> {
        let opened = |listening: &Listening| Opened {
            place: listening.bound.place(),
            certificate: listening.terms.certificate.clone(),
        };
        self.chat.iter().map(opened).collect()
    }

    fn listen(
        self,
        tasks: &TaskTracker,
        control: &Arc<Control>,
        admission: &Arc<Admission>,
        stopping: &CancellationToken,
    ) -> anyhow::Result<SocketFile> {
        let (admin, file) = self.admin;
        let admin = tokio::net::UnixListener::from_std(admin).context("cannot listen to administrators")?;
        let limits = admin::Limits::default();
        tasks.spawn(admin::serve(admin, Arc::clone(control), limits, stopping.clone()));
        for listening in self.chat {
            let task = listen::listen(listening, Arc::clone(admission), stopping.clone());
            tasks.spawn(task.context("cannot listen")?);
        }
        for bound in self.metrics {
            tasks.spawn(scrape::serve(bound, Arc::clone(&control.metrics), stopping.clone()));
        }
        tasks.close();
        Ok(file)
    }
}

impl Threads {
    fn start(
        core: Core,
        commit: Commit<Outlets>,
        control: &Control,
        outside: egress::Outside,
        pulse: Pulse,
        clock: Clock,
    ) -> anyhow::Result<Self> {
        let (inbox, answers) = (Arc::clone(&control.core), Arc::clone(&control.answers));
        let readers = Arc::clone(&control.settings.readers);
        let (metrics, maintenance) = (Arc::clone(&control.metrics), Arc::clone(&control.maintenance));
        let core = spawn("core", move || {
            let outcome = run::run(core, &inbox, &commit, &readers.holds, &metrics.core, &pulse, &clock);
            maintenance.save_clock();
            let outcome = outcome.and_then(|()| commit.finish());
            answers.give_up();
            outcome
        })?;
        let egress = spawn("egress", move || Egress::new(outside).run())?;
        Ok(Self { core, egress })
    }
}

fn log_started(listeners: &[String]) {
    let (version, listeners) = (env!("CARGO_PKG_VERSION"), listeners.join(" "));
    let fields = Fields { version: Some(version), listener: Some(&listeners), ..Fields::default() };
    EventKind::Started.log(&fields, format_args!("started: chatd {version} listens on {listeners}"));
}

fn spawn<T: Send + 'static>(
    name: &str,
    work: impl FnOnce() -> T + Send + 'static,
) -> anyhow::Result<oneshot::Receiver<T>> {
    let (sender, receiver) = oneshot::channel();
    // At the end nobody may be left to be told.
    let work = move || drop(sender.send(work()));
    thread::Builder::new().name(name.into()).spawn(work).context("cannot start a thread")?;
    Ok(receiver)
}

/// Passes on time and signals until the last frame is written.
async fn attend(
    control: &Arc<Control>,
    orders: &Mailbox<Order>,
    mut threads: Threads,
    mut signals: mpsc::UnboundedReceiver<Signal>,
    supervision: &mut Supervision,
) -> anyhow::Result<()> {
    let mut ticks = tokio::time::interval(TICK);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut days = tokio::time::interval_at(tokio::time::Instant::now() + DAY, DAY);
    control.tell_certificates();
    let mut minutes = tokio::time::interval(MINUTES);
    minutes.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut core_runs = true;
    loop {
        tokio::select! {
            ended = &mut threads.egress => {
                ended.map_err(|_| anyhow!("the writing thread broke down; this is a bug in chatd"))?;
                if core_runs {
                    core_ended(threads.core.await)?;
                }
                return Ok(());
            }
            ended = &mut threads.core, if core_runs => {
                core_ended(ended)?;
                core_runs = false;
                supervision.stopping();
            }
            _ = ticks.tick() => {
                control.watch_clock();
                control.watch_disk_space();
                control.core.push(Input::Tick);
                orders.push(Order::Beat);
                supervision.tick(&control.metrics.core, control.stall.why().as_deref());
            }
            _ = minutes.tick() => control.keep_history_within_bounds(),
            _ = days.tick() => control.warn_daily(),
            Some(signal) = signals.recv() => match signal {
                Signal::Reload => {
                    // Time goes on, however long it takes to read.
                    let control = Arc::clone(control);
                    tokio::spawn(async move { control.reload_now().await });
                }
                Signal::Stop => {
                    supervision.stopping();
                    control.stall.give_up();
                    control.core.push(Input::Stop { reason: "The server is shutting down".into() });
                }
            }
        }
    }
}

/// The core ends when the chat has stopped and all is stored.
fn core_ended(ended: Result<Result<(), JournalFailed>, oneshot::error::RecvError>) -> anyhow::Result<()> {
    Ok(ended.map_err(|_| anyhow!("the core broke down; this is a bug in chatd"))??)
}

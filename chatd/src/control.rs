//! What can be asked of the running daemon: by administrators, and by signals.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chat_proto::admin::{Checked, ClockState, ClockStatus, DaemonStatus, Error, Event, LogLevel, Reloaded};
use chatd_core::{Actor, AdminAnswer, AdminCommand, Input, Uptime};
use tokio::sync::broadcast;

use crate::admin::Backend;
use crate::answers::Answers;
use crate::auth::hashing::Hashing;
use crate::clock::{self, Deviation, Doubt};
use crate::config::{self, Config, ConfigError, Directories, Listener};
use crate::conn::Readers;
use crate::listen::Gate;
use crate::logging::{EventKind, Fields, Log, log_failure};
use crate::mailbox::Mailbox;
use crate::metrics::Metrics;
use crate::stall::Stall;
use crate::store::Maintenance;
use crate::systemd;
use crate::tls::{Handshakes, Shown};
use crate::watch::Watch;

#[derive(Debug)]
pub(crate) struct Control {
    pub(crate) core: Arc<Mailbox<Input>>,
    pub(crate) answers: Arc<Answers>,
    pub(crate) watch: Watch,
    pub(crate) log: Log,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) hashing: Arc<Hashing>,
    pub(crate) maintenance: Arc<Maintenance>,
    pub(crate) settings: Settings,
    /// The file that was asked for on the command line.
    pub(crate) asked_for: Option<PathBuf>,
    pub(crate) directories: Directories,
    pub(crate) stall: Stall,
    pub(crate) current: Mutex<Config>,
    /// One reload at a time.
    pub(crate) reloading: tokio::sync::Mutex<()>,
    /// In the configuration's order.
    pub(crate) listeners: Vec<Opened>,
    /// Where metrics are shown.
    pub(crate) metrics_places: Vec<String>,
    /// Keys of the configuration whose change waits for a restart.
    pub(crate) restart_needed: Mutex<Vec<String>>,
}

/// A listener that accepts.
#[derive(Debug)]
pub(crate) struct Opened {
    pub(crate) place: String,
    pub(crate) certificate: Option<Arc<Shown>>,
}

/// Where the bounds of the sockets' side are held.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) gate: Arc<Gate>,
    pub(crate) readers: Arc<Readers>,
    pub(crate) send_queue: Arc<AtomicUsize>,
    pub(crate) send_queues: Arc<AtomicUsize>,
    pub(crate) handshakes: Arc<Handshakes>,
}

impl Settings {
    fn set(&self, connections: &config::Connections) {
        self.gate.set(connections);
        self.readers.set(connections);
        self.send_queue.store(connections.send_queue, Ordering::Relaxed);
        self.send_queues.store(connections.send_queues, Ordering::Relaxed);
    }
}

/// What a reload is about to put in force: all that was read and made for it without a failure.
#[derive(Debug)]
struct Prepared {
    config: Config,
}

impl Control {
    /// Reads the configuration again and puts it in force, or leaves everything as it is.
    pub(crate) async fn reload_now(&self) -> Result<Reloaded, Error> {
        // What was read last shall be what is in force in the end.
        let _turn = self.reloading.lock().await;
        let reloading = systemd::reloading();
        let outcome = self.prepare().await.map(|prepared| self.commit(prepared));
        drop(reloading);
        self.metrics.config.reloaded(outcome.is_ok());
        match &outcome {
            Ok(reloaded) => log_reloaded(reloaded),
            Err(error) => {
                let what = "configuration not reloaded, the old one stays in force";
                log_failure(EventKind::ReloadFailed, what, error);
            }
        }
        outcome
    }

    /// Everything that can fail, so that nothing has changed when something does.
    async fn prepare(&self) -> Result<Prepared, Error> {
        let config = self.load().await?;
        Ok(Prepared { config })
    }

    /// Puts in force what was prepared, which cannot fail.
    fn commit(&self, prepared: Prepared) -> Reloaded {
        let Prepared { config } = prepared;
        let mut current = self.current();
        let changed = current.settings.changes(&config.settings);
        // A level that was set meanwhile holds until the file has another.
        if config.log_level != current.log_level {
            self.log.set_level(config.log_level);
        }
        self.settings.set(&config.connections);
        self.maintenance.set_bounds(config.history.bounds);
        self.keep_history_within_bounds();
        self.settings.handshakes.set(config.policy.keepalive.registration);
        self.show_certificates(&current.listeners, &config.listeners);
        self.core.push(Input::Policy(Box::new(config.policy.clone())));
        // What stays as it is until a restart is compared with what runs, however often it is reloaded.
        let (listeners, admin) = (std::mem::take(&mut current.listeners), current.admin.clone());
        let settings = current.settings.followed_by(config.settings);
        let metrics = std::mem::take(&mut current.metrics);
        *current = Config { listeners, admin, metrics, settings, ..config };
        let restart_needed: Vec<String> =
            changed.iter().filter(|change| change.restart).map(|change| change.key.clone()).collect();
        self.restart_needed().clone_from(&restart_needed);
        warn_of_exposure(&current);
        Reloaded { config: shown(&current), restart_needed, changed }
    }

    async fn load(&self) -> Result<Config, Error> {
        // A file that was there and is gone is not taken for the wish to have the defaults.
        let path = self.asked_for.clone().or_else(|| self.current().file.clone());
        let directories = self.directories.clone();
        let loading = tokio::task::spawn_blocking(move || config::load(path.as_deref(), &directories));
        match loading.await {
            Ok(loaded) => {
                loaded.map_err(|error: ConfigError| Error::ConfigInvalid { message: error.to_string() })
            }
            Err(_) => Err(Error::Unavailable { reason: "the configuration could not be read".into() }),
        }
    }

    /// For connections to come; those that are there go on.
    fn show_certificates(&self, running: &[Listener], new: &[Listener]) {
        for (listener, opened) in running.iter().zip(&self.listeners) {
            let new = new.iter().find(|new| new.is_alike(listener)).and_then(|new| new.certificate.as_ref());
            if let (Some(shown), Some(certificate)) = (&opened.certificate, new) {
                shown.replace(certificate);
            }
        }
        self.tell_certificates();
    }

    /// Unless it is being done already. It takes its time, on a thread of its own.
    pub(crate) fn keep_history_within_bounds(&self) {
        let maintenance = Arc::clone(&self.maintenance);
        tokio::task::spawn_blocking(move || maintenance.keep_within_bounds());
    }

    /// What is to be known of the certificates that are shown now.
    pub(crate) fn tell_certificates(&self) {
        for shown in self.certificates() {
            shown.warn();
            self.metrics.tls.shows(&shown.listener, shown.now().until.as_second());
        }
    }

    fn restart_needed(&self) -> MutexGuard<'_, Vec<String>> {
        self.restart_needed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns what the administrator should see to now.
    fn warnings(&self) -> Vec<String> {
        let certificates = self.certificates().flat_map(|shown| shown.now().concerns());
        certificates.chain(self.current().exposure()).collect()
    }

    /// Repeats what an administrator should see to.
    pub(crate) fn warn_daily(&self) {
        self.tell_certificates();
        self.maintenance.clock().doubt().into_iter().for_each(clock::log_doubt);
    }

    /// Logs and publishes whether the clock is believed.
    pub(crate) fn watch_clock(&self) {
        let clock = self.maintenance.clock();
        clock.log_change();
        self.metrics.clock.deviates(clock.doubt().map_or(0, Doubt::seconds));
    }

    /// Looks at the free space on the disk, on a thread of its own, and publishes it.
    pub(crate) fn watch_disk_space(&self) {
        let (maintenance, metrics) = (Arc::clone(&self.maintenance), self.metrics.store.clone());
        tokio::task::spawn_blocking(move || {
            maintenance.watch_disk_space();
            metrics.has_space(maintenance.disk_space().free(), maintenance.disk_space().reserve());
        });
    }

    pub(crate) fn certificates(&self) -> impl Iterator<Item = &Arc<Shown>> {
        self.listeners.iter().filter_map(|opened| opened.certificate.as_ref())
    }

    pub(crate) fn places(&self) -> Vec<String> {
        self.listeners.iter().map(|opened| opened.place.clone()).collect()
    }

    fn current(&self) -> MutexGuard<'_, Config> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Backend for Control {
    async fn ask(&self, actor: Actor, command: AdminCommand) -> Option<AdminAnswer> {
        if let Some(why) = self.stall.why() {
            let reason = format!("it waits until what was said can be stored: {why}");
            return Some(AdminAnswer::Refused(Error::Unavailable { reason }));
        }
        let (request, answer) = self.answers.expect();
        self.core.push(Input::Admin { request, actor, command: Box::new(command) });
        answer.await.ok()
    }

    async fn reload(&self) -> Result<Reloaded, Error> {
        self.reload_now().await
    }

    async fn check(&self) -> Result<Checked, Error> {
        self.load().await.map(|config| Checked { config: shown(&config) })
    }

    fn set_log_level(&self, level: LogLevel) -> String {
        self.log.set_level(level).to_string()
    }

    fn accept_clock(&self) -> bool {
        let was_doubted = self.maintenance.clock().accept();
        self.watch_clock();
        self.keep_history_within_bounds();
        was_doubted
    }

    fn status(&self) -> DaemonStatus {
        let (stored_messages, database_size) = self.metrics.store.held();
        let config = shown(&self.current());
        let warnings = self.warnings();
        DaemonStatus {
            stored_messages,
            database_size,
            disk_free: self.maintenance.disk_space().free(),
            disk_reserve: self.maintenance.disk_space().reserve(),
            version: env!("CARGO_PKG_VERSION").into(),
            pid: std::process::id(),
            started_at: self.maintenance.clock().now().wall_at(Uptime(0)).0,
            config,
            listeners: self.listeners.iter().map(ToString::to_string).collect(),
            certificates: self.certificates().map(|shown| shown.described()).collect(),
            metrics_listeners: self.metrics_places.clone(),
            restart_needed: self.restart_needed().clone(),
            warnings,
            memory: self.metrics.resident_memory(),
            log_level: self.log.level().to_string(),
            clock: self.maintenance.clock().doubt().map(clock_status),
            metrics: BTreeMap::new(),
        }
    }

    fn admin_group(&self) -> Option<String> {
        Some(self.current().admin.group.clone())
    }

    fn events(&self) -> &broadcast::Sender<Event> {
        self.watch.events()
    }

    fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    fn hashing(&self) -> &Hashing {
        &self.hashing
    }

    fn maintenance(&self) -> &Arc<Maintenance> {
        &self.maintenance
    }
}

fn clock_status(doubt: Doubt) -> ClockStatus {
    let state = match doubt.deviation {
        Deviation::Ahead => ClockState::Ahead,
        Deviation::Behind => ClockState::Behind,
    };
    ClockStatus { state, by_ms: doubt.by, expected: doubt.expected.0, confirmed_in_ms: doubt.confirmed_in }
}

/// Logs that everybody can read the password hashes of the configuration.
pub(crate) fn warn_of_exposure(config: &Config) {
    if let Some(exposure) = config.exposure() {
        tracing::warn!("{exposure}");
    }
}

fn log_reloaded(Reloaded { config, changed, .. }: &Reloaded) {
    let keys = |restart| {
        let keys = changed.iter().filter(|change| change.restart == restart).map(|change| &*change.key);
        keys.collect::<Vec<_>>().join(" ")
    };
    let (in_force, waiting) = (keys(false), keys(true));
    let fields = Fields {
        config: config.as_deref(),
        changed: Some(&in_force),
        restart: Some(&waiting),
        ..Fields::default()
    };
    let listed =
        |words: &str, keys: &str| if keys.is_empty() { String::new() } else { format!("; {words}: {keys}") };
    let nothing = if changed.is_empty() { "; nothing changed" } else { "" };
    let (changed, restart) = (listed("changed", &in_force), listed("needs a restart", &waiting));
    let file = config.as_deref().unwrap_or("built-in defaults");
    EventKind::Reloaded
        .log(&fields, format_args!("configuration reloaded from {file}{changed}{restart}{nothing}"));
}

impl fmt::Display for Opened {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(certificate) = &self.certificate else { return f.write_str(&self.place) };
        write!(f, "{} (TLS, certificate until {})", self.place, certificate.now().last_day())
    }
}

fn shown(config: &Config) -> Option<String> {
    config.file.as_deref().map(|file| file.display().to_string())
}

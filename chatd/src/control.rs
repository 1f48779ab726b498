//! What can be asked of the running daemon: by administrators, and by signals.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chat_proto::admin::{Checked, DaemonStatus, Error, Event, LogLevel, Reloaded};
use chatd_core::{Actor, AdminAnswer, AdminCommand, Input};
use tokio::sync::broadcast;

use crate::admin::Backend;
use crate::answers::Answers;
use crate::config::{self, Config, ConfigError, Directories};
use crate::conn::Readers;
use crate::listen::Gate;
use crate::logging::Log;
use crate::mailbox::Mailbox;
use crate::metrics::{AdminMetrics, Metrics};
use crate::systemd;
use crate::watch::Watch;

#[derive(Debug)]
pub(crate) struct Control {
    pub(crate) core: Arc<Mailbox<Input>>,
    pub(crate) answers: Arc<Answers>,
    pub(crate) watch: Watch,
    pub(crate) log: Log,
    pub(crate) metrics: Arc<Metrics>,
    pub(crate) settings: Settings,
    /// The file that was asked for on the command line.
    pub(crate) asked_for: Option<PathBuf>,
    pub(crate) directories: Directories,
    pub(crate) current: Mutex<Config>,
    /// Milliseconds since the Unix epoch.
    pub(crate) started_at: u64,
    pub(crate) listeners: Vec<String>,
}

/// Where the bounds of the sockets' side are held.
#[derive(Debug)]
pub(crate) struct Settings {
    pub(crate) gate: Arc<Gate>,
    pub(crate) readers: Arc<Readers>,
    pub(crate) send_queue: Arc<AtomicUsize>,
}

impl Settings {
    fn set(&self, connections: &config::Connections) {
        self.gate.set(connections);
        self.readers.set(connections);
        self.send_queue.store(connections.send_queue, Ordering::Relaxed);
    }
}

impl Control {
    /// Reads the configuration again and puts it in force, or leaves everything as it is.
    pub(crate) async fn reload_now(&self) -> Result<Reloaded, Error> {
        systemd::reloading();
        let outcome = self.load().await.and_then(|config| self.put_in_force(config));
        systemd::reloaded();
        self.metrics.config.reloaded(outcome.is_ok());
        match &outcome {
            Ok(reloaded) => tracing::info!(
                config = reloaded.config, restart_needed = ?reloaded.restart_needed, "configuration reloaded"
            ),
            Err(error) => tracing::error!(%error, "configuration not reloaded; the old one stays in force"),
        }
        outcome
    }

    async fn load(&self) -> Result<Config, Error> {
        let (path, directories) = (self.asked_for.clone(), self.directories.clone());
        let loading = tokio::task::spawn_blocking(move || config::load(path.as_deref(), &directories));
        match loading.await {
            Ok(loaded) => {
                loaded.map_err(|error: ConfigError| Error::ConfigInvalid { message: error.to_string() })
            }
            Err(_) => Err(Error::Unavailable { reason: "the configuration could not be read".into() }),
        }
    }

    fn put_in_force(&self, config: Config) -> Result<Reloaded, Error> {
        let mut current = self.current();
        self.log.set_level(config.log_level).map_err(unavailable)?;
        self.settings.set(&config.connections);
        self.core.push(Input::Policy(Box::new(config.policy.clone())));
        let restart_needed = fixed_and_changed(&current, &config);
        // What stays as it is until a restart is compared with what runs, however often it is reloaded.
        let (listeners, admin) = (std::mem::take(&mut current.listeners), current.admin.clone());
        *current = Config { listeners, admin, ..config };
        Ok(Reloaded { config: shown(&current), restart_needed })
    }

    fn current(&self) -> MutexGuard<'_, Config> {
        self.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Backend for Control {
    async fn ask(&self, actor: Actor, command: AdminCommand) -> Option<AdminAnswer> {
        let (request, answer) = self.answers.expect();
        self.core.push(Input::Admin { request, actor, command });
        answer.await.ok()
    }

    async fn reload(&self) -> Result<Reloaded, Error> {
        self.reload_now().await
    }

    async fn check(&self) -> Result<Checked, Error> {
        self.load().await.map(|config| Checked { config: shown(&config) })
    }

    fn set_log_level(&self, level: LogLevel) -> Result<String, Error> {
        self.log.set_level(level).map(|previous| previous.to_string()).map_err(unavailable)
    }

    fn status(&self) -> DaemonStatus {
        DaemonStatus {
            version: env!("CARGO_PKG_VERSION").into(),
            pid: std::process::id(),
            started_at: self.started_at,
            config: shown(&self.current()),
            listeners: self.listeners.clone(),
            memory: self.metrics.resident_memory(),
            log_level: self.log.level().to_string(),
            metrics: self.metrics.samples(),
        }
    }

    fn admin_group(&self) -> Option<String> {
        Some(self.current().admin.group.clone())
    }

    fn events(&self) -> &broadcast::Sender<Event> {
        self.watch.events()
    }

    fn metrics(&self) -> &AdminMetrics {
        &self.metrics.admin
    }
}

fn shown(config: &Config) -> Option<String> {
    config.file.as_deref().map(|file| file.display().to_string())
}

/// Sections that changed and can't change while the daemon runs.
fn fixed_and_changed(current: &Config, new: &Config) -> Vec<String> {
    let mut changed = Vec::new();
    if current.listeners != new.listeners {
        changed.push("listen".to_owned());
    }
    if current.admin != new.admin {
        changed.push("admin".to_owned());
    }
    changed
}

#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` hands over")]
fn unavailable(error: impl ToString) -> Error {
    Error::Unavailable { reason: error.to_string() }
}

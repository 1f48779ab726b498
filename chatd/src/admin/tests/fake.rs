//! A played daemon, and a client that writes and reads bytes.

use std::path::PathBuf;
use std::sync::Arc;

use chat_proto::admin::{
    Ban, BanKind, Channel, Checked, CoreStatus, DaemonStatus, Error, Event, LogLevel, Member, Reloaded,
    Standing, User, UserStatus,
};
use chatd_core::{Actor, AdminAnswer, AdminCommand};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::broadcast;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::super::{Backend, Limits, serve};
use crate::auth::hashing::Hashing;
use crate::metrics::Metrics;
use crate::store::Maintenance;

/// Knows `users` users called `user0`, `user1` and so on.
#[derive(Debug)]
pub(super) struct Fake {
    pub(super) users: usize,
    pub(super) events: broadcast::Sender<Event>,
    pub(super) metrics: Arc<Metrics>,
    hashing: Hashing,
    maintenance: Arc<Maintenance>,
    _state: TempDir,
}

impl Fake {
    pub(super) fn with_users(users: usize) -> Self {
        let hashing = Hashing::start().expect("threads");
        let (state, metrics) = (tempfile::tempdir().expect("a directory"), Arc::new(Metrics::new(0)));
        let maintenance = Arc::new(Maintenance::of_new_store(state.path(), &metrics));
        Self { users, events: broadcast::channel(4).0, metrics, hashing, maintenance, _state: state }
    }
}

impl Backend for Fake {
    async fn ask(&self, _actor: Actor, command: AdminCommand) -> Option<AdminAnswer> {
        Some(match command {
            AdminCommand::List => AdminAnswer::Users((0..self.users).map(user).collect()),
            AdminCommand::Channels => AdminAnswer::Channels(vec![lobby()]),
            AdminCommand::Show { name } if name == "user0" => AdminAnswer::User(Box::new(user(0))),
            AdminCommand::Show { name } | AdminCommand::Kick { name, .. } => {
                AdminAnswer::Refused(Error::NoSuchUser { name, suggestion: Some("user0".into()) })
            }
            AdminCommand::Accounts => AdminAnswer::Accounts(Vec::new()),
            AdminCommand::Bans => AdminAnswer::Bans(vec![ban()]),
            AdminCommand::ShowAccount { name, .. } => {
                AdminAnswer::Refused(Error::NoSuchAccount { name, suggestion: None })
            }
            AdminCommand::AddAccount { name, login: true, .. } => {
                AdminAnswer::Refused(Error::AccountExists { name })
            }
            AdminCommand::AddAccount { .. }
            | AdminCommand::SetPassword { .. }
            | AdminCommand::Redact { .. }
            | AdminCommand::ResumeAccount { .. } => AdminAnswer::Done,
            AdminCommand::SuspendAccount { .. } | AdminCommand::RemoveAccount { .. } => {
                AdminAnswer::PutOut { sessions: 2 }
            }
            AdminCommand::Ban { target, .. } => AdminAnswer::Banned { target, sessions: 2 },
            AdminCommand::Unban { target } => AdminAnswer::Refused(Error::NoSuchBan { target }),
            AdminCommand::Announce { .. } => AdminAnswer::Announced { users: 3 },
            AdminCommand::Shutdown { .. } => AdminAnswer::ShutdownAt { at: 5 },
            AdminCommand::CancelShutdown => AdminAnswer::Refused(Error::NothingScheduled {}),
            AdminCommand::Status => AdminAnswer::Status(CoreStatus { users: 3, ..CoreStatus::default() }),
        })
    }

    async fn reload(&self) -> Result<Reloaded, Error> {
        Ok(Reloaded::default())
    }

    async fn check(&self) -> Result<Checked, Error> {
        Err(Error::ConfigInvalid { message: "chatd.toml:3:1: no such key".into() })
    }

    fn set_log_level(&self, _level: LogLevel) -> String {
        "info".into()
    }

    fn accept_clock(&self) -> bool {
        false
    }

    fn status(&self) -> DaemonStatus {
        DaemonStatus { version: "1.2.3".into(), ..DaemonStatus::default() }
    }

    fn admin_group(&self) -> Option<String> {
        Some("no-such-group".into())
    }

    fn events(&self) -> &broadcast::Sender<Event> {
        &self.events
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

fn user(number: usize) -> User {
    User {
        nick: format!("user{number}"),
        account: None,
        guest: true,
        status: UserStatus::Available,
        status_since: Some(1),
        away: None,
        talking_with: None,
        realname: "R".repeat(500),
        modes: String::new(),
        channels: vec!["#lobby".into()],
        connected_at: 1,
        last_active_at: 2,
        sessions: Vec::new(),
    }
}

fn ban() -> Ban {
    Ban {
        target: "192.0.2.0/24".into(),
        kind: BanKind::Address,
        by: "root".into(),
        at: 1,
        until: None,
        reason: None,
    }
}

fn lobby() -> Channel {
    Channel {
        name: "#lobby".into(),
        topic: None,
        topic_by: None,
        topic_at: None,
        modes: "nt".into(),
        created_at: 1,
        empty_since: None,
        members: vec![Member { nick: "user0".into(), operator: true, voice: false }],
        remembered: vec![Standing { account: "user0".into(), operator: true, voice: false }],
    }
}

/// A server that runs until it is told to stop or the test ends.
pub(super) struct Running {
    pub(super) path: PathBuf,
    pub(super) fake: Arc<Fake>,
    pub(super) stopping: CancellationToken,
    pub(super) server: JoinHandle<()>,
    _directory: TempDir,
}

pub(super) fn start(fake: Fake, limits: Limits) -> Running {
    let directory = tempfile::tempdir().expect("a directory");
    let path = directory.path().join("admin.sock");
    let listener = UnixListener::bind(&path).expect("a listener");
    let fake = Arc::new(fake);
    let stopping = CancellationToken::new();
    let server = tokio::spawn(serve(listener, Arc::clone(&fake), limits, stopping.clone()));
    Running { path, fake, stopping, server, _directory: directory }
}

pub(super) struct Client {
    stream: BufReader<UnixStream>,
}

impl Client {
    pub(super) async fn connect(running: &Running) -> Self {
        let stream = UnixStream::connect(&running.path).await.expect("a connection");
        Self { stream: BufReader::new(stream) }
    }

    pub(super) async fn write(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        self.stream.write_all(bytes).await
    }

    pub(super) async fn send(&mut self, call: &str) {
        self.write(call.as_bytes()).await.expect("the server to read");
        self.write(b"\0").await.expect("the server to read");
    }

    /// The length of the next message, and the message; `None` at the end.
    pub(super) async fn read(&mut self) -> Option<(usize, Value)> {
        let mut bytes = Vec::new();
        if self.stream.read_until(0, &mut bytes).await.unwrap_or(0) == 0 {
            return None;
        }
        assert_eq!(bytes.pop(), Some(0), "a message ends with NUL");
        Some((bytes.len(), serde_json::from_slice(&bytes).expect("JSON")))
    }

    pub(super) async fn reply(&mut self) -> Value {
        self.read().await.expect("a reply").1
    }

    pub(super) async fn call(&mut self, call: &str) -> Value {
        self.send(call).await;
        self.reply().await
    }
}

//! A chatd of one's own, in a directory of its own.

use std::fs::File;
use std::io::ErrorKind;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tempfile::TempDir;

use crate::irc::Irc;
use crate::{PATIENCE, programs};

/// Where a chatd is to run and how it is configured, before it is started.
#[derive(Debug)]
pub struct Setup {
    directory: TempDir,
    pub address: SocketAddr,
    descriptors: Option<u64>,
    without_addresses: bool,
    state: Option<PathBuf>,
}

impl Default for Setup {
    fn default() -> Self {
        Self::new()
    }
}

impl Setup {
    /// A Unix socket and a loopback port, everything else as it is by default.
    pub fn new() -> Self {
        Self::configured("")
    }

    /// The same with more configuration after it.
    pub fn configured(more: &str) -> Self {
        let directory = tempfile::Builder::new().prefix("chatd-test-").tempdir().expect("a directory");
        let setup = Self {
            directory,
            address: free_address(),
            descriptors: None,
            without_addresses: false,
            state: None,
        };
        setup.configure(more);
        setup
    }

    /// Rewrites the configuration.
    pub fn configure(&self, more: &str) {
        let directory = self.path().display();
        let address = self.address;
        let text = format!(
            "[[listen]]\nunix = \"{directory}/chat.sock\"\n[[listen]]\ntcp = \"{address}\"\n\
             [admin]\nsocket = \"{directory}/admin.sock\"\n{more}\n"
        );
        std::fs::write(self.configuration(), text).expect("the configuration can be written");
    }

    /// At most this many open files, the daemon's own included.
    #[must_use]
    pub fn with_descriptors(mut self, count: u64) -> Self {
        self.descriptors = Some(count);
        self
    }

    /// In a network namespace that has no address, not even of loopback. For root only.
    #[must_use]
    pub fn without_addresses(mut self) -> Self {
        self.without_addresses = true;
        self
    }

    /// The database is there instead of beside everything else.
    #[must_use]
    pub fn with_state(mut self, directory: &Path) -> Self {
        self.state = Some(directory.to_owned());
        self
    }

    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    pub fn configuration(&self) -> PathBuf {
        self.path().join("chatd.toml")
    }

    pub fn socket(&self) -> PathBuf {
        self.path().join("chat.sock")
    }

    pub fn admin_socket(&self) -> PathBuf {
        self.path().join("admin.sock")
    }

    /// The command that runs chatd here.
    pub fn command(&self) -> Command {
        let chatd = program("chatd");
        let mut command = match self.descriptors {
            None if self.without_addresses => {
                let mut unshare = Command::new("unshare");
                unshare.arg("--net").arg(chatd);
                unshare
            }
            None => Command::new(chatd),
            Some(count) => {
                let mut shell = Command::new("sh");
                shell.args(["-c", &format!("ulimit -n {count}; exec \"$0\" \"$@\"")]).arg(chatd);
                shell
            }
        };
        command.arg("--config").arg(self.configuration()).stdin(Stdio::null());
        command.env("RUNTIME_DIRECTORY", self.path());
        command.env("STATE_DIRECTORY", self.state.as_deref().unwrap_or(self.path()));
        command.env_remove("CONFIGURATION_DIRECTORY").env_remove("JOURNAL_STREAM");
        command
    }

    /// Runs chatd where it is expected to end by itself.
    pub fn run_to_end(&self) -> Output {
        self.command().output().expect("chatd can be run")
    }

    /// Starts chatd and waits until it says that it is ready, the way systemd does.
    pub fn start(self) -> Daemon {
        let (mut daemon, readiness) = self.spawn_supervised();
        daemon.wait_until_ready(&readiness);
        daemon
    }

    /// Starts chatd where something keeps it from getting ready.
    pub fn spawn(self) -> Daemon {
        self.spawn_supervised().0
    }

    fn spawn_supervised(self) -> (Daemon, UnixDatagram) {
        let notify = self.path().join("notify.sock");
        // Left over when a directory is used again.
        let _ = std::fs::remove_file(&notify);
        let readiness = UnixDatagram::bind(&notify).expect("a socket for readiness");
        let log = self.path().join("log");
        let output = File::options().create(true).append(true).open(&log).expect("a log file");
        let child = self
            .command()
            .env("NOTIFY_SOCKET", notify)
            .stdout(output.try_clone().expect("a log file"))
            .stderr(output)
            .spawn()
            .expect("chatd can be run");
        (Daemon { child, setup: Some(self), log }, readiness)
    }
}

/// A running chatd; killed when dropped.
#[derive(Debug)]
pub struct Daemon {
    child: Child,
    setup: Option<Setup>,
    log: PathBuf,
}

impl Daemon {
    /// With the configuration of [`Setup::new`].
    pub fn start() -> Self {
        Setup::new().start()
    }

    pub fn configured(more: &str) -> Self {
        Setup::configured(more).start()
    }

    pub fn setup(&self) -> &Setup {
        self.setup.as_ref().expect("a daemon has a place until it is stopped")
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What it has logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }

    pub fn signal(&self, signal: Signal) {
        let pid = Pid::from_raw(i32::try_from(self.pid()).expect("a process id"));
        kill(pid, signal).expect("chatd is running");
    }

    /// Waits for chatd to end.
    pub fn wait(&mut self) -> ExitStatus {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("chatd can be waited for") {
                return status;
            }
            assert!(Instant::now() < deadline, "chatd does not end:\n{}", self.log());
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }

    /// Kills it without a chance to tidy up, and gives back the place as it was left.
    pub fn crash(mut self) -> Setup {
        self.child.kill().expect("chatd is running");
        self.wait();
        self.setup.take().expect("a daemon has a place until it is stopped")
    }

    /// The place as a chatd that has ended left it.
    pub fn stopped(mut self) -> Setup {
        self.wait();
        self.setup.take().expect("a daemon has a place until it is stopped")
    }

    pub fn assert_running(&mut self) {
        let status = self.child.try_wait().expect("chatd can be waited for");
        assert!(status.is_none(), "chatd has ended with {status:?}:\n{}", self.log());
    }

    /// A registered client over the Unix socket.
    pub fn client(&self, nick: &str) -> Irc {
        let mut client = self.connect();
        client.register(nick);
        client
    }

    /// An unregistered client over the Unix socket.
    pub fn connect(&self) -> Irc {
        Irc::unix(&self.setup().socket())
    }

    /// An unregistered client over TCP.
    pub fn connect_tcp(&self) -> Irc {
        Irc::tcp(self.setup().address)
    }

    /// Resident memory in bytes.
    pub fn memory(&self) -> u64 {
        let status =
            std::fs::read_to_string(format!("/proc/{}/status", self.pid())).expect("chatd is running");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("a memory figure");
        let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
        kibibytes * 1024
    }

    /// `chatctl` with these arguments for this daemon.
    pub fn chatctl(&self, arguments: &[&str]) -> Output {
        self.chatctl_command(arguments).output().expect("chatctl can be run")
    }

    pub fn chatctl_command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program("chatctl"));
        command.arg("--socket").arg(self.setup().admin_socket()).args(arguments).stdin(Stdio::null());
        let home = self.setup().path();
        command.env("HOME", home).env("XDG_STATE_HOME", home);
        command
    }

    /// `chat` with these arguments for this daemon.
    pub fn chat(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program("chat"));
        command.arg("--server").arg(format!("unix:{}", self.setup().socket().display())).args(arguments);
        let home = self.setup().path();
        command.env("HOME", home).env("XDG_STATE_HOME", home).env("XDG_CONFIG_HOME", home);
        command
    }

    fn wait_until_ready(&mut self, readiness: &UnixDatagram) {
        readiness.set_read_timeout(Some(Duration::from_millis(50))).expect("a timeout can be set");
        let deadline = Instant::now() + PATIENCE;
        let mut message = [0; 4096];
        loop {
            match readiness.recv(&mut message) {
                Ok(length) if message[..length].starts_with(b"READY=1") => return,
                Ok(_) => {}
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {}
                Err(error) => panic!("readiness cannot be awaited: {error}"),
            }
            self.assert_running();
            assert!(Instant::now() < deadline, "chatd does not get ready:\n{}", self.log());
        }
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if std::thread::panicking() {
            eprintln!("--- chatd's log\n{}---", self.log());
        }
    }
}

/// The path of a program under test.
pub fn program(name: &str) -> PathBuf {
    programs::path(name).unwrap_or_else(|error| panic!("{error:#}"))
}

/// A loopback address that nobody listens on.
pub fn free_address() -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    listener.local_addr().expect("a free port")
}

/// Standard error as text.
pub fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Standard output as text.
pub fn printed(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

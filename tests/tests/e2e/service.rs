//! What a service manager sees of chatd and hands to it. The test is the manager: it owns the notification socket and the
//! listening sockets.

use std::collections::VecDeque;
use std::io::ErrorKind;
use std::net::TcpListener;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use chat_tests::PATIENCE;
use chat_tests::daemon::{Setup, errors};
use chat_tests::irc::Irc;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// A chatd and what it tells its manager. Killed when dropped.
struct Service {
    child: Child,
    notifications: UnixDatagram,
    untold: VecDeque<String>,
}

impl Service {
    fn start(setup: &Setup, mut command: Command) -> Self {
        let path = setup.path().join("manager.sock");
        // Left over from the one before.
        let _ = std::fs::remove_file(&path);
        let notifications = UnixDatagram::bind(&path).expect("a socket for notifications");
        let child =
            command.env("NOTIFY_SOCKET", path).stderr(Stdio::null()).spawn().expect("chatd can be run");
        Self { child, notifications, untold: VecDeque::new() }
    }

    fn watched(setup: &Setup, timeout: Duration) -> Self {
        let mut command = setup.command();
        command.env("WATCHDOG_USEC", timeout.as_micros().to_string()).env_remove("WATCHDOG_PID");
        Self::start(setup, command)
    }

    /// The next line of a notification that `wanted` holds for; those before it are passed over.
    fn expect(&mut self, wanted: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            while let Some(line) = self.untold.pop_front() {
                if wanted(&line) {
                    return line;
                }
            }
            assert!(Instant::now() < deadline, "chatd does not say it");
            self.receive(Duration::from_millis(200));
        }
    }

    fn receive(&mut self, patience: Duration) -> bool {
        self.notifications.set_read_timeout(Some(patience)).expect("a timeout can be set");
        let mut message = [0; 4096];
        match self.notifications.recv(&mut message) {
            Ok(length) => {
                let text = String::from_utf8_lossy(&message[..length]).into_owned();
                self.untold.extend(text.lines().map(str::to_owned));
                true
            }
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => false,
            Err(error) => panic!("notifications cannot be received: {error}"),
        }
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.id()).expect("a process id"))
    }

    fn signal(&self, signal: Signal) {
        kill(self.pid(), signal).expect("chatd is running");
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The command that runs chatd with one socket handed over, the way systemd does: as descriptor 3, told to its pid.
fn with_socket(setup: &Setup, socket: impl Into<OwnedFd>) -> Command {
    let chatd = setup.command();
    let mut shell = Command::new("sh");
    shell.args(["-c", "exec 3<&0 0</dev/null; export LISTEN_PID=$$; exec \"$0\" \"$@\""]);
    shell.arg(chatd.get_program()).args(chatd.get_args());
    for (variable, value) in chatd.get_envs() {
        match value {
            Some(value) => shell.env(variable, value),
            None => shell.env_remove(variable),
        };
    }
    shell.env("LISTEN_FDS", "1").env("LISTEN_FDNAMES", "one").stdin(Stdio::from(socket.into()));
    shell
}

fn run_to_end(mut command: Command) -> Output {
    command.output().expect("chatd can be run")
}

#[test]
fn whoever_connects_while_it_restarts_waits_and_is_served() {
    let setup = Setup::new();
    let listener = UnixListener::bind(setup.socket()).expect("a socket");
    let handed = || listener.try_clone().expect("a descriptor");
    let mut first = Service::start(&setup, with_socket(&setup, handed()));
    first.expect(|line| line == "READY=1");
    Irc::unix(&setup.socket()).register("alice");
    first.signal(Signal::SIGTERM);
    first.expect(|line| line == "STOPPING=1");
    assert!(first.child.wait().expect("it ends").success());
    let mut waiting = Irc::unix(&setup.socket());
    waiting.send("NICK bob\r\nUSER bob 0 * :Bob");
    let mut second = Service::start(&setup, with_socket(&setup, handed()));
    second.expect(|line| line == "READY=1");
    waiting.expect(|line| line.contains(" 001 "));
}

#[test]
fn a_tcp_listener_is_taken_over_by_its_address() {
    let setup = Setup::new();
    let listener = TcpListener::bind(setup.address).expect("the port is free");
    let mut service = Service::start(&setup, with_socket(&setup, listener));
    service.expect(|line| line == "READY=1");
    Irc::tcp(setup.address).register("alice");
}

#[test]
fn a_socket_that_no_listener_is_for_keeps_it_from_starting_and_says_what_to_do() {
    let setup = Setup::new();
    let other = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let place = other.local_addr().expect("an address").to_string();
    let output = run_to_end(with_socket(&setup, other));
    assert_eq!(output.status.code(), Some(78), "{}", errors(&output));
    assert!(errors(&output).contains(&format!("tcp = \"{place}\"")), "{}", errors(&output));
}

#[test]
fn sockets_for_another_process_are_not_taken() {
    let setup = Setup::new();
    let mut command = setup.command();
    command.env("LISTEN_FDS", "1").env("LISTEN_PID", "1");
    Service::start(&setup, command).expect(|line| line == "READY=1");
}

#[test]
fn its_manager_is_told_how_it_is_from_start_to_stop() {
    let setup = Setup::new();
    let mut service = Service::watched(&setup, Duration::from_secs(3));
    service.expect(|line| line == "READY=1");
    let status = service.expect(|line| line.starts_with("STATUS="));
    assert!(status.starts_with("STATUS=0 users, 0 channels; listening on "), "{status}");
    assert!(status.contains(&setup.address.to_string()), "{status}");
    let mut alice = Irc::unix(&setup.socket());
    alice.register("alice");
    service.expect(|line| line.starts_with("STATUS=1 user, 1 channel; "));
    service.expect(|line| line == "WATCHDOG=1");
    service.signal(Signal::SIGHUP);
    service.expect(|line| line == "RELOADING=1");
    service.expect(|line| line.starts_with("MONOTONIC_USEC="));
    service.expect(|line| line == "READY=1");
    service.signal(Signal::SIGTERM);
    service.expect(|line| line == "STOPPING=1");
    assert!(service.child.wait().expect("it ends").success());
}

#[test]
fn a_stopped_daemon_sends_no_pings_until_it_goes_on() {
    let setup = Setup::new();
    let timeout = Duration::from_secs(2);
    let mut service = Service::watched(&setup, timeout);
    service.expect(|line| line == "WATCHDOG=1");
    service.signal(Signal::SIGSTOP);
    let stopped = waitpid(service.pid(), Some(WaitPidFlag::WUNTRACED)).expect("it can be waited for");
    assert_eq!(stopped, WaitStatus::Stopped(service.pid(), Signal::SIGSTOP));
    while service.receive(Duration::from_millis(1)) {}
    assert!(!service.receive(timeout), "a ping from a stopped daemon");
    service.untold.clear();
    service.signal(Signal::SIGCONT);
    service.expect(|line| line == "WATCHDOG=1");
}

#[test]
fn fewer_descriptors_than_connections_configured_are_told() {
    let daemon = Setup::configured("[limits]\nconnections = 5000").with_descriptors(300).start();
    assert!(
        daemon.log().contains("for 236 connections, not for the 5000 of `connections`"),
        "{}",
        daemon.log()
    );
}

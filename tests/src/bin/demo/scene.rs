//! Where the story happens: a chatd of its own, accounts, a clock that always shows the same.

use std::fs::Permissions;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use chat_tests::daemon::{Daemon, program};
use jiff::Timestamp;

const SERVER: &str = "[server]\nname = \"host.example\"\nnetwork = \"Example\"";
/// Where `chat` is tried, a wait of some seconds would depend on how fast the machine is.
const SETTINGS: &str = "theme = \"dark\"\nfold = false\n";
/// Seconds since midnight.
const NOON: i64 = 12 * 3600;
const DAY: i64 = 24 * 3600;

#[derive(Debug)]
pub struct Scene {
    daemon: Option<Daemon>,
    zone: String,
    /// As `chat` writes it.
    pub today: String,
}

impl Scene {
    pub fn new(people: &[&str]) -> Self {
        // The programs may have to be built first, which takes its time.
        let daemon = Daemon::configured(SERVER);
        let now = Timestamp::now();
        let scene =
            Self { daemon: Some(daemon), zone: zone(now), today: now.strftime("%a %e %b").to_string() };
        scene.note_pid();
        for name in people {
            scene.add_account(name);
        }
        scene
    }

    fn daemon(&self) -> &Daemon {
        self.daemon.as_ref().expect("chatd is running")
    }

    fn place(&self) -> &Path {
        self.daemon().setup().path()
    }

    /// `chat` as one of the people runs it.
    pub fn chat(&self, name: &str) -> Command {
        let mut command = self.daemon().chat(&["--name", name, "--password-file", "password"]);
        self.furnish(&mut command, &self.home(name));
        command
    }

    /// The administrator's shell.
    pub fn shell(&self) -> Command {
        let mut command = Command::new("sh");
        command.arg("-i").env("PS1", "# ").env("CHATCTL_SOCKET", self.daemon().setup().admin_socket());
        let programs = program("chatctl").parent().expect("programs are in a directory").to_owned();
        let path = std::env::var("PATH").unwrap_or_default();
        command.env("PATH", format!("{}:{path}", programs.display())).env_remove("ENV");
        self.furnish(&mut command, self.place());
        command
    }

    /// After chatd was killed, what systemd does then.
    pub fn start_again(&mut self) {
        let daemon = self.daemon.take().expect("chatd was running");
        self.daemon = Some(daemon.stopped().start());
        self.note_pid();
    }

    fn note_pid(&self) {
        let pid = self.daemon().pid().to_string();
        std::fs::write(self.place().join("chatd.pid"), pid).expect("the number can be noted");
    }

    fn home(&self, name: &str) -> PathBuf {
        self.place().join(name)
    }

    fn add_account(&self, name: &str) {
        let home = self.home(name);
        std::fs::create_dir(&home).expect("a directory");
        let password = home.join("password");
        std::fs::write(&password, "correct horse\n").expect("a file");
        std::fs::set_permissions(password, Permissions::from_mode(0o600)).expect("nobody else may read it");
        std::fs::create_dir(home.join("chat")).expect("a directory");
        std::fs::write(home.join("chat/config.toml"), SETTINGS).expect("a file");
        let mut command = self.daemon().chatctl_command(&["account", "add", name]);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("chatctl runs");
        child.stdin.take().expect("a pipe").write_all(b"correct horse\n").expect("chatctl reads");
        assert!(child.wait().expect("chatctl ends").success());
    }

    /// The same terminal for everybody, whatever this one is.
    fn furnish(&self, command: &mut Command, home: &Path) {
        command.env("HOME", home).env("XDG_STATE_HOME", home).env("XDG_CONFIG_HOME", home);
        command.env("TZ", &self.zone).env("LC_ALL", "C.UTF-8");
        for variable in ["NO_COLOR", "COLORTERM", "CHAT_SERVER", "COLUMNS", "LINES"] {
            command.env_remove(variable);
        }
    }
}

/// The time zone in which it is noon now, so that no picture differs from another by the time it was made.
fn zone(now: Timestamp) -> String {
    let west = now.as_second().rem_euclid(DAY) - NOON;
    let (sign, west) = if west < 0 { ("-", -west) } else { ("", west) };
    format!("<demo>{sign}{:02}:{:02}:{:02}", west / 3600, west / 60 % 60, west % 60)
}

//! The servers under measurement: how each is configured for load, started and stopped.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::str::FromStr;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    RelayAlone,
    RelayCoalescing,
    InspIrcd,
    NgIrcd,
    Chatd,
    /// With `sync = "normal"`.
    ChatdNormal,
    /// With `sync = "off"`.
    ChatdOff,
}

impl Kind {
    pub(crate) const ALL: [Self; 7] = [
        Self::RelayAlone,
        Self::RelayCoalescing,
        Self::InspIrcd,
        Self::NgIrcd,
        Self::Chatd,
        Self::ChatdNormal,
        Self::ChatdOff,
    ];

    fn name(self) -> &'static str {
        match self {
            Self::RelayAlone => "relay-alone",
            Self::RelayCoalescing => "relay-coalescing",
            Self::InspIrcd => "inspircd",
            Self::NgIrcd => "ngircd",
            Self::Chatd => "chatd",
            Self::ChatdNormal => "chatd-normal",
            Self::ChatdOff => "chatd-off",
        }
    }

    /// Why this server cannot be measured here, if it cannot.
    pub(crate) fn missing(self) -> Option<String> {
        let package = match self {
            Self::InspIrcd | Self::NgIrcd => self.name(),
            _ => return None,
        };
        let found = find_program(package).is_some();
        (!found).then(|| format!("{package} is skipped: the Debian package {package} is not installed"))
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

impl FromStr for Kind {
    type Err = anyhow::Error;

    fn from_str(name: &str) -> Result<Self> {
        let found = Self::ALL.into_iter().find(|kind| kind.name() == name);
        found.with_context(|| format!("there is no server {name}"))
    }
}

/// A running server; it is killed and its files are removed when this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    /// Connections that it takes at the same time: InspIRCd completes registrations once a second, so they must
    /// be many; ngIRCd queues ten, and makes the eleventh try again a second later.
    pub(crate) wave: usize,
    log: PathBuf,
    _directory: TempDir,
}

impl Server {
    pub(crate) fn start(kind: Kind) -> Result<Self> {
        let directory = tempfile::Builder::new().prefix("chat-bench-").tempdir()?;
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()?));
        let log = directory.path().join("log");
        let output = std::fs::File::create(&log)?;
        let child = command(kind, directory.path(), address.port())?
            .stdin(Stdio::null())
            .stdout(output.try_clone()?)
            .stderr(output)
            .spawn()
            .with_context(|| format!("{kind} cannot be started"))?;
        let wave = if kind == Kind::NgIrcd { 8 } else { 1000 };
        let mut server = Self { child, address, wave, log, _directory: directory };
        server.wait_until_it_listens()?;
        Ok(server)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    fn wait_until_it_listens(&mut self) -> Result<()> {
        let deadline = Instant::now() + Duration::from_secs(20);
        while TcpStream::connect(self.address).is_err() {
            let log = || std::fs::read_to_string(&self.log).unwrap_or_default();
            if let Some(status) = self.child.try_wait()? {
                bail!("the server ended at once with {status}:\n{}", log());
            }
            if Instant::now() > deadline {
                bail!("the server does not listen:\n{}", log());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Nothing to be done about a server that has already ended.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn command(kind: Kind, directory: &Path, port: u16) -> Result<Command> {
    let configuration = directory.join("configuration");
    Ok(match kind {
        Kind::RelayAlone | Kind::RelayCoalescing => {
            let style = if kind == Kind::RelayAlone { "alone" } else { "coalescing" };
            let mut command = Command::new(std::env::current_exe()?);
            command.args(["relay", style, &port.to_string()]);
            command
        }
        Kind::InspIrcd => {
            std::fs::write(&configuration, inspircd_configuration(directory, port))?;
            let mut command = Command::new(find_program("inspircd").context("inspircd is not installed")?);
            command.args(["--nofork", "--runasroot", "--nopid", "--config"]).arg(configuration);
            command
        }
        Kind::NgIrcd => {
            std::fs::write(&configuration, ngircd_configuration(port))?;
            let mut command = Command::new(find_program("ngircd").context("ngircd is not installed")?);
            command.args(["--nodaemon", "--config"]).arg(configuration);
            command
        }
        Kind::Chatd | Kind::ChatdNormal | Kind::ChatdOff => {
            std::fs::write(&configuration, chatd_configuration(directory, port, sync(kind)))?;
            let mut command = Command::new(chat_tests::programs::path("chatd")?);
            command.arg("--config").arg(configuration);
            for variable in ["RUNTIME_DIRECTORY", "STATE_DIRECTORY"] {
                command.env(variable, directory);
            }
            command
        }
    })
}

fn inspircd_configuration(directory: &Path, port: u16) -> String {
    let directory = directory.display();
    format!(
        r#"<server name="bench.example" description="benchmark" network="bench" id="000">
<path datadir="{directory}" logdir="{directory}" runtimedir="{directory}">
<bind address="127.0.0.1" port="{port}" type="clients">
<connect allow="*" resolvehostnames="no" useident="no" fakelag="no" threshold="1000000" commandrate="100000000"
 localmax="100000" globalmax="100000" maxchans="100" maxconnwarn="no" recvq="1048576" softsendq="1048576"
 hardsendq="8388608" timeout="60" pingfreq="600">
<performance softlimit="100000" somaxconn="4096" netbuffersize="65534" quietbursts="yes" nouserdns="yes">
<options prefixquit="Quit: " syntaxhints="no">
<log method="stderr" type="* -USERINPUT -USEROUTPUT" level="default" target="{directory}/log">
"#
    )
}

fn ngircd_configuration(port: u16) -> String {
    format!(
        "[Global]\nName = bench.example\nInfo = benchmark\nListen = 127.0.0.1\nPorts = {port}\n\
         AdminInfo1 = x\nAdminEMail = x@example.org\n\
         [Limits]\nMaxConnections = 0\nMaxConnectionsIP = 0\nMaxJoins = 0\nMaxNickLength = 32\n\
         MaxPenaltyTime = 0\nPingTimeout = 600\nPongTimeout = 60\n\
         [Options]\nDNS = no\nIdent = no\nPAM = no\nSyslogFacility = local5\n"
    )
}

fn sync(kind: Kind) -> &'static str {
    match kind {
        Kind::ChatdNormal => "normal",
        Kind::ChatdOff => "off",
        _ => "full",
    }
}

fn chatd_configuration(directory: &Path, port: u16, sync: &str) -> String {
    let directory = directory.display();
    format!(
        "[server]\nname = \"bench.example\"\n\
         [[listen]]\ntcp = \"127.0.0.1:{port}\"\n\
         [admin]\nsocket = \"{directory}/admin.sock\"\n\
         [lobby]\nauto-join = false\n\
         [history]\nsync = \"{sync}\"\n\
         [limits]\nconnections = 100000\nconnections-per-address = 100000\nmessages-per-second = 0\nwork-per-second = 0\n"
    )
}

fn free_port() -> Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

fn find_program(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let directories = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/usr/local/sbin".into()]);
    directories.map(|directory| directory.join(name)).find(|candidate| candidate.is_file())
}

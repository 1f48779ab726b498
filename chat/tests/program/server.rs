//! As much of a server as a client needs: lets everybody in, echoes what is said, and says what the test wants.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;

const PATIENCE: Duration = Duration::from_secs(30);
const CAPS: &str = "message-tags echo-message batch labeled-response";

pub(crate) struct Server {
    directory: TempDir,
    clients: Receiver<Client>,
    offered: Arc<Mutex<String>>,
}

/// A client that has come in.
pub(crate) struct Client {
    stream: UnixStream,
    said: Receiver<String>,
    quit: Receiver<()>,
}

impl Server {
    pub(crate) fn start() -> Self {
        let directory = crate::support::directory();
        let listener = UnixListener::bind(directory.path().join("s")).unwrap();
        let (sender, clients) = channel();
        let offered = Arc::new(Mutex::new(CAPS.to_owned()));
        let caps = Arc::clone(&offered);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (sender, caps) = (sender.clone(), caps.lock().unwrap().clone());
                std::thread::spawn(move || serve(stream, &caps, &sender));
            }
        });
        Self { directory, clients, offered }
    }

    /// From now on it offers this capability as well.
    pub(crate) fn offer(&self, cap: &str) {
        *self.offered.lock().unwrap() = format!("{CAPS} {cap}");
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.directory.path().join("s")
    }

    pub(crate) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Waits for the next client that is in.
    pub(crate) fn client(&self) -> Client {
        self.clients.recv_timeout(PATIENCE).expect("a client comes")
    }
}

impl Client {
    pub(crate) fn send(&mut self, lines: &str) {
        self.stream.write_all(lines.as_bytes()).unwrap();
    }

    /// Waits for the next thing that the client says, as `TARGET TEXT`, or wants of a conversation, as it stands.
    pub(crate) fn said(&self) -> String {
        self.said.recv_timeout(PATIENCE).expect("the client says something")
    }

    /// Whether the client's last word was QUIT; waits for the end of the connection.
    pub(crate) fn has_quit(&self) -> bool {
        self.quit.recv_timeout(PATIENCE).is_ok()
    }

    /// Waits until the client has closed the connection.
    pub(crate) fn wait_for_end(&self) {
        assert_ne!(
            self.quit.recv_timeout(PATIENCE),
            Err(RecvTimeoutError::Timeout),
            "the client closes the connection"
        );
    }

    /// Breaks the connection off without a word.
    pub(crate) fn cut(&self) {
        self.stream.shutdown(std::net::Shutdown::Both).unwrap();
    }
}

fn serve(stream: UnixStream, caps: &str, clients: &Sender<Client>) {
    let mut out = stream.try_clone().unwrap();
    let (sender, said) = channel();
    let (leaving, quit) = channel();
    let mut client = Some(Client { stream: stream.try_clone().unwrap(), said, quit });
    for line in BufReader::new(stream).lines().map_while(Result::ok) {
        let (tags, line) = line.strip_prefix('@').map_or(("", line.as_str()), |l| l.split_once(' ').unwrap());
        if out.write_all(answer(tags, line, caps).as_bytes()).is_err() || line.starts_with("QUIT") {
            let _ = leaving.send(());
            return;
        }
        if line.starts_with("PONG") {
            let _ = sender.send(line.to_owned());
        }
        // Only now, so that what a test sends when it has heard of it comes behind the echo.
        if let Some(rest) = line.strip_prefix("PRIVMSG ").filter(|rest| !rest.starts_with("nobody")) {
            let _ = sender.send(rest.replacen(" :", " ", 1));
        }
        if line.starts_with("TALK ") {
            let _ = sender.send(line.to_owned());
        }
        if line.starts_with("PING chat-ready") {
            let _ = client.take().map(|client| clients.send(client));
        }
    }
}

fn answer(tags: &str, line: &str, caps: &str) -> String {
    let (command, rest) = line.split_once(' ').unwrap_or((line, ""));
    let token = rest.trim_start_matches(':');
    match command {
        "CAP" if rest.starts_with("LS") => format!(":s CAP * LS :{caps}\r\n"),
        "CAP" if rest.starts_with("REQ") => format!(":s CAP * ACK {}\r\n", &rest[4..]),
        "CAP" => ":s 001 alice :Hi\r\n:s 005 alice chatd.org/LOBBY=#lobby WHOX :are\r\n:s 376 alice :End\r\n"
            .into(),
        "PING" if token == "chat-ready" => ":alice!a@h JOIN #lobby\r\n:s PONG s chat-ready\r\n".into(),
        "PING" => format!(":s PONG s {token}\r\n"),
        "WHO" => {
            ":s 354 alice 742 bob G 0\r\n:s 354 alice 742 alice H alice\r\n:s 315 alice * :End\r\n".into()
        }
        "PRIVMSG" if rest.starts_with("#none") => format!("@{tags} :s 403 alice #none :No such channel\r\n"),
        "PRIVMSG" if rest.starts_with("silence") => String::new(),
        "PRIVMSG" if rest.starts_with("nobody") => format!("@{tags} :s 401 alice nobody :No such nick\r\n"),
        "PRIVMSG" => format!("@{tags} :alice!a@h PRIVMSG {rest}\r\n"),
        "QUIT" => "ERROR :Closing link: Quit\r\n".into(),
        _ => String::new(),
    }
}

//! Stands between a program and chatd's Unix socket, and breaks the connection where a test wants it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Where in an exchange the connection breaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// The line doesn't get through.
    Before,
    /// Half of it does.
    Within,
    /// It gets through, and nothing comes back.
    After,
}

/// Who says the line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Speaker {
    Program,
    Daemon,
}

/// One break to come: at the first line of the speaker's that has the text in it.
#[derive(Debug, Clone)]
struct Plan {
    speaker: Speaker,
    text: String,
    cut: Cut,
}

#[derive(Debug)]
pub struct Proxy {
    path: PathBuf,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    plan: Option<Plan>,
    /// Programs are not let in.
    shut: bool,
    /// In pairs: the program's, and chatd's for it.
    streams: Vec<UnixStream>,
    /// Connections that chatd takes for alive, though nobody is at their other end.
    stranded: Vec<UnixStream>,
}

impl Proxy {
    /// Listens at `path` for programs that want to `socket`.
    pub fn start(path: &Path, socket: &Path) -> Self {
        let listener = UnixListener::bind(path).expect("a socket for the proxy");
        let state = Arc::new(Mutex::new(State::default()));
        let (shared, socket) = (Arc::clone(&state), socket.to_owned());
        std::thread::spawn(move || {
            for program in listener.incoming().flatten() {
                let Ok(daemon) = UnixStream::connect(&socket) else { continue };
                let mut state = lock(&shared);
                if state.shut {
                    continue;
                }
                state
                    .streams
                    .extend([program.try_clone().expect("a socket"), daemon.try_clone().expect("a socket")]);
                drop(state);
                carry(&program, &daemon, Speaker::Program, &shared);
                carry(&daemon, &program, Speaker::Daemon, &shared);
            }
        });
        Self { path: path.to_owned(), state }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The connection is to break once, there.
    pub fn cut_at(&self, speaker: Speaker, text: &str, cut: Cut) {
        lock(&self.state).plan = Some(Plan { speaker, text: text.to_owned(), cut });
    }

    /// Whether the planned break is still to come.
    pub fn is_whole(&self) -> bool {
        lock(&self.state).plan.is_some()
    }

    /// Breaks all connections now, and lets nobody in.
    pub fn shut(&self) {
        let mut state = lock(&self.state);
        state.shut = true;
        break_off(&mut state);
    }

    /// Breaks all connections for the programs, while chatd hears nothing of it, as when a link dies silently.
    pub fn strand(&self) {
        let mut state = lock(&self.state);
        let streams = std::mem::take(&mut state.streams);
        for program in streams.iter().step_by(2) {
            // It may have ended by itself.
            let _ = program.shutdown(Shutdown::Both);
        }
        state.stranded.extend(streams);
    }

    /// Lets programs in again.
    pub fn open(&self) {
        lock(&self.state).shut = false;
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

fn break_off(state: &mut State) {
    for stream in state.streams.drain(..) {
        // It may have ended by itself.
        let _ = stream.shutdown(Shutdown::Both);
    }
}

fn carry(from: &UnixStream, to: &UnixStream, speaker: Speaker, state: &Arc<Mutex<State>>) {
    let (from, to) = (from.try_clone().expect("a socket"), to.try_clone().expect("a socket"));
    let state = Arc::clone(state);
    std::thread::spawn(move || {
        let mut lines = BufReader::new(from);
        let mut line = Vec::new();
        while lines.by_ref().take(1 << 20).read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
            if !pass(&line, &to, speaker, &state) {
                return;
            }
            line.clear();
        }
        // The other side's end, which it hasn't heard of yet.
        if lock(&state).stranded.is_empty() {
            let _ = to.shutdown(Shutdown::Both);
        }
    });
}

/// Hands the line on, unless the connection breaks at it.
fn pass(line: &[u8], mut to: &UnixStream, speaker: Speaker, state: &Mutex<State>) -> bool {
    let said = String::from_utf8_lossy(line);
    let mut state = lock(state);
    let is_there = |plan: &&mut Plan| plan.speaker == speaker && said.contains(&plan.text);
    let plan = state.plan.as_mut().filter(is_there).map(|plan| plan.cut);
    let passing = match plan {
        Some(Cut::Before) => 0,
        Some(Cut::Within) => line.len() / 2,
        Some(Cut::After) | None => line.len(),
    };
    let passed = to.write_all(&line[..passing]).is_ok();
    if plan.is_some() {
        state.plan = None;
        break_off(&mut state);
    }
    passed && plan.is_none()
}

//! The program in a terminal, of 80 columns and 24 rows if nothing else is said, that remembers every line it ever showed.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{LocalFlags, SetArg, Termios, tcgetattr, tcsetattr};
use nix::unistd::Pid;

const ROWS: u16 = 24;
const COLUMNS: u16 = 80;
const SCROLLBACK: usize = 20_000;
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Terminal {
    master: File,
    original: Termios,
    child: Child,
    shown: Arc<(Mutex<Shown>, Condvar)>,
}

struct Shown {
    screen: vt100::Parser,
    raw: Vec<u8>,
    ended: bool,
}

impl Terminal {
    pub(crate) fn run(command: Command) -> Self {
        Self::sized(command, ROWS, COLUMNS)
    }

    pub(crate) fn sized(mut command: Command, rows: u16, columns: u16) -> Self {
        let size = nix::pty::Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = nix::pty::openpty(&size, None).unwrap();
        let original = tcgetattr(&pty.slave).unwrap();
        let end = |fd: &OwnedFd| fd.try_clone().unwrap();
        let child = command.stdin(end(&pty.slave)).stdout(end(&pty.slave)).stderr(pty.slave).spawn().unwrap();
        drop(command);
        let screen = vt100::Parser::new(rows, columns, SCROLLBACK);
        let shown = Arc::new((Mutex::new(Shown { screen, raw: Vec::new(), ended: false }), Condvar::new()));
        let reader = File::from(end(&pty.master));
        let watched = Arc::clone(&shown);
        std::thread::spawn(move || watch(reader, &watched));
        Self { master: File::from(pty.master), original, child, shown }
    }

    /// Gives the terminal another size, as a window manager does. What is on it is not wrapped anew; a cursor for which there would
    /// be no row any more takes its row up with it.
    pub(crate) fn resize(&self, rows: u16, columns: u16) {
        let size = rustix::termios::Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        let mut shown = self.shown.0.lock().unwrap();
        let (row, column) = shown.screen.screen().cursor_position();
        let (bottom, up) = (shown.screen.screen().size().0, (row + 1).saturating_sub(rows));
        let scroll = "\n".repeat(up.into());
        let scrolled = format!("\x1b[{bottom}H{scroll}\x1b[{};{}H", row + 1 - up, column + 1);
        shown.screen.process(scrolled.as_bytes());
        shown.screen.screen_mut().set_size(rows, columns);
        rustix::termios::tcsetwinsize(&self.master, size).unwrap();
        self.signal(Signal::SIGWINCH);
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().try_into().unwrap()), signal).unwrap();
    }

    /// Waits for the program to end, and checks that it has left the terminal as it was.
    pub(crate) fn end_in_order(mut self) -> ExitStatus {
        let status = self.wait_for_exit();
        assert_eq!(tcgetattr(&self.master).unwrap(), self.original);
        let (shown, changed) = &*self.shown;
        drop(changed.wait_timeout_while(shown.lock().unwrap(), PATIENCE, |shown| !shown.ended).unwrap());
        let raw = self.raw();
        assert!(raw.rfind("\x1b[?2004l") > raw.rfind("\x1b[?2004h"), "bracketed paste is on");
        assert!(raw.rfind("\x1b[?2026l") >= raw.rfind("\x1b[?2026h"), "an update is left open");
        status
    }

    /// Sets the modes that a shell likes.
    pub(crate) fn make_loud(&self) {
        tcsetattr(&self.master, SetArg::TCSANOW, &self.original).unwrap();
    }

    pub(crate) fn wait_until_quiet(&self) {
        let started = Instant::now();
        while tcgetattr(&self.master).unwrap().local_flags.contains(LocalFlags::ECHO) {
            assert!(started.elapsed() < PATIENCE, "the terminal stays loud");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Where the cursor is: row and column.
    pub(crate) fn cursor(&self) -> (u16, u16) {
        self.shown.0.lock().unwrap().screen.screen().cursor_position()
    }

    /// The rows that can be seen, the empty ones below left out.
    pub(crate) fn rows(&self) -> Vec<String> {
        let mut shown = self.shown.0.lock().unwrap();
        shown.screen.screen_mut().set_scrollback(0);
        let mut rows: Vec<_> =
            rows(&shown.screen, usize::MAX).iter().map(|row| row.trim_end().to_owned()).collect();
        rows.truncate(rows.iter().rposition(|row| !row.is_empty()).map_or(0, |last| last + 1));
        rows
    }

    /// Waits until the rows that can be seen satisfy the condition.
    pub(crate) fn wait_for_rows(&self, fits: impl Fn(&[String]) -> bool) {
        let (shown, changed) = &*self.shown;
        let started = Instant::now();
        loop {
            let rows = self.rows();
            if fits(&rows) {
                return;
            }
            assert!(started.elapsed() < PATIENCE, "{}", rows.join("\n"));
            drop(changed.wait_timeout(shown.lock().unwrap(), Duration::from_millis(50)).unwrap());
        }
    }

    pub(crate) fn keys(&mut self, keys: &str) {
        self.bytes(keys.as_bytes());
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.master.write_all(bytes).unwrap();
    }

    /// Waits until the last row with anything on it satisfies the condition.
    pub(crate) fn wait_for_prompt(&self, prompt: &str) {
        self.wait(|lines| lines.last().is_some_and(|line| line == prompt));
    }

    /// Waits until a line was shown.
    pub(crate) fn wait_for(&self, text: &str) {
        self.wait(|lines| lines.iter().any(|line| line.contains(text)));
    }

    /// Waits until a line was shown, even if it can no longer be seen.
    pub(crate) fn wait_for_line(&self, text: &str) {
        let (shown, changed) = &*self.shown;
        let started = Instant::now();
        while !self.lines().iter().any(|line| line.contains(text)) {
            assert!(started.elapsed() < PATIENCE, "{}", self.lines().join("\n"));
            drop(changed.wait_timeout(shown.lock().unwrap(), Duration::from_millis(50)).unwrap());
        }
    }

    fn wait(&self, fits: impl Fn(&[String]) -> bool) {
        let (shown, changed) = &*self.shown;
        let started = Instant::now();
        let mut shown = shown.lock().unwrap();
        while !fits(&visible(&mut shown.screen)) {
            assert!(
                !shown.ended && started.elapsed() < PATIENCE,
                "{}",
                visible(&mut shown.screen).join("\n")
            );
            shown = changed.wait_timeout(shown, PATIENCE).unwrap().0;
        }
    }

    /// All lines that were ever shown and not taken back, long ones as one.
    pub(crate) fn lines(&self) -> Vec<String> {
        all(&mut self.shown.0.lock().unwrap().screen)
    }

    /// Every byte that came.
    pub(crate) fn raw(&self) -> String {
        String::from_utf8_lossy(&self.shown.0.lock().unwrap().raw).into_owned()
    }

    fn wait_for_exit(&mut self) -> ExitStatus {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(started.elapsed() < PATIENCE, "it does not end:\n{}", self.lines().join("\n"));
            std::thread::park_timeout(Duration::from_millis(5));
        }
    }

    /// Waits for the program to end.
    pub(crate) fn end(mut self) -> (ExitStatus, Vec<String>) {
        let status = self.wait_for_exit();
        let (shown, changed) = &*self.shown;
        drop(changed.wait_timeout_while(shown.lock().unwrap(), PATIENCE, |shown| !shown.ended).unwrap());
        let lines = self.lines();
        (status, lines)
    }
}

/// The other ends of a terminal may have been inherited by programs of other tests, so that this one isn't told when it goes away.
impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn watch(mut reader: File, shown: &(Mutex<Shown>, Condvar)) {
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = reader.read(&mut buffer) {
        let mut now = shown.0.lock().unwrap();
        now.screen.process(&buffer[..count]);
        now.raw.extend_from_slice(&buffer[..count]);
        shown.1.notify_all();
    }
    shown.0.lock().unwrap().ended = true;
    shown.1.notify_all();
}

fn visible(screen: &mut vt100::Parser) -> Vec<String> {
    screen.screen_mut().set_scrollback(0);
    joined(rows(screen, usize::MAX), columns(screen))
}

fn all(screen: &mut vt100::Parser) -> Vec<String> {
    screen.screen_mut().set_scrollback(usize::MAX);
    let mut whole = Vec::new();
    for offset in (1..=screen.screen().scrollback()).rev() {
        screen.screen_mut().set_scrollback(offset);
        whole.extend(rows(screen, 1));
    }
    screen.screen_mut().set_scrollback(0);
    whole.extend(rows(screen, usize::MAX));
    joined(whole, columns(screen))
}

fn rows(screen: &vt100::Parser, count: usize) -> Vec<String> {
    screen.screen().rows(0, screen.screen().size().1).take(count).collect()
}

fn columns(screen: &vt100::Parser) -> usize {
    screen.screen().size().1.into()
}

/// Rows that are full to the last column go on in the next.
fn joined(rows: Vec<String>, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut full = false;
    for row in rows.into_iter().filter(|row| !row.trim().is_empty()) {
        let goes_on = row.chars().count() >= columns;
        match lines.last_mut().filter(|_| full) {
            Some(line) => line.push_str(&row),
            None => lines.push(row),
        }
        full = goes_on;
    }
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

//! The program in a terminal of 80 columns and 24 rows that remembers every line it ever showed.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::OwnedFd;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Condvar, Mutex};
use std::time::{Duration, Instant};

const ROWS: u16 = 24;
const COLUMNS: u16 = 80;
const SCROLLBACK: usize = 20_000;
const PATIENCE: Duration = Duration::from_secs(60);

pub(crate) struct Terminal {
    master: File,
    child: Child,
    shown: Arc<(Mutex<Shown>, Condvar)>,
}

struct Shown {
    screen: vt100::Parser,
    raw: Vec<u8>,
    ended: bool,
}

impl Terminal {
    pub(crate) fn run(mut command: Command) -> Self {
        let size = nix::pty::Winsize { ws_row: ROWS, ws_col: COLUMNS, ws_xpixel: 0, ws_ypixel: 0 };
        let pty = nix::pty::openpty(&size, None).unwrap();
        let end = |fd: &OwnedFd| fd.try_clone().unwrap();
        let child = command.stdin(end(&pty.slave)).stdout(end(&pty.slave)).stderr(pty.slave).spawn().unwrap();
        drop(command);
        let screen = vt100::Parser::new(ROWS, COLUMNS, SCROLLBACK);
        let shown = Arc::new((Mutex::new(Shown { screen, raw: Vec::new(), ended: false }), Condvar::new()));
        let reader = File::from(end(&pty.master));
        let watched = Arc::clone(&shown);
        std::thread::spawn(move || watch(reader, &watched));
        Self { master: File::from(pty.master), child, shown }
    }

    pub(crate) fn keys(&mut self, keys: &str) {
        self.master.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until the last row with anything on it satisfies the condition.
    pub(crate) fn wait_for_prompt(&self, prompt: &str) {
        self.wait(|lines| lines.last().is_some_and(|line| line == prompt));
    }

    /// Waits until a line was shown.
    pub(crate) fn wait_for(&self, text: &str) {
        self.wait(|lines| lines.iter().any(|line| line.contains(text)));
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

    /// Waits for the program to end.
    pub(crate) fn end(mut self) -> (ExitStatus, Vec<String>) {
        let status = self.child.wait().unwrap();
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
    joined(rows(screen, usize::from(ROWS)))
}

fn all(screen: &mut vt100::Parser) -> Vec<String> {
    screen.screen_mut().set_scrollback(usize::MAX);
    let mut whole = Vec::new();
    for offset in (1..=screen.screen().scrollback()).rev() {
        screen.screen_mut().set_scrollback(offset);
        whole.extend(rows(screen, 1));
    }
    screen.screen_mut().set_scrollback(0);
    whole.extend(rows(screen, usize::from(ROWS)));
    joined(whole)
}

fn rows(screen: &vt100::Parser, count: usize) -> Vec<String> {
    screen.screen().rows(0, COLUMNS).take(count).collect()
}

/// Rows that are full to the last column go on in the next.
fn joined(rows: Vec<String>) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut full = false;
    for row in rows.into_iter().filter(|row| !row.trim().is_empty()) {
        let goes_on = row.chars().count() >= usize::from(COLUMNS);
        match lines.last_mut().filter(|_| full) {
            Some(line) => line.push_str(&row),
            None => lines.push(row),
        }
        full = goes_on;
    }
    lines.iter().map(|line| line.trim_end().to_owned()).collect()
}

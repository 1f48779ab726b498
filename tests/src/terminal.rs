//! A program on a terminal: keys go in, the screen that a person would see comes out.

use std::fmt;
use std::io::{Read, Write};
use std::process::Command;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

use crate::PATIENCE;

/// A program running in a terminal of its own; killed when dropped.
pub struct Terminal {
    keyboard: Box<dyn Write + Send>,
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    shared: Arc<Shared>,
}

struct Shared {
    display: Mutex<Display>,
    changed: Condvar,
}

struct Display {
    parser: vt100::Parser,
    raw: Vec<u8>,
    ended: bool,
}

impl fmt::Debug for Terminal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Terminal").field("screen", &self.screen()).finish_non_exhaustive()
    }
}

impl Terminal {
    /// Runs a command on a screen of this many rows and columns.
    pub fn run(command: &Command, rows: u16, cols: u16) -> Self {
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a terminal");
        let child = pair.slave.spawn_command(builder(command)).expect("the program can be run");
        drop(pair.slave);
        let display = Display { parser: vt100::Parser::new(rows, cols, 0), raw: Vec::new(), ended: false };
        let shared = Arc::new(Shared { display: Mutex::new(display), changed: Condvar::new() });
        let reader = pair.master.try_clone_reader().expect("the terminal can be read");
        let follower = Arc::clone(&shared);
        std::thread::spawn(move || follow(reader, &follower));
        let keyboard = pair.master.take_writer().expect("the terminal can be written");
        Self { keyboard, child, master: pair.master, shared }
    }

    /// Presses keys.
    pub fn keys(&mut self, keys: &str) {
        self.keyboard.write_all(keys.as_bytes()).expect("the program takes keys");
        self.keyboard.flush().expect("the program takes keys");
    }

    /// Types a line and presses Enter.
    pub fn line(&mut self, line: &str) {
        self.keys(&format!("{line}\r"));
    }

    /// Makes the window another size.
    pub fn resize(&self, rows: u16, cols: u16) {
        self.display().parser.screen_mut().set_size(rows, cols);
        let size = PtySize { rows, cols, pixel_width: 0, pixel_height: 0 };
        self.master.resize(size).expect("the terminal can be resized");
    }

    /// What is on the screen, without trailing blanks.
    pub fn screen(&self) -> String {
        contents(&self.display())
    }

    /// Every byte that the program has written.
    pub fn raw(&self) -> Vec<u8> {
        self.display().raw.clone()
    }

    /// What the program has written after so many bytes, as soon as that is anything. Nothing if it stays silent, or has ended.
    pub fn raw_after(&self, seen: usize) -> Vec<u8> {
        let deadline = Instant::now() + PATIENCE;
        let mut display = self.display();
        while display.raw.len() <= seen && !display.ended && Instant::now() < deadline {
            let left = deadline.saturating_duration_since(Instant::now());
            let waited = self.shared.changed.wait_timeout(display, left);
            (display, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
        display.raw[seen..].to_vec()
    }

    /// The row that the cursor is in, as text.
    pub fn cursor_row(&self) -> String {
        let display = self.display();
        let screen = display.parser.screen();
        let (row, _) = screen.cursor_position();
        let text = screen.rows(0, screen.size().1).nth(row.into()).unwrap_or_default();
        text.trim_end().to_owned()
    }

    /// Waits until the screen is as wanted, and returns it.
    pub fn wait_for(&self, wanted: impl Fn(&str) -> bool) -> String {
        let deadline = Instant::now() + PATIENCE;
        let mut display = self.display();
        loop {
            let screen = contents(&display);
            if wanted(&screen) {
                return screen;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(!display.ended && left > Duration::ZERO, "the screen stays otherwise:\n{screen}");
            let waited = self.shared.changed.wait_timeout(display, left);
            (display, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
    }

    pub fn wait_for_text(&self, text: &str) -> String {
        self.wait_for(|screen| screen.contains(text))
    }

    /// Waits for the program to end and returns its exit status.
    pub fn wait(&mut self) -> u32 {
        let deadline = Instant::now() + PATIENCE;
        let mut display = self.display();
        while !display.ended {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(left > Duration::ZERO, "the program does not end:\n{}", contents(&display));
            let waited = self.shared.changed.wait_timeout(display, left);
            (display, _) = waited.unwrap_or_else(PoisonError::into_inner);
        }
        drop(display);
        self.child.wait().expect("the program can be waited for").exit_code()
    }

    pub fn signal(&self, signal: Signal) {
        let pid = self.child.process_id().and_then(|pid| i32::try_from(pid).ok()).expect("a process id");
        kill(Pid::from_raw(pid), signal).expect("the program is running");
    }

    /// Ends the program before it can do anything about it.
    pub fn crash(&self) {
        self.signal(Signal::SIGKILL);
    }

    /// Takes the terminal away from the program.
    pub fn kill(&mut self) {
        self.child.kill().expect("the program is running");
    }

    fn display(&self) -> MutexGuard<'_, Display> {
        self.shared.display.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn contents(display: &Display) -> String {
    display.parser.screen().contents().lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

fn follow(mut reader: Box<dyn Read + Send>, shared: &Shared) {
    let mut buffer = [0; 16 * 1024];
    loop {
        // A terminal whose program has ended reports an error instead of the end.
        let length = reader.read(&mut buffer).unwrap_or(0);
        let mut display = shared.display.lock().unwrap_or_else(PoisonError::into_inner);
        display.parser.process(&buffer[..length]);
        display.raw.extend_from_slice(&buffer[..length]);
        display.ended = length == 0;
        shared.changed.notify_all();
        if length == 0 {
            return;
        }
    }
}

fn builder(command: &Command) -> CommandBuilder {
    let mut builder = CommandBuilder::new(command.get_program());
    builder.args(command.get_args());
    builder.env("TERM", "xterm-256color");
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => builder.env(name, value),
            None => builder.env_remove(name),
        }
    }
    builder
}

//! What is to be printed, in one queue: the only way to the terminal.
//!
//! Contract:
//! 1. Whatever is shown goes through [`Screen::show`]; order on the terminal is order of the calls.
//! 2. Only the thread that owns the terminal takes from the queue. While a line is edited it does so when the
//!    line is painted, in the same write, so that nothing can come between; otherwise at once.
//! 3. [`Screen::room`] waits while more than [`QUEUE_MAX`] bytes are unprinted: a terminal that is stuck must not
//!    fill the memory.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::sync::Notify;

use crate::line::{Line, Style};
use crate::notify::Call;
use crate::theme::Palette;
use crate::ui::layout::{self, Size};
use crate::ui::{Prompt, tty};

/// Unprinted bytes from which on the session waits.
const QUEUE_MAX: usize = 1 << 20;
/// How long a leaving program waits for a terminal to take the last words, and how often it rings meanwhile.
const LAST_WORDS: Duration = Duration::from_secs(1);
const RING_AGAIN: Duration = Duration::from_millis(10);

/// How long a line that was told by a signal to end may take for that.
const RENEWAL: Duration = Duration::from_millis(200);

/// How long after the end of a program that had the terminal a signal may be the one that ended it.
const SAME_SIGNAL: Duration = Duration::from_secs(1);

const CLEAR: &str = "\x1b[H\x1b[2J";
/// Clears the screen row by row: terminals that keep what was on a cleared screen would have everything twice.
const CLEAR_TO_REDRAW: &str = "\x1b[2;1H\x1b[J\x1b[H\x1b[K";
/// Lines that are remembered, to be shown again after the terminal has changed its size.
const REMEMBERED: usize = 200;

/// Something to show.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Show {
    Line(Line),
    Notify(Call),
    Clear,
}

/// A handle on the queue; clones share it.
#[derive(Clone, Debug)]
pub struct Screen {
    shared: Arc<Shared>,
}

#[derive(Debug)]
pub(super) struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    drained: Notify,
    returned: Notify,
    palette: Palette,
    cursor: bool,
}

#[derive(Debug, Default)]
struct State {
    pending: String,
    recent: VecDeque<Line>,
    /// How many of the recent lines are pending.
    unprinted: usize,
    prompt: Option<Prompt>,
    /// What the prompt would be by now, if nothing has been typed behind it.
    newer: Option<Prompt>,
    /// The terminal's owner is busy editing a line and has to be woken by its doorbell.
    editing: bool,
    closing: bool,
    /// The prompt was painted away, if that has reached the terminal.
    vanished: bool,
    /// Another program has the terminal: what arrives waits, and is counted where it is too much.
    lent: bool,
    /// The process that has it.
    borrower: Option<Pid>,
    left_out: usize,
    /// When it was given back.
    returned: Option<Instant>,
    /// Everything was printed and the terminal's owner does nothing more.
    closed: bool,
    doorbell: Option<std::sync::mpsc::SyncSender<()>>,
    /// There is something to paint for which nobody has rung yet.
    rung: bool,
    /// The line was told by a signal to end, for another prompt.
    renewing: bool,
}

/// What the terminal's owner does next.
pub(super) enum Task {
    Print(String),
    Read(Prompt),
    Leave,
}

impl Screen {
    /// `cursor`: whether it can be cleared and has a bell.
    pub(super) fn new(palette: Palette, cursor: bool) -> Self {
        let shared = Shared {
            state: Mutex::default(),
            changed: Condvar::new(),
            drained: Notify::new(),
            returned: Notify::new(),
            palette,
            cursor,
        };
        Self { shared: Arc::new(shared) }
    }

    pub(super) fn shared(&self) -> Arc<Shared> {
        Arc::clone(&self.shared)
    }

    pub fn show(&self, things: &[Show]) {
        if things.is_empty() {
            return;
        }
        let mut state = self.shared.lock();
        for thing in things {
            match thing {
                Show::Line(line) => self.shared.add(&mut state, line),
                Show::Notify(call) if self.shared.cursor => state.pending.push_str(call.as_str()),
                Show::Clear if self.shared.cursor => state.clear(),
                Show::Notify(_) | Show::Clear => {}
            }
        }
        self.shared.wake(&mut state);
    }

    /// The columns of the terminal, if it is one.
    pub fn columns(&self) -> Option<usize> {
        self.shared.columns()
    }

    /// The last line was dealt with: the next may be read, with this prompt.
    pub fn ask(&self, prompt: Prompt) {
        let mut state = self.shared.lock();
        state.prompt = Some(prompt);
        self.shared.wake(&mut state);
    }

    /// The prompt of the line being edited has changed. It counts at once if nothing stands in the line, and otherwise not before
    /// the next line.
    pub fn renew(&self, prompt: Prompt) {
        let mut state = self.shared.lock();
        if state.prompt.is_some() {
            state.prompt = Some(prompt);
        } else if state.editing {
            state.newer = Some(prompt);
        }
        self.shared.wake(&mut state);
    }

    /// Waits until there is room for more.
    pub async fn room(&self) {
        loop {
            let drained = self.shared.drained.notified();
            if self.shared.has_room() {
                return;
            }
            drained.await;
        }
    }

    /// Whether Ctrl-C, as a signal, is meant for us: not while another program has the terminal, and not a moment later, for both
    /// get the signal that ended it.
    pub fn has_keyboard(&self) -> bool {
        let state = self.shared.lock();
        !state.lent && state.returned.is_none_or(|at| at.elapsed() > SAME_SIGNAL)
    }

    /// Waits until no other program has the terminal.
    pub async fn returned(&self) {
        while self.shared.lock().lent {
            self.shared.returned.notified().await;
        }
    }

    /// A shell has continued the program.
    pub fn resume(&self) {
        let mut state = self.shared.lock();
        if self.shared.cursor && !state.lent {
            tty::quiet_again();
            self.shared.wake(&mut state);
        }
    }

    /// Prints what is left and takes the prompt away; gives up on a terminal that takes nothing. Who has borrowed the terminal has to
    /// end. Gives back what its owner had no ear for, such as while it searches the history.
    pub fn close(&self) -> String {
        let started = Instant::now();
        let mut state = self.shared.lock();
        state.closing = true;
        if let Some(borrower) = state.borrower {
            let _ = kill(borrower, Signal::SIGHUP);
        }
        while !state.closed && started.elapsed() < LAST_WORDS {
            self.shared.wake(&mut state);
            let waited = self.shared.changed.wait_timeout(state, RING_AGAIN);
            state = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        if state.closed { String::new() } else { state.take() }
    }
}

impl State {
    fn clear(&mut self) {
        self.pending.push_str(CLEAR);
        self.recent.clear();
        self.unprinted = 0;
    }

    fn take(&mut self) -> String {
        self.unprinted = 0;
        mem::take(&mut self.pending)
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn add(&self, state: &mut State, line: &Line) {
        if state.lent && state.pending.len() >= QUEUE_MAX {
            state.left_out += 1;
            return;
        }
        state.pending.push_str(&self.row(line));
        if state.recent.len() == REMEMBERED {
            state.recent.pop_front();
        }
        state.recent.push_back(line.clone());
        state.unprinted += 1;
    }

    /// The line as it is printed now, with its end.
    fn row(&self, line: &Line) -> String {
        line.render(self.palette, self.columns()) + "\n"
    }

    fn columns(&self) -> Option<usize> {
        let size = terminal_size::terminal_size().filter(|_| self.cursor);
        size.map(|(columns, _)| usize::from(columns.0))
    }

    fn has_room(&self) -> bool {
        let state = self.lock();
        state.pending.len() < QUEUE_MAX || state.closed || state.lent
    }

    fn wake(&self, state: &mut State) {
        if let Some(doorbell) = state.doorbell.as_ref().filter(|_| state.editing && !state.lent) {
            state.rung = true;
            // A ring that already waits will do for this, too.
            let _ = doorbell.try_send(());
        }
        self.changed.notify_all();
    }

    /// The line is told to end; whether it does is seen to, for the signal may get lost.
    pub(super) fn note_renewal(&self) {
        let mut state = self.lock();
        state.renewing = true;
        if let Some(doorbell) = &state.doorbell {
            let _ = doorbell.try_send(());
        }
    }

    /// The line has ended, or goes on after all.
    pub(super) fn end_renewal(&self) {
        self.lock().renewing = false;
        self.changed.notify_all();
    }

    /// For the doorbell: whether there is something to paint, or a line that was to end is still there.
    pub(super) fn is_to_ring(&self) -> bool {
        let wait = |state: &mut State| state.renewing && !state.rung;
        let waited = self.changed.wait_timeout_while(self.lock(), RENEWAL, wait);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner).0;
        mem::take(&mut state.rung) || state.renewing
    }

    /// Has the line painted once more when the keys read so far have been dealt with.
    pub(super) fn ring(&self) {
        self.wake(&mut self.lock());
    }

    pub(super) fn set_doorbell(&self, doorbell: std::sync::mpsc::SyncSender<()>) {
        self.lock().doorbell = Some(doorbell);
    }

    /// Takes what is to be painted; also tells whether the prompt is to vanish for good.
    ///
    /// Doesn't return once everything was painted and the screen is closing: the terminal is no longer its
    /// owner's, who must not move the cursor any more.
    pub(super) fn take(&self) -> (String, bool) {
        let mut state = self.lock();
        let pending = state.take();
        self.drained.notify_one();
        // What was taken before has been painted when the owner comes again.
        if state.closing && pending.is_empty() && mem::replace(&mut state.vanished, true) {
            state.closed = true;
            self.changed.notify_all();
            drop(state);
            loop {
                std::thread::park();
            }
        }
        (pending, state.closing)
    }

    /// What the prompt would be by now.
    pub(super) fn newer(&self) -> Option<Prompt> {
        self.lock().newer.clone()
    }

    /// The owner has left.
    pub(super) fn leave(&self) {
        self.lock().closed = true;
        self.drained.notify_one();
        self.changed.notify_all();
    }

    /// Puts a line in the queue without waking anybody: for the terminal's owner, who paints right after.
    pub(super) fn put(&self, line: &Line) {
        self.add(&mut self.lock(), line);
    }

    /// Has another program use the terminal, which [`Shared::note_borrower`] names.
    pub(super) fn lend<T>(&self, work: impl FnOnce() -> T) -> T {
        self.lock().lent = true;
        let result = work();
        let mut state = self.lock();
        (state.lent, state.borrower, state.returned) = (false, None, Some(Instant::now()));
        let left_out = mem::take(&mut state.left_out);
        if left_out > 0 {
            let text = format!("{left_out} more lines came meanwhile; <history> has what was said");
            self.add(&mut state, &Line::of(Style::Dim, &text));
        }
        self.returned.notify_one();
        result
    }

    pub(super) fn note_borrower(&self, id: u32) {
        self.lock().borrower = i32::try_from(id).ok().map(Pid::from_raw);
    }

    /// Clears the screen, without waking anybody either.
    pub(super) fn clear(&self) {
        self.lock().clear();
    }

    /// Puts the last printed lines in the queue again, on an empty screen; no more than fill so many rows.
    pub(super) fn redraw(&self, rows: usize) {
        let mut state = self.lock();
        let printed = state.recent.len().saturating_sub(state.unprinted);
        let columns = Size::now().map_or(usize::MAX, |size| size.columns);
        let mut free = rows;
        let fitting = state.recent.range(..printed).rev().take_while(|line| {
            let height = layout::height(&line.render(Palette::None, Some(columns)), columns);
            let fits = height <= free;
            free = free.saturating_sub(height);
            fits
        });
        let first = printed - fitting.count();
        let again: String = state.recent.range(first..printed).map(|line| self.row(line)).collect();
        state.pending = format!("{CLEAR_TO_REDRAW}{again}{}", state.pending);
    }

    /// Waits for something to do. After [`Task::Read`] the owner counts as editing until the next call.
    pub(super) fn next_task(&self) -> Task {
        let mut state = self.lock();
        (state.editing, state.newer) = (false, None);
        loop {
            if !state.pending.is_empty() {
                self.drained.notify_one();
                return Task::Print(state.take());
            }
            self.changed.notify_all();
            if state.closing {
                return Task::Leave;
            }
            if let Some(prompt) = state.prompt.take() {
                state.editing = true;
                return Task::Read(prompt);
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

//! The terminal's owner: one thread that edits lines and prints.

use std::fs::DirBuilder;
use std::io::Write as _;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, mpsc as std_mpsc};
use std::time::Duration;

use rustyline::history::{FileHistory, History as _};
use rustyline::{
    ColorMode, Config, Editor, Event, EventHandler, ExternalPrinter, KeyCode, KeyEvent, Modifiers,
};
use tokio::sync::mpsc;

use crate::failure::Failure;
use crate::input::without_secrets;
use crate::ui::paint::{BACK_UP, Painter, RING, TAKE_BACK};
use crate::ui::screen::{Shared, Task};
use crate::ui::{Feel, Prompt, Screen, Typed, keys, tty};
use crate::words::Words;

/// Lines of input that are kept.
const HISTORY: usize = 1000;
/// After this, an escape byte is the key and not the beginning of another.
const ESCAPE: Duration = Duration::from_millis(50);

type Rustyline = Editor<Painter, FileHistory>;

pub(super) fn start(
    feel: Feel,
    words: Arc<Mutex<Words>>,
    typed: mpsc::Sender<Typed>,
) -> Result<Screen, Failure> {
    let screen = Screen::new(feel.palette, true);
    let shared = screen.shared();
    tty::quiet().map_err(|error| Failure::Refused(format!("cannot use the terminal: {error}")))?;
    let owner = move || {
        if let Ok(editor) = editor(&shared, words, feel.history.as_deref()) {
            own(editor, &shared, feel.history.as_deref(), &typed);
        }
        shared.leave();
        let _ = typed.blocking_send(Typed::End);
    };
    std::thread::Builder::new().name("terminal".to_owned()).spawn(owner).map_err(Failure::Output)?;
    Ok(screen)
}

fn editor(
    shared: &Arc<Shared>,
    words: Arc<Mutex<Words>>,
    history: Option<&Path>,
) -> rustyline::Result<Rustyline> {
    let config = Config::builder()
        .max_history_size(HISTORY)?
        .history_ignore_space(false)
        .color_mode(ColorMode::Forced)
        .keyseq_timeout(Some(u16::try_from(ESCAPE.as_millis()).unwrap_or(u16::MAX)))
        .build();
    let kept = FileHistory::with_config(&config);
    let mut editor = Editor::with_history(config, kept)?;
    let painter = Painter::new(Arc::clone(shared));
    bind_keys(&mut editor, &painter, words);
    editor.set_helper(Some(painter));
    install_doorbell(shared, editor.create_external_printer()?);
    if let Some(history) = history {
        // The first time there is none.
        let _ = history.parent().map(|parent| DirBuilder::new().recursive(true).mode(0o700).create(parent));
        let _ = editor.load_history(history);
    }
    Ok(editor)
}

fn bind_keys(editor: &mut Rustyline, painter: &Painter, words: Arc<Mutex<Words>>) {
    let mut bind = |key, handler| drop(editor.bind_sequence(key, EventHandler::Conditional(handler)));
    for key in [KeyEvent(KeyCode::Enter, Modifiers::NONE), KeyEvent::ctrl('J'), KeyEvent::ctrl('M')] {
        bind(key, Box::new(keys::Enter(Arc::clone(&painter.entered))));
    }
    let interrupt = || keys::Interrupt {
        entered: Arc::clone(&painter.entered),
        interrupted: Arc::clone(&painter.interrupted),
    };
    bind(KeyEvent::ctrl('C'), Box::new(interrupt()));
    bind(
        KeyEvent(KeyCode::Tab, Modifiers::NONE),
        Box::new(keys::Tab {
            words,
            shared: Arc::clone(&painter.shared),
            hidden: Arc::clone(&painter.hidden),
        }),
    );
    bind(KeyEvent::ctrl('Z'), Box::new(keys::Suspend));
    let unseen = keys::Unseen {
        shared: Arc::clone(&painter.shared),
        hidden: Arc::clone(&painter.hidden),
        renewal: Arc::clone(&painter.renewal),
        interrupt: interrupt(),
    };
    drop(editor.bind_sequence(Event::Any, EventHandler::Conditional(Box::new(unseen))));
}

/// Ringing may block until the last ring was heard, so it has a thread.
fn install_doorbell(shared: &Shared, mut printer: impl ExternalPrinter + Send + 'static) {
    let (doorbell, rings) = std_mpsc::sync_channel(1);
    shared.set_doorbell(doorbell);
    std::thread::spawn(move || while rings.recv().is_ok() && printer.print(RING.to_owned()).is_ok() {});
}

fn own(mut editor: Rustyline, shared: &Shared, history: Option<&Path>, typed: &mpsc::Sender<Typed>) {
    loop {
        let event = match shared.next_task() {
            Task::Print(text) => {
                print(&text);
                continue;
            }
            Task::Read(prompt) => read(&mut editor, prompt, history),
            Task::Leave => return,
        };
        if typed.blocking_send(event).is_err() {
            return;
        }
    }
}

fn read(editor: &mut Rustyline, mut prompt: Prompt, history: Option<&Path>) -> Typed {
    let mut begun = String::new();
    let result = loop {
        if let Some(painter) = editor.helper() {
            painter.begin(&prompt);
        }
        let result = editor.readline_with_initial(&prompt.text, (&begun, ""));
        let renewed =
            editor.helper().and_then(|painter| painter.renewal.take_key().zip(painter.shared.newer()));
        let Some((key, newer)) = renewed else { break result };
        print(BACK_UP);
        (begun, prompt) = (key.to_string(), newer);
    };
    let number = editor.helper().map_or(prompt.number, Painter::number);
    let secret = editor.helper().map(|painter| painter.hidden.take()).unwrap_or_default();
    if result.is_err() && editor.helper().is_some_and(Painter::is_empty) {
        print(TAKE_BACK);
    }
    match result {
        Ok(_) if editor.helper().is_some_and(Painter::is_interrupted) => {
            print(BACK_UP);
            Typed::Interrupt
        }
        Ok(_) if prompt.secret => {
            print(BACK_UP);
            Typed::Secret(secret)
        }
        Ok(line) => {
            print(BACK_UP);
            remember(editor, &line, history);
            Typed::Line { text: line, prompt: number }
        }
        Err(_) => Typed::End,
    }
}

fn remember(editor: &mut Rustyline, line: &str, history: Option<&Path>) {
    let line = without_secrets(line).trim_end();
    let added = !line.trim().is_empty() && editor.history_mut().add(line).unwrap_or(false);
    if let Some(history) = history.filter(|_| added) {
        // A history that can't be written is no reason to stop talking.
        let _ = editor.append_history(history);
    }
}

/// A terminal that is gone ends the reading, too: that is where it is noticed.
fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

//! The terminal's owner: one thread that edits lines and prints.

use std::fs::{DirBuilder, File};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex, mpsc as std_mpsc};
use std::time::Duration;

use nix::sys::signal::{SigSet, Signal};
use rustyline::error::ReadlineError;
use rustyline::history::{FileHistory, History as _};
use rustyline::{ColorMode, Config, Editor, Event, EventHandler, ExternalPrinter, KeyEvent};
use tokio::sync::mpsc;

use crate::failure::Failure;
use crate::input::without_secrets;
use crate::line::{Line, Style};
use crate::ui::draft::{BACK, Draft, Leaving};
use crate::ui::editor::edit;
use crate::ui::keys::{Edit, Keys, several};
use crate::ui::paint::{Painter, RING};
use crate::ui::screen::{Shared, Task};
use crate::ui::{Feel, Prompt, Screen, Typed, tty};
use crate::words::Words;

/// Lines of input that are kept.
const HISTORY: usize = 1000;
/// After this, an escape byte is the key and not the beginning of another. Meanwhile nothing is printed, and over a slow link the
/// rest takes its time; as in bash.
const ESCAPE: Duration = Duration::from_millis(500);

const NO_TEXT: &str = "what isn't UTF-8 is left out; set the terminal to UTF-8";

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
        // It has its lines end by this signal, which who has started the program may have blocked.
        let _ = SigSet::from(Signal::SIGINT).thread_unblock();
        let leaver = Leaver { shared: &shared, typed: &typed };
        if let Ok(editor) = editor(&shared, words, feel.history.as_deref()) {
            own(editor, &shared, feel.history.as_deref(), &typed);
        }
        drop(leaver);
    };
    std::thread::Builder::new().name("terminal".to_owned()).spawn(owner).map_err(Failure::Output)?;
    Ok(screen)
}

/// Tells the others that the terminal has no owner any more, even if it has panicked.
struct Leaver<'a> {
    shared: &'a Shared,
    typed: &'a mpsc::Sender<Typed>,
}

impl Drop for Leaver<'_> {
    fn drop(&mut self) {
        self.shared.leave();
        let _ = self.typed.blocking_send(Typed::End);
    }
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
    let keys = Keys {
        shared: Arc::clone(shared),
        draft: Arc::default(),
        hidden: Arc::default(),
        words,
        paste: Arc::default(),
        quoting: Arc::default(),
    };
    editor.set_helper(Some(Painter {
        shared: Arc::clone(shared),
        draft: Arc::clone(&keys.draft),
        hidden: Arc::clone(&keys.hidden),
    }));
    bind(&mut editor, keys);
    install_doorbell(shared, editor.create_external_printer()?);
    if let Some(history) = history {
        // The first time there is none.
        let _ = history.parent().map(|parent| DirBuilder::new().recursive(true).mode(0o700).create(parent));
        if is_free(history) {
            let _ = editor.load_history(history);
        }
    }
    Ok(editor)
}

/// Whether no other program holds the history, as one does that was stopped while it wrote: rustyline would wait for it.
fn is_free(history: &Path) -> bool {
    File::open(history).is_ok_and(|file| file.try_lock().is_ok())
}

fn bind(editor: &mut Rustyline, keys: Keys) {
    let edit = Event::KeySeq(vec![KeyEvent::ctrl('X'), KeyEvent::ctrl('E')]);
    editor.bind_sequence(edit, EventHandler::Conditional(Box::new(Edit(keys.clone()))));
    editor.bind_sequence(Event::Any, EventHandler::Conditional(Box::new(keys)));
}

/// Ringing may block until the last ring was heard, so it has a thread.
fn install_doorbell(shared: &Arc<Shared>, mut printer: impl ExternalPrinter + Send + 'static) {
    let (doorbell, rings) = std_mpsc::sync_channel(1);
    shared.set_doorbell(doorbell);
    let shared = Arc::clone(shared);
    std::thread::spawn(move || {
        while rings.recv().is_ok() {
            if shared.is_to_ring() && printer.print(RING.to_owned()).is_err() {
                return;
            }
        }
    });
}

fn own(mut editor: Rustyline, shared: &Shared, history: Option<&Path>, typed: &mpsc::Sender<Typed>) {
    loop {
        let event = match shared.next_task() {
            Task::Print(text) => {
                with_draft(&editor, |draft| draft.note_printed(&text));
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

/// What has the editing of a line come to.
enum Left {
    Done(Typed),
    /// It goes on with another prompt, or another text before and behind the cursor.
    GoesOn(Prompt, (String, String)),
}

fn read(editor: &mut Rustyline, mut prompt: Prompt, history: Option<&Path>) -> Typed {
    let mut begun = (String::new(), String::new());
    loop {
        with_draft(editor, |draft| draft.begin(&prompt.text, prompt.number));
        editor.helper().inspect(|painter| painter.hidden.begin(prompt.secret));
        let result = editor.readline_with_initial(&prompt.text, (&begun.0, &begun.1));
        editor.helper().inspect(|painter| painter.shared.end_renewal());
        match left(editor, prompt, result, history) {
            Left::Done(typed) => return typed,
            Left::GoesOn(next, text) => (prompt, begun) = (next, text),
        }
    }
}

fn left(
    editor: &mut Rustyline,
    prompt: Prompt,
    result: rustyline::Result<String>,
    history: Option<&Path>,
) -> Left {
    let (leaving, number) = with_draft(editor, |draft| (draft.leaving.take(), draft.number));
    let prompt = Prompt { number, ..prompt };
    let line = match result {
        Ok(line) => line,
        Err(ReadlineError::Interrupted) if leaving == Some(Leaving::Unasked) => {
            print(BACK);
            return Left::GoesOn(newer(editor, prompt), with_draft(editor, |draft| draft.halves()));
        }
        Err(error) => {
            print(&with_draft(editor, |draft| draft.take_back()));
            return if is_no_text(&error) {
                editor.helper().inspect(|painter| painter.shared.put(&Line::of(Style::Error, NO_TEXT)));
                Left::GoesOn(prompt, with_draft(editor, |draft| draft.halves()))
            } else {
                Left::Done(Typed::End)
            };
        }
    };
    print(BACK);
    match leaving {
        Some(Leaving::Interrupted) => Left::Done(Typed::Interrupt { dropped: !line.is_empty() }),
        Some(Leaving::Anew(text)) => Left::GoesOn(newer(editor, prompt), (text, String::new())),
        Some(Leaving::Rewritten(before, behind)) => Left::GoesOn(prompt, (before, behind)),
        Some(Leaving::ToEditor) => Left::GoesOn(prompt, (edited(editor, line), String::new())),
        _ if prompt.secret => {
            let secret = editor.helper().map(|painter| painter.hidden.take()).unwrap_or_default();
            Left::Done(Typed::Secret(secret))
        }
        _ => {
            remember(editor, &line, history);
            Left::Done(Typed::Line { text: line, prompt: number })
        }
    }
}

fn newer(editor: &Rustyline, prompt: Prompt) -> Prompt {
    editor.helper().and_then(|painter| painter.shared.newer()).unwrap_or(prompt)
}

/// The line as the user's own program has left it, or as it was.
fn edited(editor: &Rustyline, line: String) -> String {
    let Some(shared) = editor.helper().map(|painter| &painter.shared) else { return line };
    match shared.lend(|| edit(&line, |id| shared.note_borrower(id))) {
        Ok(text) => {
            if text.contains('\n') {
                shared.put(&several(text.matches('\n').count() + 1));
            }
            text
        }
        Err(why) => {
            shared.put(&Line::of(Style::Error, &why));
            line
        }
    }
}

/// Bytes came that aren't UTF-8.
fn is_no_text(error: &ReadlineError) -> bool {
    matches!(error, ReadlineError::Io(error) if error.kind() == ErrorKind::InvalidData)
}

fn with_draft<T: Default>(editor: &Rustyline, act: impl FnOnce(&mut Draft) -> T) -> T {
    editor.helper().map(|painter| act(&mut painter.draft())).unwrap_or_default()
}

fn remember(editor: &mut Rustyline, line: &str, history: Option<&Path>) {
    let line = without_secrets(line).trim_end();
    let added = !line.trim().is_empty() && editor.history_mut().add(line).unwrap_or(false);
    if let Some(history) = history.filter(|history| added && (is_free(history) || !history.exists())) {
        // A history that can't be written is no reason to stop talking.
        let _ = editor.append_history(history);
    }
}

/// A terminal that is gone ends the reading, too: that is where it is noticed.
fn print(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

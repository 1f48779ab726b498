//! For scripts: say something, list who is on, follow what is said; each with an exit status.

mod door;
mod history;
mod list;
mod send;
mod tail;
mod talk;

pub use history::history;
pub use list::list;
pub use send::send;
pub use tail::tail;

use std::io::IsTerminal as _;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use chat_proto::name::{ChannelName, Nick};
use chat_proto::text::{SafeText, harmless_json};

use crate::failure::Failure;
use crate::session::{Event, Session};
use crate::settings::Settings;
use talk::Talk;

/// The server has that long to let us in and to answer.
const PATIENCE: Duration = Duration::from_secs(30);

/// A session that comes in as the settings say.
pub fn session(settings: &Settings) -> Session {
    let mut session = Session::new(&settings.name, &settings.login);
    session.enter_by(settings.entry.clone());
    if let Some(password) = &settings.server_password {
        session.give_server_password(password.clone());
    }
    session
}

/// Whether it can be somebody's or a channel's name; what can't would reach somebody else, or nobody.
fn checked(name: &str) -> Result<(), Failure> {
    let outcome =
        if name.starts_with('#') { ChannelName::new(name).map(drop) } else { Nick::new(name).map(drop) };
    outcome.map_err(|error| {
        Failure::Usage(format!("\"{}\" can't be the name of anybody: {error}", SafeText::line(name)))
    })
}

/// Says something on standard error.
fn note(text: &str) {
    crate::errors::report(text);
}

/// Says it on standard error, if somebody is there to read it.
fn note_to_terminal(text: &str) {
    if std::io::stderr().is_terminal() {
        note(text);
    }
}

/// Prints what happened as an object, with the time of now if the server didn't say any.
fn print_event(event: Event) -> Result<(), Failure> {
    let at = event.at.or_else(|| Some(Timestamp::now()));
    print_json(&Event { at, ..event })
}

/// Prints one object on a line of its own.
fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    use std::io::Write as _;
    let json = serde_json::to_string(value).map_err(|error| Failure::Refused(error.to_string()))?;
    writeln!(std::io::stdout(), "{}", harmless_json(&json)).map_err(Failure::Output)
}

//! Standard error as systemd's journal reads it: each line is an entry, at the priority in its first characters.
//! Without one it would be `info`, and `journalctl -p err` would not show why chatd does not start.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, Write};
use std::panic::{self, PanicHookInfo};
use std::{fmt, thread};

use tracing::{Event, Level, Subscriber};
use tracing_subscriber::fmt::format::{Format, Writer};
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

const ERROR: u8 = 3;
const WARNING: u8 = 4;
const INFO: u8 = 6;
const DEBUG: u8 = 7;

/// Whether standard error goes to the journal.
pub(crate) fn is_in_journal() -> bool {
    std::env::var("JOURNAL_STREAM").is_ok_and(|stream| is_stderr(&stream))
}

/// systemd says which device and inode its journal's stream has.
fn is_stderr(stream: &str) -> bool {
    nix::sys::stat::fstat(io::stderr()).is_ok_and(|stat| format!("{}:{}", stat.st_dev, stat.st_ino) == stream)
}

/// Prints what ends the program, before there is a log or after it.
pub(crate) fn print_error(text: &str) {
    print(ERROR, text);
}

/// Prints something that does not end the program.
pub(crate) fn print_warning(text: &str) {
    print(WARNING, text);
}

fn print(priority: u8, text: &str) {
    // With standard error closed there is nobody to tell.
    let _ = io::stderr().write_all(lines(is_in_journal().then_some(priority), text).as_bytes());
}

/// Control characters may stand in a path or a file that somebody else wrote.
fn lines(priority: Option<u8>, text: &str) -> String {
    let prefix = priority.map(|priority| format!("<{priority}>")).unwrap_or_default();
    let harmless = |c: char| if c.is_control() { char::REPLACEMENT_CHARACTER } else { c };
    let lines = text.lines().filter(|line| !line.is_empty());
    lines.map(|line| format!("{prefix}{}\n", line.chars().map(harmless).collect::<String>())).collect()
}

/// Has panics printed like errors, where Rust's own report would be entries at `info`.
pub(crate) fn report_panics() {
    if is_in_journal() {
        panic::set_hook(Box::new(|panic| print_error(&report(panic))));
    }
}

fn report(panic: &PanicHookInfo<'_>) -> String {
    let backtrace = Backtrace::capture();
    let backtrace = match backtrace.status() {
        BacktraceStatus::Captured => format!("\n{backtrace}"),
        _ => String::new(),
    };
    let thread = thread::current();
    // Its message follows in a line of its own.
    let what = panic.to_string().replacen(":\n", ": ", 1);
    format!("chatd: thread {:?} {what}{backtrace}", thread.name().unwrap_or("unnamed"))
}

/// The usual format of a line of the log, after its priority.
pub(super) struct Prioritized<F>(pub(super) Format<F, ()>);

impl<S, N, F> FormatEvent<S, N> for Prioritized<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    Format<F, ()>: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let priority = match *event.metadata().level() {
            Level::ERROR => ERROR,
            Level::WARN => WARNING,
            Level::INFO => INFO,
            _ => DEBUG,
        };
        write!(writer, "<{priority}>")?;
        self.0.format_event(context, writer, event)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_has_its_priority_and_no_control_character() {
        assert_eq!(lines(Some(ERROR), "chatd: a\u{1b}[2J\n\nb"), "<3>chatd: a\u{fffd}[2J\n<3>b\n");
        assert_eq!(lines(None, "chatd: a\n"), "chatd: a\n");
    }

    #[test]
    fn another_stream_is_not_the_journal() {
        assert!(!is_stderr("0:0"));
        assert!(!is_stderr(""));
    }
}

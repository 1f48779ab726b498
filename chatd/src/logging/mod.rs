//! The log: to the journal in its own form when standard error goes there, else to standard error for people.
//!
//! What administrators or programs wait for is an [event](event) with a name and fields. Anything else is a message
//! with what went wrong in it, since the journal shows no fields.

mod accounts;
mod event;
mod facts;
mod journal;
mod pace;
mod stderr;

use std::io::{self, IsTerminal};
use std::sync::{Mutex, PoisonError};

use chat_proto::admin::LogLevel;
use tracing_journald::{Priority, PriorityMappings};
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::fmt::format::Format;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, Registry, fmt, reload};

use self::event::AUDIT;
pub(crate) use self::event::{EventKind, Fields, Place, Quoted, bounded, log_failure};
pub(crate) use self::facts::log as log_facts;
pub(crate) use self::journal::{is_in_journal, print_error, print_warning, report_panics};
pub(crate) use self::pace::Pace;

/// Changes the level while the daemon runs.
#[derive(Debug)]
pub(crate) struct Log {
    filter: reload::Handle<Targets, Registry>,
    level: Mutex<LogLevel>,
}

impl Log {
    /// Starts logging for the whole process; once.
    pub(crate) fn start(level: LogLevel) -> Self {
        let (filter, handle) = reload::Layer::new(filter(level));
        let in_journal = is_in_journal();
        let output = if in_journal { native() } else { None };
        let output = output.unwrap_or_else(|| standard_error(in_journal));
        tracing_subscriber::registry().with(filter).with(output).init();
        Self { filter: handle, level: Mutex::new(level) }
    }

    pub(crate) fn level(&self) -> LogLevel {
        *self.level.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the level before.
    pub(crate) fn set_level(&self, level: LogLevel) -> LogLevel {
        let mut current = self.level.lock().unwrap_or_else(PoisonError::into_inner);
        // It fails only when nothing is logged any more.
        let _ = self.filter.reload(filter(level));
        std::mem::replace(&mut *current, level)
    }
}

type Output<S> = Box<dyn Layer<S> + Send + Sync>;

/// The journal's own protocol, if its socket can be reached.
fn native<S>() -> Option<Output<S>>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    // As everybody else on the host has them; the library's have one more than the usual.
    let priorities = PriorityMappings {
        error: Priority::Error,
        warn: Priority::Warning,
        info: Priority::Informational,
        debug: Priority::Debug,
        trace: Priority::Debug,
    };
    let layer = tracing_journald::layer().ok()?.with_syslog_identifier("chatd".into());
    Some(layer.with_field_prefix(Some("CHATD".into())).with_priority_mappings(priorities).boxed())
}

fn standard_error<S>(in_journal: bool) -> Output<S>
where
    S: tracing::Subscriber + for<'a> tracing_subscriber::registry::LookupSpan<'a>,
{
    let colours = io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty());
    let layer = fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(colours)
        .with_target(false)
        .fmt_fields(stderr::Readable)
        // A closed terminal must not end the daemon: complaining about it would panic.
        .log_internal_errors(false);
    if in_journal {
        // The journal has the time of each line.
        layer.event_format(journal::Prioritized(Format::default().with_target(false).without_time())).boxed()
    } else {
        layer.boxed()
    }
}

fn filter(level: LogLevel) -> Targets {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    Targets::new().with_default(level).with_target(AUDIT, level.max(LevelFilter::INFO))
}

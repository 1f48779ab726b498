//! `history import FILE`

use std::fs::File;
use std::io::{self, BufRead, BufReader};
use std::ops::ControlFlow;
use std::path::Path;

use chat_proto::admin::{ImportHistory, ImportedLine, ImportedLines};
use jiff::tz::TimeZone;
use serde::Serialize;

use super::plural;
use crate::commands::Context;
use crate::failure::Failure;
use crate::logs::{Format, Log, Parsed};
use crate::output::{Page, Progress, Records, Show};

/// Lines sent at once, and bytes of their text, of which each may become six.
const LINES: usize = 1000;
const BYTES: usize = 128 * 1024;
/// Bytes of a line of a log.
const LINE_MAX: usize = 64 * 1024;
/// Bad lines that are named.
const NAMED: usize = 10;

pub(super) fn run(
    context: &mut Context<'_>,
    file: &Path,
    format: Format,
    channel: &str,
    time_zone: Option<&str>,
) -> Result<(), Failure> {
    let zone = zone(time_zone)?;
    let cannot = |cause| Failure::CannotRead { path: file.to_path_buf(), cause };
    if file == Path::new("-") && !context.ask.may_read_stdin() {
        return Err(Failure::Usage("standard input is the console here; name a file".into()));
    }
    let mut reader: Box<dyn BufRead> = if file == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(BufReader::new(File::open(file).map_err(cannot)?))
    };
    let mut import = Import { channel, outcome: Outcome::default(), said: 0, batch: Vec::new(), bytes: 0 };
    let (mut log, mut progress) = (Log::new(format, zone), Progress::new(context.output));
    let mut number = 0;
    while let Some(line) = line(&mut *reader).map_err(cannot)? {
        number += 1;
        match log.read(&line) {
            Parsed::Said(said) => import.push(context, said)?,
            Parsed::Nothing => import.outcome.skipped += 1,
            Parsed::Bad => import.outcome.bad(number),
        }
        if number % 10_000 == 0 {
            progress.tell(&format!("{number} lines read"));
        }
    }
    drop(progress);
    if import.said == 0 && import.outcome.bad > 0 {
        return Err(Failure::NotALog { path: file.to_path_buf(), format, line: import.outcome.bad_lines[0] });
    }
    import.send(context)?;
    Ok(context.output.show(&import.outcome)?)
}

fn zone(name: Option<&str>) -> Result<TimeZone, Failure> {
    let Some(name) = name else { return Ok(TimeZone::system()) };
    let unknown = |_| Failure::Usage(format!("{name} is no time zone; write it as Europe/Berlin, or UTC"));
    TimeZone::get(name).map_err(unknown)
}

/// Logs of old are in whatever was usual; what is no UTF-8 is read as ISO 8859-1.
fn line(reader: &mut dyn BufRead) -> io::Result<Option<String>> {
    let mut bytes = Vec::new();
    let count = io::Read::take(&mut *reader, LINE_MAX as u64).read_until(b'\n', &mut bytes)?;
    if count == 0 {
        return Ok(None);
    }
    while bytes.last().is_some_and(|byte| matches!(byte, b'\n' | b'\r')) {
        bytes.pop();
    }
    let text = String::from_utf8(bytes);
    Ok(Some(text.unwrap_or_else(|error| error.as_bytes().iter().map(|byte| char::from(*byte)).collect())))
}

struct Import<'a> {
    channel: &'a str,
    outcome: Outcome,
    /// Lines in which somebody said something.
    said: u64,
    batch: Vec<ImportedLine>,
    bytes: usize,
}

impl Import<'_> {
    fn push(&mut self, context: &Context<'_>, said: ImportedLine) -> Result<(), Failure> {
        self.said += 1;
        self.bytes += said.text.len() + said.from.len();
        self.batch.push(said);
        if self.batch.len() >= LINES || self.bytes >= BYTES { self.send(context) } else { Ok(()) }
    }

    fn send(&mut self, context: &Context<'_>) -> Result<(), Failure> {
        let lines = std::mem::take(&mut self.batch);
        self.bytes = 0;
        let outcome = &mut self.outcome;
        let call = ImportHistory { channel: self.channel.to_owned(), lines };
        context.connector.stream(&call, |done: ImportedLines| {
            outcome.imported += done.imported.unwrap_or(0);
            outcome.present += done.present.unwrap_or(0);
            outcome.too_old += done.too_old.unwrap_or(0);
            outcome.refused += done.refused.unwrap_or(0);
            Ok(ControlFlow::Continue(()))
        })
    }
}

#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Outcome {
    imported: u64,
    present: u64,
    too_old: u64,
    refused: u64,
    /// Joins and the like.
    skipped: u64,
    /// Not understood.
    bad: u64,
    /// The first of those.
    bad_lines: Vec<u64>,
}

impl Outcome {
    fn bad(&mut self, number: u64) {
        self.bad += 1;
        if self.bad_lines.len() < NAMED {
            self.bad_lines.push(number);
        }
    }
}

impl Show for Outcome {
    fn text(&self, page: &mut Page) {
        page.line(format!("imported {}", plural(self.imported, "line", "lines")));
        let mut told = |count: u64, what: &str| {
            if count > 0 {
                page.line(format!("{} {what}", plural(count, "line", "lines")));
            }
        };
        told(self.present, "there already");
        told(self.skipped, "left out: joins, parts and the like");
        told(self.too_old, "older than what is kept; `retention` in chatd.toml says how old that is");
        told(self.refused, "refused: from times to come, or too long");
        let numbers: Vec<String> = self.bad_lines.iter().map(ToString::to_string).collect();
        let more = if self.bad > self.bad_lines.len() as u64 { " and more" } else { "" };
        told(self.bad, &format!("not understood: line {}{more}", numbers.join(", ")));
    }

    fn json(&self, records: &mut Records) -> serde_json::Result<()> {
        records.push(self)
    }
}

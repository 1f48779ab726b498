//! A line of the log on standard error: of an event its message alone, which says everything; of anything else the
//! fields too.

use std::fmt;

use tracing::field::{Field, Visit};
use tracing_subscriber::field::{RecordFields, VisitOutput};
use tracing_subscriber::fmt::FormatFields;
use tracing_subscriber::fmt::format::{DefaultVisitor, Writer};

pub(super) struct Readable;

impl<'writer> FormatFields<'writer> for Readable {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'writer>, fields: R) -> fmt::Result {
        let mut visitor = Visitor { inner: DefaultVisitor::new(writer, true), is_event: false };
        fields.record(&mut visitor);
        visitor.inner.finish()
    }
}

struct Visitor<'writer> {
    inner: DefaultVisitor<'writer>,
    /// Set by the first field after the message.
    is_event: bool,
}

impl Visit for Visitor<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.is_event |= field.name() == "event";
        if !self.is_event {
            self.inner.record_debug(field, value);
        }
    }
}

//! A message of several lines (draft/multiline): a batch for who takes one, single lines for others.

use std::fmt::{Display, Write as _};

use chat_proto::caps::Caps;
use chat_proto::tag;

use crate::id::MessageId;
use crate::text::SaidText;

use super::MULTILINE;

/// What was said, and to whom.
#[derive(Debug, Clone, Copy)]
pub struct Multiline<'a> {
    pub command: &'static str,
    /// As it stands on the wire.
    pub target: &'a str,
    pub text: &'a SaidText,
    pub id: MessageId,
    /// The batch around it, if there is one.
    pub within: Option<&'a str>,
}

impl Multiline<'_> {
    /// Writes the lines, without the line end of the last one. `begin` writes the tags and the source that the message has; the
    /// message's id is on its first line alone, which `begin` is told with it.
    pub fn write(
        &self,
        caps: Caps,
        line: &mut String,
        source: impl Display,
        begin: impl Fn(&mut String, Option<MessageId>),
    ) {
        if caps.contains(MULTILINE) {
            begin(line, Some(self.id));
            self.batch(line, source);
        } else {
            self.single_lines(line, begin);
        }
    }

    fn batch(&self, line: &mut String, source: impl Display) {
        let Self { command, target, .. } = self;
        let reference = reference(self.id);
        let _ = write!(line, "BATCH +{reference} {} {target}\r\n", tag::MULTILINE);
        for part in self.text.lines() {
            let (mark, concat) = if part.joined { (";", tag::MULTILINE_CONCAT) } else { ("", "") };
            let _ = write!(
                line,
                "@batch={reference}{mark}{concat} :{source} {command} {target} :{}\r\n",
                part.text
            );
        }
        if let Some(within) = self.within {
            let _ = write!(line, "@batch={within} ");
        }
        let _ = write!(line, ":{source} BATCH -{reference}");
    }

    fn single_lines(&self, line: &mut String, begin: impl Fn(&mut String, Option<MessageId>)) {
        let Self { command, target, .. } = self;
        let mut id = Some(self.id);
        for part in self.text.lines().filter(|part| !part.text.is_empty()) {
            line.push_str(if id.is_some() { "" } else { "\r\n" });
            begin(line, id.take());
            let _ = write!(line, "{command} {target} :{}", part.text);
        }
    }
}

/// Of the message's batch.
fn reference(id: MessageId) -> String {
    format!("m{}", id.number)
}

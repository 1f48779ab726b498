//! Messages of several lines that clients have begun to send (draft/multiline).

use std::collections::BTreeMap;

use chat_proto::message::Message;
use chat_proto::name::Folded;
use chat_proto::tag;
use compact_str::CompactString;
use serde::{Deserialize, Serialize};

use crate::event::SaidKind;
use crate::id::ConnId;
use crate::text::{SaidText, TextLine};
use crate::time::Uptime;

/// One for a connection at most. What is in them is no fact before they are closed.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(from = "Vec<(ConnId, Batch)>", into = "Vec<(ConnId, Batch)>")]
pub struct Batches(BTreeMap<ConnId, Batch>);

#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Batch {
    Open(Box<OpenBatch>),
    /// The client was told what is wrong with it: what is still to come of it counts for nothing.
    Refused {
        reference: CompactString,
    },
}

/// It holds no more than the limits of a message of several lines allow.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct OpenBatch {
    pub reference: CompactString,
    pub label: Option<CompactString>,
    pub target: CompactString,
    /// Client-only tags as they came, without `@`.
    pub tags: Box<str>,
    pub client_id: Option<CompactString>,
    /// When its last line came, in milliseconds since the Unix epoch.
    pub heard_at: Uptime,
    /// What has come of it.
    pub content: Option<Content>,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Content {
    pub kind: SaidKind,
    /// As [`SaidText`] has it.
    pub text: String,
    /// Of what a reader sees.
    bytes: usize,
    lines: usize,
}

/// What is wrong with a line of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wrong {
    Target,
    Command,
    BlankConcat,
    Bytes,
    Lines,
}

impl OpenBatch {
    /// Takes in a PRIVMSG or a NOTICE.
    pub fn add(&mut self, message: &Message, bytes: usize, lines: usize) -> Result<(), Wrong> {
        let is_notice = message.command().eq_ignore_ascii_case(SaidKind::Notice.command());
        let kind = if is_notice { SaidKind::Notice } else { SaidKind::Privmsg };
        let text = message.param(1).unwrap_or_default();
        let joined = message.raw_tags().any(|(key, _)| key == tag::MULTILINE_CONCAT);
        if Folded::new(message.param(0).unwrap_or_default()) != Folded::new(&self.target) {
            return Err(Wrong::Target);
        }
        if joined && text.is_empty() {
            return Err(Wrong::BlankConcat);
        }
        match &mut self.content {
            Some(content) if content.kind != kind => return Err(Wrong::Command),
            Some(content) => content.add(TextLine { text, joined }),
            None => self.content = Some(Content { kind, text: text.to_owned(), bytes: text.len(), lines: 1 }),
        }
        match &self.content {
            Some(content) if content.bytes > bytes => Err(Wrong::Bytes),
            Some(content) if content.lines > lines => Err(Wrong::Lines),
            _ => Ok(()),
        }
    }
}

impl Content {
    fn add(&mut self, line: TextLine<'_>) {
        SaidText::push(&mut self.text, line);
        self.bytes += line.text.len() + usize::from(!line.joined);
        self.lines += 1;
    }

    /// Whether all its lines are blank.
    pub fn is_blank(&self) -> bool {
        self.text.trim_matches('\n').is_empty()
    }
}

impl Batches {
    pub fn get(&self, conn: ConnId) -> Option<&Batch> {
        self.0.get(&conn)
    }

    pub fn get_mut(&mut self, conn: ConnId) -> Option<&mut Batch> {
        self.0.get_mut(&conn)
    }

    /// The one that the connection had goes out of use.
    pub fn insert(&mut self, conn: ConnId, batch: Batch) -> Option<Batch> {
        self.0.insert(conn, batch)
    }

    pub fn remove(&mut self, conn: ConnId) -> Option<Batch> {
        self.0.remove(&conn)
    }

    /// Those that nothing has come of since that time, with their references.
    pub fn silent_since(&self, at: Uptime) -> Vec<(ConnId, CompactString)> {
        let old = |batch: &Batch| matches!(batch, Batch::Open(batch) if batch.heard_at <= at);
        let old = self.0.iter().filter(|(_, batch)| old(batch));
        old.map(|(conn, batch)| (*conn, batch.reference().clone())).collect()
    }
}

impl Batch {
    pub fn reference(&self) -> &CompactString {
        match self {
            Self::Open(batch) => &batch.reference,
            Self::Refused { reference } => reference,
        }
    }
}

impl From<Vec<(ConnId, Batch)>> for Batches {
    fn from(batches: Vec<(ConnId, Batch)>) -> Self {
        Self(batches.into_iter().collect())
    }
}

impl From<Batches> for Vec<(ConnId, Batch)> {
    fn from(batches: Batches) -> Self {
        batches.0.into_iter().collect()
    }
}

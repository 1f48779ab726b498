//! Batches: what the server opens, and what it gathers in them.

use std::collections::BTreeMap;

use chat_proto::message::Message;
use jiff::Timestamp;

use crate::session::event::{Event, How};
use crate::session::said::Utterance;

/// Batches that are open at once; an honest server has as many as we have lines on the way.
const BATCHES_MAX: usize = 64;
/// What one may gather: lines of history, and bytes of a message of several lines.
const LINES_MAX: usize = 10_000;
const TEXT_MAX: usize = 1 << 18;

/// What is gathered until the batch ends.
#[derive(Debug)]
pub enum Gathered {
    /// Lines of the history of a place, or of a search.
    Lines(Option<String>, Vec<Event>),
    /// Places, and when something was said there last.
    Targets(Vec<(String, Timestamp)>),
    /// One message in several lines.
    Message(Utterance),
    /// Nothing: its lines are as good as outside.
    Nothing,
}

#[derive(Debug)]
pub struct Batch {
    pub label: Option<String>,
    pub parent: Option<String>,
    pub gathered: Gathered,
}

#[derive(Debug, Default)]
pub struct Batches(BTreeMap<String, Batch>);

impl Batches {
    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The label that whatever is in the batch answers.
    pub fn label(&self, reference: &str) -> Option<String> {
        self.0.get(reference).and_then(|batch| batch.label.clone())
    }

    pub fn get_mut(&mut self, reference: &str) -> Option<&mut Batch> {
        self.0.get_mut(reference)
    }

    pub fn close(&mut self, reference: &str) -> Option<Batch> {
        self.0.remove(reference)
    }

    pub fn open(&mut self, reference: &str, message: &Message, label: Option<String>) {
        if self.0.len() >= BATCHES_MAX {
            return;
        }
        let gathered = match message.param(1) {
            Some("chathistory") => Gathered::Lines(message.param(2).map(str::to_owned), Vec::new()),
            Some("soju.im/search") => Gathered::Lines(None, Vec::new()),
            Some("draft/chathistory-targets") => Gathered::Targets(Vec::new()),
            Some("draft/multiline") => {
                Utterance::of_batch(message).map_or(Gathered::Nothing, Gathered::Message)
            }
            _ => Gathered::Nothing,
        };
        let parent = message.tag("batch").map(String::from);
        self.0.insert(reference.to_owned(), Batch { label, parent, gathered });
    }
}

impl Batch {
    /// Adds a line of the batch to a message of several lines, or a target to those gathered; false if it is to be dealt with
    /// as any line.
    pub fn takes(&mut self, message: &Message) -> bool {
        match &mut self.gathered {
            Gathered::Message(whole) => add_line(whole, message),
            Gathered::Targets(targets) => add_target(targets, message),
            Gathered::Lines(..) | Gathered::Nothing => return false,
        }
        true
    }

    /// Takes a line of history.
    pub fn add(&mut self, event: Event) {
        if let Gathered::Lines(_, lines) = &mut self.gathered
            && lines.len() < LINES_MAX
        {
            lines.push(event);
        }
    }
}

fn add_line(whole: &mut Utterance, message: &Message) {
    let Some(text) = message.param(1).filter(|text| whole.text.len() + text.len() < TEXT_MAX) else { return };
    if message.command().eq_ignore_ascii_case("NOTICE") {
        whole.how = How::Notice;
    }
    let joined = message.tag("draft/multiline-concat").is_some();
    if std::mem::replace(&mut whole.begun, true) && !joined {
        whole.text.push('\n');
    }
    whole.text.push_str(text);
}

fn add_target(targets: &mut Vec<(String, Timestamp)>, message: &Message) {
    let at = message.param(2).and_then(|at| at.strip_prefix("timestamp=").unwrap_or(at).parse().ok());
    if let (Some(name), Some(at)) = (message.param(1), at)
        && targets.len() < LINES_MAX
    {
        targets.push((name.to_owned(), at));
    }
}

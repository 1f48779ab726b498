//! `reload` and `check`

use chat_proto::admin::{Check, Checked, Reload, Reloaded, SettingChange};

use super::Context;
use crate::failure::Failure;
use crate::output::{Page, Records, Show};

const DEFAULTS: &str = "chatd runs on its built-in defaults; there is no file";

pub(super) fn reload(context: &mut Context<'_>) -> Result<(), Failure> {
    let reloaded = context.connector.call(&Reload {})?;
    Ok(context.output.show(&reloaded)?)
}

pub(super) fn check(context: &mut Context<'_>) -> Result<(), Failure> {
    let checked = context.connector.call(&Check {})?;
    Ok(context.output.show(&checked)?)
}

impl Show for Reloaded {
    fn text(&self, page: &mut Page) {
        match &self.config {
            Some(path) => page.line(format!("{path} is in force")),
            None => page.line(format!("{DEFAULTS} to reload")),
        }
        let (waiting, changed): (Vec<_>, Vec<_>) = self.changed.iter().partition(|change| change.restart);
        for change in &changed {
            page.line(format!("changed: {}", told(change)));
        }
        for change in &waiting {
            page.line(format!("needs a restart: {}", told(change)));
        }
        if self.changed.is_empty() {
            page.line("nothing changed");
        }
    }

    fn json(&self, records: &mut Records) -> serde_json::Result<()> {
        records.push(self)
    }
}

fn told(SettingChange { key, from, to, .. }: &SettingChange) -> String {
    match (from, to) {
        (Some(from), Some(to)) if from != to => format!("{key} ({} → {})", quoted(from), quoted(to)),
        (None, Some(to)) => format!("{key} (set to {})", quoted(to)),
        (Some(from), None) => format!("{key} (was {})", quoted(from)),
        _ => key.clone(),
    }
}

/// Words and numbers as they are; what else would run into its surroundings in quotation marks.
fn quoted(value: &str) -> String {
    let plain = !value.is_empty() && !value.contains(|c: char| c.is_whitespace() || c == '"');
    if plain { value.to_owned() } else { format!("{value:?}") }
}

impl Show for Checked {
    fn text(&self, page: &mut Page) {
        match &self.config {
            Some(path) => page.line(format!("{path} is valid")),
            None => page.line(format!("{DEFAULTS} to check")),
        }
    }

    fn json(&self, records: &mut Records) -> serde_json::Result<()> {
        records.push(self)
    }
}

//! `reload` and `check`

use chat_proto::admin::{Check, Checked, Reload, Reloaded};

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
        if !self.restart_needed.is_empty() {
            page.line(format!(
                "changed, but only from the next start on: {}",
                self.restart_needed.join(", ")
            ));
        }
    }

    fn json(&self, records: &mut Records) -> serde_json::Result<()> {
        records.push(self)
    }
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

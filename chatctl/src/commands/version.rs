//! `version`

use chat_proto::admin::Version;
use serde_json::json;

use super::Context;
use crate::failure::Failure;
use crate::output::{Page, Records, Show};

struct Client;

struct Both {
    daemon: String,
}

pub(super) fn run(context: &mut Context<'_>) -> Result<(), Failure> {
    match context.connector.call(&Version {}) {
        Ok(reply) => Ok(context.output.show(&Both { daemon: reply.version })?),
        Err(failure) => {
            context.output.show(&Client)?;
            Err(failure)
        }
    }
}

const OWN: &str = env!("CARGO_PKG_VERSION");

impl Show for Client {
    fn text(&self, page: &mut Page) {
        page.line(format!("chatctl {OWN}"));
    }

    fn json(&self, records: &mut Records) -> serde_json::Result<()> {
        records.push(&json!({"chatctl": OWN}))
    }
}

impl Show for Both {
    fn text(&self, page: &mut Page) {
        Client.text(page);
        page.line(format!("chatd {}", self.daemon));
        if self.daemon != OWN {
            page.line("They differ: a restart of chatd may be due, or another chatctl is meant.");
        }
    }

    fn json(&self, records: &mut Records) -> serde_json::Result<()> {
        records.push(&json!({"chatctl": OWN, "chatd": self.daemon}))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(daemon: &str) -> String {
        let mut page = Page::default();
        Both { daemon: daemon.into() }.text(&mut page);
        page.into_string()
    }

    #[test]
    fn versions_that_differ_are_pointed_out() {
        assert_eq!(text(OWN).lines().count(), 2);
        assert!(text("0.0.1").contains("They differ"));
    }
}

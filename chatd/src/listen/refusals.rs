//! Connections that were turned away, in the log.

use chatd_core::Origin;

use super::gate::Full;
use crate::logging::{EventKind, Fields, Pace, Place};

#[derive(Debug, Default)]
pub(crate) struct Refusals(Pace);

impl Refusals {
    pub(super) fn log(&self, from: &Origin, full: Full) {
        let Some(more) = self.0.turn() else { return };
        let reason = full.to_string();
        let fields = Fields { reason: Some(&reason), ..Fields::from(from) };
        let message = format_args!("connection refused from {}: {reason}{more}", Place(from));
        EventKind::ConnectionRefused.log(&fields, message);
    }
}

//! What became of the history.

use prometheus_client::metrics::counter::Counter;
use prometheus_client::registry::Registry;

use super::labelled::register_each;

/// Entries of the history that were removed, by why.
#[derive(Debug, Clone)]
pub(crate) struct HistoryMetrics {
    pub(crate) too_old: Counter,
    pub(crate) too_much: Counter,
    /// In channels that only guests were in, and that have ended.
    pub(crate) ended: Counter,
    /// By an administrator.
    pub(crate) erased: Counter,
}

impl HistoryMetrics {
    pub(super) fn register(registry: &mut Registry) -> Self {
        let help = "Entries of the history that were removed, by why";
        let [too_old, too_much, ended, erased] =
            register_each(registry, "history_removed", help, "reason", ["age", "size", "ended", "erased"]);
        Self { too_old, too_much, ended, erased }
    }
}

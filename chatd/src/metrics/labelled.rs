//! A metric with a label whose values are all known beforehand, so that counting looks nothing up.

use std::fmt;

use prometheus_client::encoding::{EncodeMetric, MetricEncoder};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

/// One metric for each value of a label.
#[derive(Debug)]
struct Labelled<M> {
    label: &'static str,
    members: Vec<(&'static str, M)>,
}

/// Puts one metric for each value of the label into the registry and returns the handles in the same order.
pub(super) fn register_each<M, const N: usize>(
    registry: &mut Registry,
    name: &str,
    help: &str,
    label: &'static str,
    values: [&'static str; N],
) -> [M; N]
where
    M: EncodeMetric + fmt::Debug + Default + Clone + Send + Sync + 'static,
{
    let members = values.map(|value| (value, M::default()));
    registry.register(name, help, Labelled { label, members: members.to_vec() });
    members.map(|(_, metric)| metric)
}

impl<M: EncodeMetric + Default> EncodeMetric for Labelled<M> {
    fn encode(&self, mut encoder: MetricEncoder<'_>) -> fmt::Result {
        self.members
            .iter()
            .try_for_each(|(value, metric)| metric.encode(encoder.encode_family(&[(self.label, *value)])?))
    }

    fn metric_type(&self) -> MetricType {
        M::default().metric_type()
    }
}

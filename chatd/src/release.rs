//! Where the core's effects go once they may be seen: to the sockets, to the jobs, to administrators, to watchers.

use std::sync::Arc;

use chatd_core::Effect;

use crate::answers::Answers;
use crate::commit::{Group, Release};
use crate::egress::Order;
use crate::jobs::Jobs;
use crate::logging;
use crate::mailbox::Mailbox;
use crate::watch::Watch;

#[derive(Debug)]
pub(crate) struct Outlets {
    pub(crate) egress: Arc<Mailbox<Order>>,
    pub(crate) jobs: Jobs,
    pub(crate) answers: Arc<Answers>,
    pub(crate) watch: Watch,
}

impl Release for Outlets {
    fn release(&self, mut group: Group) {
        logging::log_facts(&group.events);
        self.watch.tell(&group.events);
        for conn in &group.closed {
            self.jobs.cancel(*conn);
        }
        let (mut jobs, mut stop) = (Vec::new(), false);
        for effect in group.effects.extract_if(.., |effect| !is_for_sockets(effect)) {
            match effect {
                Effect::Job { conn, job } => jobs.push((conn, job)),
                Effect::Answer { request, answer } => self.answers.give(request, answer),
                Effect::Stop => stop = true,
                Effect::Send { .. } | Effect::Fanout { .. } | Effect::Close { .. } => {}
            }
        }
        if !group.effects.is_empty() || !group.closed.is_empty() {
            let (effects, in_flight) = (group.effects, group.in_flight);
            let order = Order::Deliver { effects, closed: group.closed.clone(), in_flight };
            self.egress.push_when_room(order);
        }
        // After what was sent before, which they may wait for.
        for (conn, job) in jobs {
            // Of one that is gone nobody would cancel it any more.
            if !group.closed.contains(&conn) {
                self.jobs.start(conn, job);
            }
        }
        if stop {
            self.egress.push(Order::Stop);
        }
    }
}

fn is_for_sockets(effect: &Effect) -> bool {
    matches!(effect, Effect::Send { .. } | Effect::Fanout { .. } | Effect::Close { .. })
}

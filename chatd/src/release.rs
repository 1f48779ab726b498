//! Where the core's effects go once they may be seen: to the sockets, to the jobs, to administrators, to watchers.

use std::sync::Arc;

use chatd_core::Effect;

use crate::answers::Answers;
use crate::commit::{Group, Release};
use crate::egress::{Delivery, Order};
use crate::jobs::Jobs;
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
    fn release(&self, group: Group) {
        self.watch.tell(group.stamp, &group.events);
        let mut deliveries = Vec::with_capacity(group.effects.len());
        let mut stop = false;
        for effect in group.effects {
            match effect {
                Effect::Send { to, frame } => deliveries.push(Delivery::Send { to, frame }),
                Effect::Fanout { to, except, frame } => {
                    deliveries.push(Delivery::Fanout { to, except, frame });
                }
                Effect::Close { conn } => deliveries.push(Delivery::Close { conn }),
                Effect::Job { conn, job } => self.jobs.start(conn, job),
                Effect::Answer { request, answer } => self.answers.give(request, answer),
                Effect::Stop => stop = true,
            }
        }
        if !deliveries.is_empty() || !group.closed.is_empty() {
            self.egress.push_when_room(Order::Deliver { deliveries, closed: group.closed });
        }
        if stop {
            self.egress.push(Order::Stop);
        }
    }
}

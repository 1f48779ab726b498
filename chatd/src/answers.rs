//! Administrators' requests that wait for the core's answer.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use chatd_core::{AdminAnswer, RequestId};
use tokio::sync::oneshot;

#[derive(Debug, Default)]
pub(crate) struct Answers {
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    last: u64,
    waiting: BTreeMap<RequestId, oneshot::Sender<AdminAnswer>>,
}

impl Answers {
    /// An id for a request, and where its answer arrives; an error there means that the core is gone.
    pub(crate) fn expect(&self) -> (RequestId, oneshot::Receiver<AdminAnswer>) {
        let (sender, receiver) = oneshot::channel();
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.last += 1;
        let request = RequestId(inner.last);
        inner.waiting.insert(request, sender);
        (request, receiver)
    }

    pub(crate) fn give(&self, request: RequestId, answer: AdminAnswer) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = inner.waiting.remove(&request) {
            // Who asked may have hung up.
            let _ = sender.send(answer);
        }
    }

    /// Lets go of all who wait: no answer will come any more.
    pub(crate) fn give_up(&self) {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).waiting.clear();
    }
}

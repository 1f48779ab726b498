//! The bound on what is on its way from the core to the sockets, in bytes.

use std::sync::{Arc, Condvar, Mutex, PoisonError};

#[derive(Debug)]
pub(crate) struct InFlight {
    bytes: Mutex<usize>,
    left: Condvar,
    max: usize,
}

/// A share of what may be on its way; given back when dropped.
#[derive(Debug, Default)]
pub(crate) struct InFlightPermit(Option<(Arc<InFlight>, usize)>);

impl InFlight {
    pub(crate) fn new(max: usize) -> Self {
        Self { bytes: Mutex::default(), left: Condvar::new(), max }
    }

    /// Blocks while so much is on its way that there is no room for as many bytes. More than may be at all go alone.
    pub(crate) fn enter(self: &Arc<Self>, bytes: usize) -> InFlightPermit {
        if bytes == 0 {
            return InFlightPermit::default();
        }
        let mut on_way = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        while *on_way > 0 && on_way.saturating_add(bytes) > self.max {
            on_way = self.left.wait(on_way).unwrap_or_else(PoisonError::into_inner);
        }
        *on_way += bytes;
        InFlightPermit(Some((Arc::clone(self), bytes)))
    }
}

impl Drop for InFlightPermit {
    fn drop(&mut self) {
        if let Some((in_flight, bytes)) = self.0.take() {
            *in_flight.bytes.lock().unwrap_or_else(PoisonError::into_inner) -= bytes;
            in_flight.left.notify_all();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;
    use std::thread;

    use super::*;

    #[test]
    fn inputs_without_room_wait_until_others_have_arrived() {
        let in_flight = Arc::new(InFlight::new(100));
        let (first, second) = (in_flight.enter(60), in_flight.enter(40));
        let (entered, has_entered) = mpsc::channel();
        let entering = {
            let in_flight = Arc::clone(&in_flight);
            thread::spawn(move || entered.send(in_flight.enter(1)).unwrap())
        };
        assert!(has_entered.try_recv().is_err());
        drop(first);
        let third = has_entered.recv().unwrap();
        entering.join().unwrap();
        drop((second, third));
        assert_eq!(*in_flight.bytes.lock().unwrap(), 0);
    }

    #[test]
    fn more_than_the_bound_goes_alone() {
        let in_flight = Arc::new(InFlight::new(100));
        drop(in_flight.enter(1000));
        assert_eq!(*in_flight.bytes.lock().unwrap(), 0);
    }
}

//! Signals: SIGTERM and SIGINT stop the daemon, a second one at once; SIGHUP has the configuration read again. SIGXFSZ is
//! ignored, so that a file that reaches its size limit is an error and not the end.

use std::io;
use std::thread;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;
use tokio::sync::mpsc;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Signal {
    Stop,
    Reload,
}

/// Takes over the process's signals.
pub(crate) fn listen() -> io::Result<mpsc::UnboundedReceiver<Signal>> {
    let mut signals = Signals::new([SIGHUP, SIGINT, SIGTERM, SIGXFSZ])?;
    let (sender, receiver) = mpsc::unbounded_channel();
    thread::Builder::new().name("signals".into()).spawn(move || {
        let mut stopping = false;
        for signal in signals.forever() {
            if signal == SIGXFSZ {
                continue;
            }
            if signal == SIGHUP {
                // Nobody listens once the daemon is on its way out.
                let _ = sender.send(Signal::Reload);
            } else if std::mem::replace(&mut stopping, true) {
                tracing::warn!("told to stop twice; leaving at once");
                std::process::exit(1);
            } else {
                let _ = sender.send(Signal::Stop);
            }
        }
    })?;
    Ok(receiver)
}

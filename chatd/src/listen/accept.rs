//! Accepts connections and admits them: counted, told to egress, told to the core, and then read.
//!
//! No failure ends a listener. When descriptors run out it says so once a minute, turns away who is waiting by means of one
//! that was kept for that, and tries again in a while.

use std::fs::File;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use chatd_core::{Input, LimitKey, Origin, Peer};
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio_util::sync::CancellationToken;

use super::bind::Bound;
use super::gate::{Full, Gate, Seat};
use super::peer::{self, Cloak};
use super::refusals::Refusals;
use crate::auth::login;
use crate::conn::{self, Readers};
use crate::egress::Order;
use crate::logging::{EventKind, Fields, Place, log_failure};
use crate::mailbox::Mailbox;
use crate::metrics::{Metrics, Transport};
use crate::slots::Slots;
use crate::socket::Socket;
use crate::tls::{self, Handshakes, Shown};

/// How long to wait when accepting failed.
const BACK_OFF: Duration = Duration::from_millis(250);
/// How often the log says that it still fails.
const COMPLAIN_EVERY: Duration = Duration::from_secs(60);

/// What it takes to admit a connection.
#[derive(Debug)]
pub(crate) struct Admission {
    pub(crate) gate: Arc<Gate>,
    pub(crate) slots: Arc<Slots>,
    pub(crate) egress: Arc<Mailbox<Order>>,
    pub(crate) readers: Arc<Readers>,
    pub(crate) cloak: Cloak,
    pub(crate) refusals: Refusals,
    pub(crate) handshakes: Arc<Handshakes>,
    pub(crate) metrics: Arc<Metrics>,
}

/// A listener that has a task.
#[derive(Debug)]
pub(crate) struct Listening {
    pub(crate) bound: Bound,
    pub(crate) terms: Terms,
}

/// On which a listener lets in.
#[derive(Debug, Clone)]
pub(crate) struct Terms {
    /// Whether users without an account are let in.
    pub(crate) guests: bool,
    /// What is shown where TLS is spoken.
    pub(crate) certificate: Option<Arc<Shown>>,
}

enum Listener {
    Unix(UnixListener),
    Tcp(TcpListener),
}

enum Accepted {
    Unix(UnixStream),
    Tcp(TcpStream),
}

/// A task that admits connections until `stopping`; then the socket is closed and its file removed.
///
/// # Errors
/// The runtime doesn't take the socket.
pub(crate) fn listen(
    listening: Listening,
    admission: Arc<Admission>,
    stopping: CancellationToken,
) -> io::Result<impl Future<Output = ()>> {
    let Listening { bound, terms } = listening;
    let (listener, file) = Listener::new(bound)?;
    Ok(async move {
        let _file = file;
        tokio::select! {
            () = accept_all(&listener, &terms, &admission) => {}
            () = stopping.cancelled() => {}
        }
    })
}

async fn accept_all(listener: &Listener, terms: &Terms, admission: &Arc<Admission>) {
    let mut reserve = Reserve::default();
    loop {
        match listener.accept().await {
            Ok(accepted) => {
                reserve.refill();
                admission.admit(accepted, terms).await;
            }
            Err(error) => {
                reserve.turn_one_away(listener, &error, &admission.metrics).await;
                tokio::time::sleep(BACK_OFF).await;
            }
        }
    }
}

impl Listener {
    fn new(bound: Bound) -> io::Result<(Self, Option<super::bind::SocketFile>)> {
        Ok(match bound {
            Bound::Unix(listener, file) => (Self::Unix(UnixListener::from_std(listener)?), Some(file)),
            Bound::Tcp(listener) => (Self::Tcp(TcpListener::from_std(listener)?), None),
        })
    }

    async fn accept(&self) -> io::Result<Accepted> {
        match self {
            Self::Unix(listener) => listener.accept().await.map(|(stream, _)| Accepted::Unix(stream)),
            Self::Tcp(listener) => listener.accept().await.map(|(stream, _)| Accepted::Tcp(stream)),
        }
    }
}

impl Admission {
    async fn admit(self: &Arc<Self>, accepted: Accepted, terms: &Terms) {
        match accepted {
            Accepted::Tcp(stream) => self.admit_tcp(stream, terms).await,
            Accepted::Unix(stream) => {
                // The look-up of a name may take long; who comes next doesn't wait for it.
                let (admission, guests) = (Arc::clone(self), terms.guests);
                tokio::spawn(async move { admission.admit_unix(stream, guests).await });
            }
        }
    }

    async fn admit_tcp(self: &Arc<Self>, stream: TcpStream, terms: &Terms) {
        // Frames are coalesced here, so the kernel needn't; without it a line is merely slower.
        let _ = stream.set_nodelay(true);
        let Ok(address) = stream.peer_addr() else { return };
        let address = SocketAddr::new(address.ip().to_canonical(), address.port());
        let (guests, key) = (terms.guests, LimitKey::at(address.ip()));
        let Some(shown) = &terms.certificate else {
            let peer = peer::tcp(address, guests, &self.cloak);
            return match self.gate.enter(key, Transport::Tcp) {
                Ok(seat) => self.seat(seat, peer, stream.into()).await,
                Err(full) => {
                    self.refusals.log(&peer.origin, full);
                    turn_away(stream.into(), full);
                }
            };
        };
        match self.gate.enter(key, Transport::Tls) {
            // Nobody would understand why in clear text.
            Err(full) => self.refusals.log(&Origin::Tls { address }, full),
            Ok(seat) => {
                let (admission, server) = (Arc::clone(self), Arc::clone(&shown.now().server));
                tokio::spawn(async move { admission.admit_tls(stream, address, server, guests, seat).await });
            }
        }
    }

    async fn admit_tls(
        &self,
        stream: TcpStream,
        address: SocketAddr,
        server: Arc<ServerConfig>,
        guests: bool,
        seat: Seat,
    ) {
        let connection = match self.handshakes.perform(&stream, server).await {
            Ok(connection) => connection,
            Err(error) => {
                self.metrics.tls.failed.inc();
                let (from, reason) = (Origin::Tls { address }, error.to_string());
                let fields = Fields { reason: Some(&reason), ..Fields::from(&from) };
                let message = format_args!("no encrypted connection from {}: {reason}", Place(&from));
                return EventKind::HandshakeFailed.log(&fields, message);
            }
        };
        let certificate = tls::fingerprint_of_client(&connection);
        let peer = peer::tls(address, certificate, guests, &self.cloak);
        self.seat(seat, peer, Socket::encrypted(stream, connection)).await;
    }

    async fn admit_unix(&self, stream: UnixStream, guests: bool) {
        let Ok(credentials) = stream.peer_cred() else { return };
        let uid = credentials.uid();
        // Before the look-up, so that those who have no place take no thread.
        let seat = match self.gate.enter(LimitKey::Uid(uid), Transport::Unix) {
            Ok(seat) => seat,
            Err(full) => {
                let from = Origin::Unix { uid, pid: credentials.pid(), login: None };
                self.refusals.log(&from, full);
                return turn_away(stream.into(), full);
            }
        };
        let login = tokio::task::spawn_blocking(move || login::of_uid(uid)).await.unwrap_or_default();
        self.seat(seat, peer::unix(uid, credentials.pid(), login, guests), stream.into()).await;
    }

    async fn seat(&self, seat: Seat, peer: Peer, socket: Socket) {
        let conn = self.slots.take();
        let socket = Arc::new(socket);
        self.egress.push_quietly(Order::Register { conn, socket: Arc::clone(&socket) });
        self.readers.core.send(Input::Opened { conn, peer: Box::new(peer) }).await;
        tokio::spawn(conn::read(conn, socket, Arc::clone(&self.readers), seat));
    }
}

fn turn_away(socket: Socket, full: Full) {
    socket.say_and_close(&format!("ERROR :{full}\r\n"));
}

/// A descriptor kept back, so that when there are none left a connection can still be accepted and told.
#[derive(Default)]
struct Reserve {
    file: Option<File>,
    complained: Option<Instant>,
}

impl Reserve {
    fn refill(&mut self) {
        if self.file.is_none() {
            self.file = File::open("/dev/null").ok();
        }
    }

    async fn turn_one_away(&mut self, listener: &Listener, error: &io::Error, metrics: &Metrics) {
        self.complain(error);
        if self.file.take().is_some()
            && let Ok(Ok(accepted)) = tokio::time::timeout(Duration::ZERO, listener.accept()).await
        {
            metrics.connections.refused.descriptors.inc();
            turn_away(accepted.into(), Full::Server);
        }
        self.refill();
    }

    fn complain(&mut self, error: &io::Error) {
        let now = Instant::now();
        if self.complained.is_none_or(|at| now - at >= COMPLAIN_EVERY) {
            let what = "cannot accept connections, trying again until it works";
            log_failure(EventKind::AcceptFailed, what, error);
            self.complained = Some(now);
        }
    }
}

impl From<Accepted> for Socket {
    fn from(accepted: Accepted) -> Self {
        match accepted {
            Accepted::Unix(stream) => stream.into(),
            Accepted::Tcp(stream) => stream.into(),
        }
    }
}

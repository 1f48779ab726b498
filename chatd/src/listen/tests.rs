//! Listeners against real sockets.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use chatd_core::{Input, Origin, Peer};
use tokio::io::AsyncReadExt;
use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::{Activation, Admission, Cloak, Gate, Listening, Refusals, Terms, bind, listen};
use crate::config::{Connections, Place};
use crate::conn::Readers;
use crate::mailbox::Mailbox;
use crate::metrics::Metrics;
use crate::tls::Handshakes;

struct Bench {
    core: Arc<Mailbox<Input>>,
    admission: Arc<Admission>,
    stopping: CancellationToken,
}

fn bench(per_address: usize) -> Bench {
    let settings = Connections {
        total: 10,
        per_address,
        per_network: 10,
        send_queue: 65_536,
        send_queues: 0,
        messages_per_second: 0,
        burst: 1,
    };
    let core = Arc::new(Mailbox::new(64));
    let metrics = Arc::new(Metrics::new(0));
    let admission = Admission {
        gate: Arc::new(Gate::new(&settings, 10, Arc::clone(&metrics))),
        slots: Arc::default(),
        egress: Arc::new(Mailbox::new(64)),
        readers: Arc::new(Readers::new(Arc::clone(&core), &settings)),
        cloak: Cloak::new(chatd_core::ServerSecret([1; 32])),
        refusals: Refusals::default(),
        handshakes: Arc::new(Handshakes::new(30_000)),
        metrics,
    };
    Bench { core, admission: Arc::new(admission), stopping: CancellationToken::new() }
}

impl Bench {
    fn listen(&self, place: &Place, guests: bool) -> (String, JoinHandle<()>) {
        let bound = bind(place, &mut Activation::default()).unwrap();
        let at = bound.place();
        let listening = Listening { bound, terms: Terms { guests, certificate: None } };
        (at, tokio::spawn(listen(listening, Arc::clone(&self.admission), self.stopping.clone()).unwrap()))
    }

    async fn opened(&self) -> Peer {
        loop {
            let mut inputs = Vec::new();
            self.core.take(&mut inputs, Some(Instant::now()));
            if let Some(Input::Opened { peer, .. }) = inputs.pop() {
                return *peer;
            }
            tokio::task::yield_now().await;
        }
    }
}

fn socket_in(directory: &tempfile::TempDir) -> (PathBuf, Place) {
    let path = directory.path().join("chat.sock");
    (path.clone(), Place::Unix { path, mode: 0o666 })
}

#[tokio::test]
async fn a_user_of_the_host_comes_with_what_the_kernel_knows() {
    let (bench, directory) = (bench(5), tempfile::tempdir().unwrap());
    let (path, place) = socket_in(&directory);
    let _listener = bench.listen(&place, true);
    let _client = UnixStream::connect(&path).await.unwrap();
    let peer = bench.opened().await;
    let uid = nix::unistd::geteuid().as_raw();
    let login = crate::auth::login::of_uid(uid);
    let pid = i32::try_from(std::process::id()).ok();
    assert_eq!(peer.origin, Origin::Unix { uid, pid, login });
    assert_eq!((peer.host.as_str(), peer.guests, peer.secure), ("localhost", true, true));
}

#[tokio::test]
async fn a_tcp_connection_comes_with_its_address() {
    let bench = bench(5);
    let (at, _task) = bench.listen(&Place::Tcp { address: "127.0.0.1:0".parse().unwrap() }, false);
    let client = TcpStream::connect(at.parse::<SocketAddr>().unwrap()).await.unwrap();
    let peer = bench.opened().await;
    assert_eq!(peer.origin, Origin::Tcp { address: client.local_addr().unwrap() });
    assert_eq!((peer.host.as_str(), peer.guests, peer.secure), ("localhost", false, false));
}

#[tokio::test]
async fn one_connection_too_many_is_told_why_and_others_stay() {
    let (bench, directory) = (bench(1), tempfile::tempdir().unwrap());
    let (path, place) = socket_in(&directory);
    let _listener = bench.listen(&place, true);
    let _first = UnixStream::connect(&path).await.unwrap();
    bench.opened().await;
    let mut second = UnixStream::connect(&path).await.unwrap();
    let mut said = String::new();
    second.read_to_string(&mut said).await.unwrap();
    assert_eq!(said, "ERROR :Too many connections of your user\r\n");
}

#[tokio::test]
async fn when_it_stops_the_socket_file_is_gone() {
    let (bench, directory) = (bench(1), tempfile::tempdir().unwrap());
    let (path, place) = socket_in(&directory);
    let (_, task) = bench.listen(&place, true);
    assert!(path.exists());
    bench.stopping.cancel();
    task.await.unwrap();
    assert!(!path.exists());
}

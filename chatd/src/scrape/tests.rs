//! The endpoint against real sockets.

use std::sync::Arc;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpStream, UnixStream};
use tokio_util::sync::CancellationToken;

use super::{CONNECTIONS_MAX, serve};
use crate::config::Place;
use crate::listen::{self, Activation};
use crate::metrics::Metrics;

/// Serves on a port of its own and returns the address.
fn start() -> String {
    let bound =
        listen::bind(&Place::Tcp { address: "127.0.0.1:0".parse().unwrap() }, &mut Activation::default())
            .unwrap();
    let place = bound.place();
    tokio::spawn(serve(bound, Arc::new(Metrics::new(0)), CancellationToken::new()));
    place
}

async fn ask(address: &str, request: &str) -> String {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    read(&mut stream).await
}

async fn read(stream: &mut (impl AsyncReadExt + Unpin)) -> String {
    let mut answer = Vec::new();
    // The other end may cut it short.
    let _ = stream.read_to_end(&mut answer).await;
    String::from_utf8(answer).unwrap()
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n")
}

#[tokio::test]
async fn metrics_are_where_prometheus_looks_and_nothing_else_is() {
    let address = start();
    let found = ask(&address, &get("/metrics")).await;
    assert!(found.starts_with("HTTP/1.1 200 OK\r\n"), "{found}");
    assert!(found.contains("content-type: application/openmetrics-text; version=1.0.0; charset=utf-8\r\n"));
    assert!(found.contains("connection: close\r\n"));
    assert!(found.ends_with("\n# EOF\n"));
    assert!(ask(&address, &get("/metrics?x=1")).await.starts_with("HTTP/1.1 200 "));
    assert!(ask(&address, &get("/")).await.starts_with("HTTP/1.1 404 "));
    let refused = ask(&address, "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n").await;
    assert!(refused.starts_with("HTTP/1.1 405 "), "{refused}");
    assert!(refused.contains("allow: GET, HEAD\r\n"));
}

#[tokio::test]
async fn a_head_has_no_body() {
    let answer = ask(&start(), "HEAD /metrics HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200 ") && answer.ends_with("\r\n\r\n"), "{answer}");
}

#[tokio::test]
async fn what_is_no_request_is_refused() {
    let address = start();
    for garbage in ["\0\u{1}\u{2}\r\n\r\n".to_owned(), get(&"x".repeat(100_000)), "NICK alice\r\n".to_owned()]
    {
        let answer = ask(&address, &garbage).await;
        assert!(answer.is_empty() || answer.starts_with("HTTP/1.1 4"), "{answer}");
    }
}

#[tokio::test]
async fn who_only_connects_gives_way_to_who_comes_later() {
    let address = start();
    let mut idle = Vec::new();
    for _ in 0..3 * CONNECTIONS_MAX {
        idle.push(TcpStream::connect(&address).await.unwrap());
    }
    assert!(ask(&address, &get("/metrics")).await.ends_with("# EOF\n"));
    assert_eq!(read(&mut idle[0]).await, "");
}

#[tokio::test]
async fn a_unix_socket_serves_the_same_and_goes_with_the_daemon() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("metrics.sock");
    let bound =
        listen::bind(&Place::Unix { path: path.clone(), mode: 0o600 }, &mut Activation::default()).unwrap();
    let stopping = CancellationToken::new();
    let serving = tokio::spawn(serve(bound, Arc::new(Metrics::new(0)), stopping.clone()));
    let mut stream = UnixStream::connect(&path).await.unwrap();
    stream.write_all(get("/metrics").as_bytes()).await.unwrap();
    assert!(read(&mut stream).await.ends_with("# EOF\n"));
    stopping.cancel();
    serving.await.unwrap();
    assert!(!path.exists());
}

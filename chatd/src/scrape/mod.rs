//! The metrics over HTTP, for Prometheus and its like. Whoever connects can do no harm: one request a connection,
//! bounded in size and time, and the oldest connection gives way when there are too many.

use std::convert::Infallible;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONTENT_TYPE, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, UnixListener};
use tokio::task::{AbortHandle, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::listen::Bound;
use crate::logging::{EventKind, log_failure};
use crate::metrics::Metrics;

const OPENMETRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";
/// Monitoring needs one or two.
const CONNECTIONS_MAX: usize = 16;
/// Of the request's head, in bytes.
const REQUEST_MAX: usize = 8 * 1024;
/// A connection has this long for its request and the answer.
const LIFETIME: Duration = Duration::from_secs(10);

/// Answers until `stopping`; then the socket is closed and its file removed.
pub(crate) async fn serve(bound: Bound, metrics: Arc<Metrics>, stopping: CancellationToken) {
    tracing::info!("metrics can be read at {}", bound.place());
    let outcome = tokio::select! {
        outcome = accept_all(bound, metrics) => outcome,
        () = stopping.cancelled() => Ok(()),
    };
    if let Err(error) = outcome {
        tracing::error!("cannot serve metrics: {error}");
    }
}

async fn accept_all(bound: Bound, metrics: Arc<Metrics>) -> io::Result<()> {
    let mut connections = Connections::default();
    match bound {
        Bound::Unix(listener, _file) => {
            let listener = UnixListener::from_std(listener)?;
            loop {
                let accepted = listener.accept().await.map(|(stream, _)| stream);
                connections.add(accepted, &metrics).await;
            }
        }
        Bound::Tcp(listener) => {
            let listener = TcpListener::from_std(listener)?;
            loop {
                let accepted = listener.accept().await.map(|(stream, _)| stream);
                connections.add(accepted, &metrics).await;
            }
        }
    }
}

/// Those that are open, the oldest first. They end when this is dropped.
#[derive(Default)]
struct Connections {
    tasks: JoinSet<()>,
    open: Vec<AbortHandle>,
}

impl Connections {
    async fn add<S>(&mut self, accepted: io::Result<S>, metrics: &Arc<Metrics>)
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let stream = match accepted {
            Ok(stream) => stream,
            Err(error) => {
                let what = "cannot accept a connection for metrics, trying again in a second";
                log_failure(EventKind::AcceptFailed, what, &error);
                return tokio::time::sleep(Duration::from_secs(1)).await;
            }
        };
        while self.tasks.try_join_next().is_some() {}
        self.open.retain(|connection| !connection.is_finished());
        if self.open.len() >= CONNECTIONS_MAX {
            self.open.remove(0).abort();
        }
        self.open.push(self.tasks.spawn(converse(stream, Arc::clone(metrics))));
    }
}

async fn converse<S>(stream: S, metrics: Arc<Metrics>)
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let service = service_fn(move |request| answer(request, Arc::clone(&metrics)));
    let connection = http1::Builder::new()
        .keep_alive(false)
        .max_buf_size(REQUEST_MAX)
        .serve_connection(TokioIo::new(stream), service);
    match tokio::time::timeout(LIFETIME, connection).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!("a request for metrics failed: {error}"),
        Err(_) => tracing::debug!("a request for metrics took too long"),
    }
}

async fn answer(
    request: Request<Incoming>,
    metrics: Arc<Metrics>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    Ok(match request.uri().path() {
        "/metrics" if reads => all(metrics).await,
        "/metrics" => {
            let mut response = refusal(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD\n");
            response.headers_mut().insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
            response
        }
        _ => refusal(StatusCode::NOT_FOUND, "only /metrics is here\n"),
    })
}

/// The host is asked for things, so it isn't done by the thread that reads all connections.
async fn all(metrics: Arc<Metrics>) -> Response<Full<Bytes>> {
    match tokio::task::spawn_blocking(move || metrics.text()).await {
        Ok(text) => response(OPENMETRICS, text.into()),
        Err(_) => refusal(StatusCode::INTERNAL_SERVER_ERROR, "the metrics could not be written\n"),
    }
}

fn refusal(status: StatusCode, words: &'static str) -> Response<Full<Bytes>> {
    let mut response = response("text/plain; charset=utf-8", words.into());
    *response.status_mut() = status;
    response
}

fn response(content_type: &'static str, body: Full<Bytes>) -> Response<Full<Bytes>> {
    let mut response = Response::new(body);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

#[cfg(test)]
mod tests;

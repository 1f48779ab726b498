//! One administrator's connection: admitted or turned away, then one call after the other.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use chat_proto::admin::{Error, MAX_REQUEST, TERMINATOR};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;
use tokio_util::codec::{AnyDelimiterCodec, AnyDelimiterCodecError, Decoder};
use tokio_util::sync::CancellationToken;
use zeroize::Zeroize;

use super::access::{self, Peer};
use super::audit::{Auditor, Subject};
use super::call::{self, Call, Refusal, Request};
use super::perform::perform;
use super::stream::Sink;
use super::{Backend, Limits, reply, stream, turn_away, watch};

pub(super) struct Connection<B> {
    pub(super) backend: Arc<B>,
    pub(super) limits: Limits,
    pub(super) stopping: CancellationToken,
}

/// Why a connection ends before the other end closes it.
#[derive(Debug, thiserror::Error)]
pub(super) enum Ended {
    #[error("the socket failed: {0}")]
    Io(#[from] io::Error),
    #[error("a request could not be read: {0}")]
    Request(#[from] AnyDelimiterCodecError),
    #[error("the other end did not read for {0:?}")]
    NotReading(Duration),
    #[error("a call came in while watching")]
    CallWhileWatching,
    #[error("a call broke off because the other end is gone, or chatd stops")]
    BrokenOff,
    #[error("an error could not be written: {0}")]
    Unwritable(#[from] serde_json::Error),
}

impl<B: Backend> Connection<B> {
    pub(super) fn new(backend: Arc<B>, limits: Limits, stopping: CancellationToken) -> Self {
        Self { backend, limits, stopping }
    }

    pub(super) async fn run(self, stream: UnixStream) {
        let Some(auditor) = self.admit(&stream).await else { return };
        let (read, write) = stream.into_split();
        let mut calls = Calls::new(read);
        let mut replies = Replies { write, patience: self.limits.write };
        if let Err(error) = self.answer(&auditor, &mut calls, &mut replies).await {
            tracing::debug!("closed the admin connection of uid {}: {error}", auditor.actor.uid);
        }
    }

    /// Decides by the kernel's word alone; nothing has been read when somebody is turned away.
    async fn admit(&self, stream: &UnixStream) -> Option<Auditor> {
        let peer = Peer::of(stream)
            .inspect_err(|error| tracing::warn!("cannot tell who an administrator is: {error}"))
            .ok()?;
        let group = self.backend.admin_group();
        let caller = match timeout(self.limits.answer, access::identify(peer, group.clone())).await {
            Ok(Ok(caller)) => caller,
            Ok(Err(error)) => return Self::unidentified(stream, peer, &error.to_string()),
            Err(_) => return Self::unidentified(stream, peer, "the user database does not answer"),
        };
        let auditor = Auditor { peer, actor: caller.actor };
        if !caller.allowed {
            let denied = Error::PermissionDenied { group };
            turn_away(stream, &denied);
            auditor.refused(&*self.backend, None, &denied.into());
            return None;
        }
        Some(auditor)
    }

    fn unidentified(stream: &UnixStream, peer: Peer, error: &str) -> Option<Auditor> {
        tracing::error!("cannot look up who the administrator with uid {} is: {error}", peer.uid);
        turn_away(stream, &Error::Unavailable { reason: "it cannot look up who you are".into() });
        None
    }

    async fn answer(&self, auditor: &Auditor, calls: &mut Calls, replies: &mut Replies) -> Result<(), Ended> {
        loop {
            let bytes = tokio::select! {
                bytes = calls.next() => bytes?,
                () = self.lingered() => None,
            };
            let Some(bytes) = bytes else { return Ok(()) };
            let call = call::parse(&bytes);
            wipe(bytes);
            match call {
                Ok(call) => self.handle(auditor, call, calls, replies).await?,
                Err(refusal) => self.refuse(auditor, None, false, &refusal, replies).await?,
            }
        }
    }

    async fn handle(
        &self,
        auditor: &Auditor,
        call: Call,
        calls: &mut Calls,
        replies: &mut Replies,
    ) -> Result<(), Ended> {
        let Call { method, more, oneway, request } = call;
        let request = match request {
            Ok(Request::Watch) => {
                auditor.done(&*self.backend, &method, &Subject::of(&Request::Watch));
                return watch::run(self, calls, replies).await;
            }
            Ok(Request::Work(work)) => {
                let subject = Subject::of_work(&work);
                let maintenance = Arc::clone(self.backend.maintenance());
                let work = move |sink: &Sink| work.perform(&maintenance, sink);
                return match stream::run(self, calls, replies, work).await? {
                    Some(Ok(last)) => {
                        auditor.done(&*self.backend, &method, &subject);
                        replies.send(&last).await
                    }
                    Some(Err(refusal)) => self.refuse(auditor, Some(&method), false, &refusal, replies).await,
                    None => {
                        auditor.broken_off(&*self.backend, &method, &subject);
                        Err(Ended::BrokenOff)
                    }
                };
            }
            Ok(request) => request,
            Err(refusal) => return self.refuse(auditor, Some(&method), oneway, &refusal, replies).await,
        };
        let subject = Subject::of(&request);
        let performed = perform(&*self.backend, auditor.actor.clone(), request, more);
        let outcome = timeout(self.limits.answer, performed).await.unwrap_or_else(|_| Err(too_slow()));
        match outcome {
            Ok(list) => {
                auditor.done(&*self.backend, &method, &subject);
                if oneway { Ok(()) } else { replies.send_all(&list).await }
            }
            Err(refusal) => self.refuse(auditor, Some(&method), oneway, &refusal, replies).await,
        }
    }

    async fn refuse(
        &self,
        auditor: &Auditor,
        method: Option<&str>,
        oneway: bool,
        refusal: &Refusal,
        replies: &mut Replies,
    ) -> Result<(), Ended> {
        auditor.refused(&*self.backend, method, refusal);
        if oneway { Ok(()) } else { replies.send(&reply::error(refusal)?).await }
    }

    /// Once the daemon is stopping, calls that are on their way are still answered.
    async fn lingered(&self) {
        self.stopping.cancelled().await;
        tokio::time::sleep(self.limits.linger).await;
    }
}

/// There may be a password in it.
fn wipe(bytes: bytes::Bytes) {
    if let Ok(mut bytes) = bytes.try_into_mut() {
        bytes.zeroize();
    }
}

fn too_slow() -> Refusal {
    Error::Unavailable { reason: "it did not answer in time".into() }.into()
}

/// The calls that come in, still as bytes.
pub(super) struct Calls {
    read: OwnedReadHalf,
    buffer: BytesMut,
    codec: AnyDelimiterCodec,
}

impl Calls {
    fn new(read: OwnedReadHalf) -> Self {
        let delimiter = vec![TERMINATOR];
        let codec = AnyDelimiterCodec::new_with_max_length(delimiter.clone(), delimiter, MAX_REQUEST);
        Self { read, buffer: BytesMut::new(), codec }
    }

    /// `None` when the other end is done. May be dropped while waiting without losing anything.
    pub(super) async fn next(&mut self) -> Result<Option<bytes::Bytes>, AnyDelimiterCodecError> {
        loop {
            if let Some(call) = self.codec.decode(&mut self.buffer)? {
                if self.buffer.is_empty() {
                    // So that the call has its room to itself and can be wiped.
                    self.buffer = BytesMut::new();
                }
                return Ok(Some(call));
            }
            if self.read.read_buf(&mut self.buffer).await? == 0 {
                return Ok(None);
            }
        }
    }
}

/// The way back. Who doesn't read is not waited for.
pub(super) struct Replies {
    write: OwnedWriteHalf,
    patience: Duration,
}

impl Replies {
    pub(super) async fn send(&mut self, bytes: &[u8]) -> Result<(), Ended> {
        match timeout(self.patience, self.write.write_all(bytes)).await {
            Ok(written) => Ok(written?),
            Err(_) => Err(Ended::NotReading(self.patience)),
        }
    }

    async fn send_all(&mut self, list: &[Vec<u8>]) -> Result<(), Ended> {
        for bytes in list {
            self.send(bytes).await?;
        }
        Ok(())
    }
}

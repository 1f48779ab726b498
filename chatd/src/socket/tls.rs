//! What an encrypted connection has between the socket and those who read and write.

use std::io::{self, IoSlice, Read, Write};

use rustls::ServerConnection;

use super::stream::Stream;

/// Bytes that are taken for sending before the socket has taken those before them, and as many that are read.
const BUFFER_MAX: usize = 64 * 1024;

#[derive(Debug)]
pub(super) struct Session {
    connection: Box<ServerConnection>,
    /// Bytes that are encrypted and not yet with the kernel. The writer still holds them as unwritten and will offer
    /// them again first.
    in_flight: usize,
}

impl Session {
    pub(super) fn new(mut connection: Box<ServerConnection>) -> Self {
        connection.set_buffer_limit(Some(BUFFER_MAX));
        Self { connection, in_flight: 0 }
    }

    /// Decrypts at most one read of the socket. Nothing when that held no data for us, zero at the end.
    pub(super) fn read(&mut self, stream: &Stream, into: &mut [u8]) -> io::Result<Option<usize>> {
        if let Some(count) = self.decrypted(stream, into)? {
            return Ok(Some(count));
        }
        self.connection.read_tls(&mut Bytes(stream))?;
        let outcome = self.connection.process_new_packets();
        if self.connection.wants_write() {
            // What the other end wants to know for the protocol's sake. The next writer goes on with it.
            let _ = self.flush(stream);
        }
        outcome.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
        self.decrypted(stream, into)
    }

    fn decrypted(&mut self, stream: &Stream, into: &mut [u8]) -> io::Result<Option<usize>> {
        match self.connection.reader().read(into) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
            // Cut without a goodbye: a line that isn't whole is dropped anyhow.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(Some(0)),
            Ok(0) => {
                // So that the other end knows that nothing of what we said is missing.
                let _ = self.close(stream);
                Ok(Some(0))
            }
            result => result.map(Some),
        }
    }

    /// Returns how many of the bytes are with the kernel. Those that are on their way aren't counted before they
    /// are, so the next call must begin with the same.
    pub(super) fn write(&mut self, stream: &Stream, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.flush(stream)?;
        if self.in_flight > 0 {
            return Ok(std::mem::take(&mut self.in_flight));
        }
        let taken = self.connection.writer().write_vectored(slices)?;
        match self.flush(stream) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                self.in_flight = taken;
                Err(error)
            }
            result => result.map(|()| taken),
        }
    }

    /// Says goodbye. May be tried again when the socket is full.
    pub(super) fn close(&mut self, stream: &Stream) -> io::Result<()> {
        self.connection.send_close_notify();
        self.flush(stream)
    }

    fn flush(&mut self, stream: &Stream) -> io::Result<()> {
        while self.connection.wants_write() {
            self.connection.write_tls(&mut Bytes(stream))?;
        }
        Ok(())
    }
}

/// A stream's bytes as they are.
struct Bytes<'a>(&'a Stream);

impl Read for Bytes<'_> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        self.0.try_read(into)
    }
}

impl Write for Bytes<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.try_write(&[IoSlice::new(bytes)])
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.try_write(slices)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

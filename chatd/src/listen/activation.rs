//! Sockets that systemd listens on for us, so that they outlive a restart. They take the place of the listeners of
//! the configuration that have the same path or address; their files are systemd's, and are left alone.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::AsFd;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use listenfd::ListenFd;
use nix::sys::socket::{getsockopt, sockopt};

/// `FileDescriptorName=` of the socket unit for administrators.
const ADMIN: &str = "admin";

/// What was handed over and has no listener yet.
#[derive(Debug, Default)]
pub(crate) struct Activation {
    unix: Vec<Handed<PathBuf, UnixListener>>,
    tcp: Vec<Handed<SocketAddr, TcpListener>>,
}

#[derive(Debug)]
struct Handed<P, L> {
    name: String,
    place: P,
    listener: L,
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum ActivationError {
    #[error("cannot take over the sockets that systemd listens on: {0}")]
    Environment(io::Error),
    #[error("systemd hands over {name:?}, which chatd cannot listen on: {cause}; correct that socket unit")]
    Unusable { name: String, cause: io::Error },
    #[error(
        "systemd listens on {place}, but the configuration does not; give it `{key} = \"{place}\"`, or have the socket \
         unit not listen there (`systemctl edit` or `systemctl mask` it)"
    )]
    Unknown { place: String, key: &'static str },
}

impl Activation {
    /// What systemd says that it hands over; only once, and while the process has one thread.
    ///
    /// # Errors
    /// What is said is wrong, or something isn't a listening stream socket.
    pub(crate) fn from_environment() -> Result<Self, ActivationError> {
        // Checks that we are meant, and that all of them are there.
        let named = sd_notify::listen_fds_with_names().map_err(ActivationError::Environment)?;
        let names: Vec<String> = named.map(|(_, name)| name).collect();
        let mut activation = Self::default();
        if names.is_empty() {
            return Ok(activation);
        }
        let mut handed = ListenFd::from_env();
        for (index, name) in names.into_iter().enumerate() {
            activation
                .add(&mut handed, index, &name)
                .map_err(|cause| ActivationError::Unusable { name, cause })?;
        }
        Ok(activation)
    }

    fn add(&mut self, handed: &mut ListenFd, index: usize, name: &str) -> io::Result<()> {
        if let Ok(Some(listener)) = handed.take_unix_listener(index) {
            return self.add_unix(name, listener);
        }
        match handed.take_tcp_listener(index)? {
            Some(listener) => self.add_tcp(name, listener),
            None => Err(io::Error::other("it is missing")),
        }
    }

    fn add_unix(&mut self, name: &str, listener: UnixListener) -> io::Result<()> {
        must_listen(&listener)?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let path = address.as_pathname().ok_or_else(|| io::Error::other("it has no path"))?;
        self.unix.push(Handed { name: name.into(), place: path.into(), listener });
        Ok(())
    }

    fn add_tcp(&mut self, name: &str, listener: TcpListener) -> io::Result<()> {
        must_listen(&listener)?;
        listener.set_nonblocking(true)?;
        let place = listener.local_addr()?;
        self.tcp.push(Handed { name: name.into(), place, listener });
        Ok(())
    }

    pub(super) fn take_unix(&mut self, path: &Path) -> Option<UnixListener> {
        let index = self.unix.iter().position(|handed| is_same(&handed.place, path))?;
        Some(self.unix.swap_remove(index).listener)
    }

    pub(super) fn take_tcp(&mut self, address: SocketAddr) -> Option<TcpListener> {
        let index = self.tcp.iter().position(|handed| handed.place == address)?;
        Some(self.tcp.swap_remove(index).listener)
    }

    /// Nobody would ever be answered on a socket that is left over, so it must be known.
    ///
    /// # Errors
    /// One is left over.
    pub(crate) fn must_be_used_up(&self) -> Result<(), ActivationError> {
        let unix = self.unix.first().map(|handed| {
            let key = if handed.name == ADMIN { "[admin] socket" } else { "[[listen]] unix" };
            ActivationError::Unknown { place: handed.place.display().to_string(), key }
        });
        let tcp = self.tcp.first().map(|handed| ActivationError::Unknown {
            place: handed.place.to_string(),
            key: "[[listen]] tcp",
        });
        unix.or(tcp).map_or(Ok(()), Err)
    }
}

/// With `Accept=yes` systemd hands over a connection.
fn must_listen(socket: &impl AsFd) -> io::Result<()> {
    if getsockopt(socket, sockopt::AcceptConn)? {
        return Ok(());
    }
    Err(io::Error::other("it does not listen; is it made with Accept=yes?"))
}

/// One may be written with a symbolic link, such as `/var/run`.
fn is_same(one: &Path, other: &Path) -> bool {
    one == other || one.canonicalize().is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::os::unix::net::UnixStream;

    use super::*;

    fn loopback() -> TcpListener {
        TcpListener::bind("127.0.0.1:0").unwrap()
    }

    #[test]
    fn a_path_is_matched_however_it_is_written() {
        let directory = tempfile::tempdir().unwrap();
        let (real, link) = (directory.path().join("run"), directory.path().join("var-run"));
        std::fs::create_dir(&real).unwrap();
        symlink(&real, &link).unwrap();
        let mut activation = Activation::default();
        activation.add_unix("chat", UnixListener::bind(real.join("chat.sock")).unwrap()).unwrap();
        assert!(activation.take_unix(&real.join("other.sock")).is_none());
        assert!(activation.take_unix(&link.join("chat.sock")).is_some());
        assert!(activation.take_unix(&link.join("chat.sock")).is_none(), "each is handed over once");
    }

    #[test]
    fn an_address_is_matched_with_its_port() {
        let (mut activation, listener) = (Activation::default(), loopback());
        let address = listener.local_addr().unwrap();
        activation.add_tcp("irc", listener).unwrap();
        assert!(activation.take_tcp(SocketAddr::new(address.ip(), 1)).is_none());
        assert!(activation.take_tcp(SocketAddr::new("0.0.0.0".parse().unwrap(), address.port())).is_none());
        assert!(activation.take_tcp(address).is_some());
        activation.must_be_used_up().unwrap();
    }

    #[test]
    fn what_is_left_over_is_told_with_what_to_do() {
        let (mut activation, listener) = (Activation::default(), loopback());
        let address = listener.local_addr().unwrap();
        activation.add_tcp("irc", listener).unwrap();
        let said = activation.must_be_used_up().unwrap_err().to_string();
        assert!(said.contains(&format!("`[[listen]] tcp = \"{address}\"`")), "{said}");

        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("admin.sock");
        activation.add_unix(ADMIN, UnixListener::bind(&path).unwrap()).unwrap();
        let said = activation.must_be_used_up().unwrap_err().to_string();
        assert!(said.contains(&format!("`[admin] socket = \"{}\"`", path.display())), "{said}");
    }

    #[test]
    fn a_connection_is_not_taken_for_a_listener() {
        let (connection, _other) = UnixStream::pair().unwrap();
        assert!(must_listen(&connection).unwrap_err().to_string().contains("Accept=yes"));
        must_listen(&loopback()).unwrap();
    }
}

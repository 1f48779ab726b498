//! Binds sockets. A socket file that nobody answers on is replaced; one that is alive is left alone.
//!
//! A socket file is made for nobody but us and then opened to others: it never is more open than it shall be.

use std::fs::Permissions;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};

use nix::sys::socket::{self, AddressFamily, Backlog, SockFlag, SockType, UnixAddr};
use nix::sys::stat::{Mode, fchmod};
use nix::unistd::Group;

use super::activation::Activation;
use super::failure::BindError;
use crate::config::{Admin, Place};

#[derive(Debug)]
pub(crate) enum Bound {
    Unix(UnixListener, SocketFile),
    Tcp(TcpListener),
}

/// A socket's file; when this is dropped it is removed, if we made it.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    ours: bool,
}

impl Bound {
    /// Where it listens, as a person writes it; with the port that was given when any was asked for.
    pub(crate) fn place(&self) -> String {
        match self {
            Self::Unix(_, file) => format!("unix:{}", file.path.display()),
            Self::Tcp(listener) => {
                listener.local_addr().map_or_else(|_| String::from("tcp"), |address| address.to_string())
            }
        }
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        if self.ours {
            // Somebody may have cleaned up before us.
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// Takes the socket for `place` that was handed over, or makes one.
pub(crate) fn bind(place: &Place, handed: &mut Activation) -> Result<Bound, BindError> {
    match place {
        Place::Unix { path, mode } => {
            if let Some(listener) = handed.take_unix(path) {
                return Ok(Bound::Unix(listener, SocketFile { path: path.clone(), ours: false }));
            }
            let (listener, file) = unix(path, *mode)?;
            Ok(Bound::Unix(listener, file))
        }
        Place::Tcp { address } => handed
            .take_tcp(*address)
            .map_or_else(|| tcp(*address), Ok)
            .map(Bound::Tcp)
            .map_err(|cause| BindError::Tcp { address: *address, cause }),
    }
}

/// The administrators' socket: for the group when there is one that we can give it to, else for our own user and root.
/// One that was handed over is for whom systemd made it.
pub(crate) fn admin(admin: &Admin, handed: &mut Activation) -> Result<(UnixListener, SocketFile), BindError> {
    let path = &admin.socket;
    if let Some(listener) = handed.take_unix(path) {
        return Ok((listener, SocketFile { path: path.clone(), ours: false }));
    }
    let (listener, file) = unix(path, 0o600)?;
    let group = Group::from_name(&admin.group).ok().flatten();
    let Some(group) = group else {
        if admin.group_is_default {
            return Ok((listener, file));
        }
        return Err(BindError::NoGroup { group: admin.group.clone() });
    };
    match nix::unistd::chown(path, None, Some(group.gid)) {
        Ok(()) => open_to(path, 0o660)?,
        Err(error) => tracing::warn!(
            "cannot give {} to the group {}, so only root and this user can use it: {error}",
            path.display(),
            admin.group
        ),
    }
    Ok((listener, file))
}

fn unix(path: &Path, mode: u32) -> Result<(UnixListener, SocketFile), BindError> {
    let failed = |cause| BindError::Unix { path: path.to_path_buf(), cause };
    remove_stale(path)?;
    let listener = bind_private(path).map_err(|error| failed(error.into()))?;
    let file = SocketFile { path: path.to_path_buf(), ours: true };
    open_to(path, mode)?;
    socket::listen(&listener, Backlog::MAXCONN).map_err(|error| failed(error.into()))?;
    Ok((listener.into(), file))
}

/// The file gets the socket's own permissions, less what the umask forbids.
fn bind_private(path: &Path) -> nix::Result<OwnedFd> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    let listener = socket::socket(AddressFamily::Unix, SockType::Stream, flags, None)?;
    fchmod(&listener, Mode::S_IRUSR | Mode::S_IWUSR)?;
    socket::bind(listener.as_raw_fd(), &UnixAddr::new(path)?)?;
    Ok(listener)
}

fn open_to(path: &Path, mode: u32) -> Result<(), BindError> {
    std::fs::set_permissions(path, Permissions::from_mode(mode))
        .map_err(|cause| BindError::Unix { path: path.to_path_buf(), cause })
}

fn remove_stale(path: &Path) -> Result<(), BindError> {
    let Ok(found) = std::fs::symlink_metadata(path) else { return Ok(()) };
    if !found.file_type().is_socket() {
        return Err(BindError::NotASocket { path: path.to_path_buf() });
    }
    match UnixStream::connect(path) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => {
            tracing::info!("replacing a stale socket at {}", path.display());
            std::fs::remove_file(path).map_err(|cause| BindError::Unix { path: path.to_path_buf(), cause })
        }
        _ => Err(BindError::Alive { path: path.to_path_buf() }),
    }
}

fn tcp(address: SocketAddr) -> io::Result<TcpListener> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    // Again, for many more than the standard library has wait.
    socket::listen(&listener, Backlog::MAXCONN)?;
    Ok(listener)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(directory: &tempfile::TempDir) -> PathBuf {
        directory.path().join("chat.sock")
    }

    #[test]
    fn a_stale_socket_is_replaced_and_a_live_one_is_not() {
        let directory = tempfile::tempdir().unwrap();
        let path = place(&directory);
        drop(UnixListener::bind(&path).unwrap());
        let bound = unix(&path, 0o666).unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o666);
        assert!(matches!(unix(&path, 0o666), Err(BindError::Alive { .. })));
        drop(bound);
        assert!(!path.exists());
    }

    #[test]
    fn a_file_that_is_no_socket_is_left_alone() {
        let directory = tempfile::tempdir().unwrap();
        let path = place(&directory);
        std::fs::write(&path, "precious").unwrap();
        assert!(matches!(unix(&path, 0o666), Err(BindError::NotASocket { .. })));
        assert_eq!(std::fs::read(&path).unwrap(), b"precious");
    }

    #[test]
    fn a_port_in_use_is_told_with_its_address() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = taken.local_addr().unwrap();
        let error = bind(&Place::Tcp { address }, &mut Activation::default()).unwrap_err().to_string();
        assert!(error.contains(&address.to_string()) && error.contains("in use"), "{error}");
    }

    #[test]
    fn a_group_that_the_configuration_names_must_exist() {
        let directory = tempfile::tempdir().unwrap();
        let group = String::from("no_such_group_here");
        let mut config = Admin { socket: place(&directory), group, group_is_default: false };
        assert!(matches!(admin(&config, &mut Activation::default()), Err(BindError::NoGroup { .. })));
        config.group_is_default = true;
        let _bound = admin(&config, &mut Activation::default()).unwrap();
        assert_eq!(std::fs::metadata(&config.socket).unwrap().permissions().mode() & 0o777, 0o600);
    }
}

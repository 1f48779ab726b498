//! Why a socket cannot be listened on, and what to do about it.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::unistd::{Uid, User};

/// The bytes of a Unix socket's path, without the zero after it.
const SOCKET_PATH_MAX: usize = 107;
const PRIVILEGED_PORTS: u16 = 1024;

#[derive(Debug, thiserror::Error)]
pub(crate) enum BindError {
    #[error("another server is listening on {}; stop it first", path.display())]
    Alive { path: PathBuf },
    #[error("{} is there and is no socket; remove it, or configure another path", path.display())]
    NotASocket { path: PathBuf },
    #[error("cannot listen on {}: {}", path.display(), unix_advice(path, cause))]
    Unix { path: PathBuf, cause: io::Error },
    #[error("cannot listen on {address}: {}", tcp_advice(*address, cause))]
    Tcp { address: SocketAddr, cause: io::Error },
    #[error("there is no group {group:?}; create it, or give another [admin] group in the configuration")]
    NoGroup { group: String },
}

impl BindError {
    /// Whether the host has no such address, which is no reason to do without the other listeners.
    pub(crate) fn is_address_missing(&self) -> bool {
        match self {
            Self::Tcp { cause, .. } => matches!(errno(cause), Errno::EADDRNOTAVAIL | Errno::EAFNOSUPPORT),
            _ => false,
        }
    }
}

fn errno(cause: &io::Error) -> Errno {
    cause.raw_os_error().map_or(Errno::UnknownErrno, Errno::from_raw)
}

fn tcp_advice(address: SocketAddr, cause: &io::Error) -> String {
    let port = address.port();
    match errno(cause) {
        Errno::EADDRINUSE => format!(
            "the address is in use; stop what is using it (`ss -ltnp 'sport = :{port}'` shows it), or give another \
             address in the configuration"
        ),
        Errno::EADDRNOTAVAIL if address.ip().is_loopback() => {
            "this host does not have the address; bring its loopback interface up (`ip link set lo up`), or give \
             another address in the configuration"
                .into()
        }
        Errno::EADDRNOTAVAIL => {
            let all = if address.is_ipv4() { "0.0.0.0" } else { "[::]" };
            format!(
                "this host does not have the address (`ip address` lists those that it has); give one of them in the \
                 configuration, or {all}:{port} for all"
            )
        }
        Errno::EAFNOSUPPORT => {
            let (missing, other) = if address.is_ipv4() { ("IPv4", "IPv6") } else { ("IPv6", "IPv4") };
            format!("this host has no {missing}; give an {other} address in the configuration")
        }
        Errno::EACCES | Errno::EPERM if port < PRIVILEGED_PORTS => format!(
            "only root may listen on a port below {PRIVILEGED_PORTS}; have a systemd socket unit listen on it \
             (`ListenStream={address}`), give chatd.service `AmbientCapabilities=CAP_NET_BIND_SERVICE` and the same \
             in `CapabilityBoundingSet=`, or configure a higher port"
        ),
        Errno::EACCES | Errno::EPERM => {
            "a security policy of this host forbids it; allow it there, or give another address in the configuration"
                .into()
        }
        Errno::EINVAL if is_link_local(address.ip()) => format!(
            "a link-local address needs its interface; write the interface's number (`ip link`), such as \
             \"[{}%2]:{port}\"",
            address.ip()
        ),
        other => resources(other).unwrap_or_else(|| words(other, cause)),
    }
}

fn unix_advice(path: &Path, cause: &io::Error) -> String {
    let directory = path.parent().unwrap_or(path).display();
    match errno(cause) {
        Errno::EADDRINUSE => "something else has made it meanwhile; stop that first".into(),
        Errno::ENOENT => format!("there is no directory {directory}; create it, or configure another path"),
        Errno::ENOTDIR => "a part of its path is no directory; configure another path".into(),
        Errno::ELOOP => "its path goes in circles by symbolic links; configure another path".into(),
        Errno::ENAMETOOLONG => format!(
            "the path has {} bytes, and a socket's may have {SOCKET_PATH_MAX}; configure a shorter one",
            path.as_os_str().len()
        ),
        Errno::EROFS => format!(
            "{directory} is on a file system that is read-only for chatd; configure a path elsewhere, or add \
             `ReadWritePaths={directory}` to its unit"
        ),
        Errno::EACCES | Errno::EPERM => {
            let user = User::from_uid(Uid::effective()).ok().flatten();
            let user = user.map_or_else(|| format!("uid {}", Uid::effective()), |user| user.name);
            format!("permission denied; chatd runs as {user}, who must be able to write to {directory}")
        }
        Errno::ENOSPC | Errno::EDQUOT => format!("there is no space left in {directory}; make some"),
        other => resources(other).unwrap_or_else(|| words(other, cause)),
    }
}

fn resources(errno: Errno) -> Option<String> {
    let advice = match errno {
        Errno::EMFILE => {
            "chatd has too many open files; raise `LimitNOFILE=` of its unit, or `ulimit -n` where it is started"
        }
        Errno::ENFILE => {
            "this host has too many open files; raise `sysctl fs.file-max`, or stop what has them open"
        }
        Errno::ENOBUFS | Errno::ENOMEM => "this host is out of memory for sockets; free some",
        _ => return None,
    };
    Some(advice.into())
}

/// The operating system's words, without its number.
fn words(errno: Errno, cause: &io::Error) -> String {
    if errno == Errno::UnknownErrno { cause.to_string() } else { errno.desc().to_lowercase() }
}

fn is_link_local(address: IpAddr) -> bool {
    matches!(address, IpAddr::V6(address) if address.is_unicast_link_local())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(address: &str, errno: Errno) -> String {
        BindError::Tcp { address: address.parse().unwrap(), cause: errno.into() }.to_string()
    }

    fn unix(errno: Errno) -> String {
        BindError::Unix { path: "/run/chat/chat.sock".into(), cause: errno.into() }.to_string()
    }

    #[test]
    fn advice_fits_the_reason_that_an_address_cannot_be_used() {
        for (address, errno, advice) in [
            ("127.0.0.1:6667", Errno::EADDRINUSE, "`ss -ltnp 'sport = :6667'`"),
            ("127.0.0.1:6667", Errno::EADDRNOTAVAIL, "`ip link set lo up`"),
            ("192.0.2.1:6667", Errno::EADDRNOTAVAIL, "0.0.0.0:6667 for all"),
            ("[2001:db8::1]:6697", Errno::EADDRNOTAVAIL, "[::]:6697 for all"),
            ("[::]:6697", Errno::EAFNOSUPPORT, "this host has no IPv6; give an IPv4 address"),
            ("0.0.0.0:194", Errno::EACCES, "`ListenStream=0.0.0.0:194`"),
            ("0.0.0.0:6667", Errno::EACCES, "a security policy"),
            ("[fe80::1]:6667", Errno::EINVAL, "[fe80::1%2]:6667"),
            ("0.0.0.0:6667", Errno::EMFILE, "LimitNOFILE="),
            ("0.0.0.0:6667", Errno::EOPNOTSUPP, "not supported"),
        ] {
            let said = tcp(address, errno);
            assert!(said.starts_with(&format!("cannot listen on {address}: ")), "{said}");
            assert!(said.contains(advice), "{errno}: {said}");
            assert_eq!(said.contains("stop what is using it"), errno == Errno::EADDRINUSE, "{said}");
        }
    }

    #[test]
    fn advice_fits_the_reason_that_a_path_cannot_be_used() {
        for (errno, advice) in [
            (Errno::ENOENT, "there is no directory /run/chat; create it"),
            (Errno::ENOTDIR, "no directory"),
            (Errno::ENAMETOOLONG, "has 19 bytes, and a socket's may have 107"),
            (Errno::EROFS, "ReadWritePaths=/run/chat"),
            (Errno::EACCES, "must be able to write to /run/chat"),
            (Errno::ENOSPC, "no space left in /run/chat"),
            (Errno::EMFILE, "LimitNOFILE="),
        ] {
            let said = unix(errno);
            assert!(said.contains(advice), "{errno}: {said}");
        }
    }

    #[test]
    fn missing_address_is_told_from_one_in_use() {
        let error =
            |errno: Errno| BindError::Tcp { address: "127.0.0.1:1".parse().unwrap(), cause: errno.into() };
        assert!(error(Errno::EADDRNOTAVAIL).is_address_missing());
        assert!(error(Errno::EAFNOSUPPORT).is_address_missing());
        assert!(!error(Errno::EADDRINUSE).is_address_missing());
    }
}

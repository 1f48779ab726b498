//! Reading the file, whatever it is.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt};
use std::path::Path;

use nix::libc::O_NONBLOCK;

use super::place::{ConfigError, invalid, wrong};

/// Far more than anybody writes.
const BYTES_MAX: u64 = 1 << 20;

/// The text of the file.
///
/// # Errors
/// It can't be read, is no file, is too large, or isn't UTF-8.
pub(super) fn read(path: &Path) -> Result<String, ConfigError> {
    let bytes = bytes(path).map_err(|cause| ConfigError::Unreadable { path: path.to_path_buf(), cause })?;
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let text = String::from_utf8_lossy(&error.as_bytes()[..valid]);
        let mistake = wrong(valid..valid, "a byte that is not UTF-8: expected text in UTF-8");
        invalid(vec![mistake], path, &text)
    })
}

fn bytes(path: &Path) -> io::Result<Vec<u8>> {
    // Opening a pipe would wait for somebody to write.
    let file = File::options().read(true).custom_flags(O_NONBLOCK).open(path)?;
    let kind = file.metadata()?.file_type();
    if kind.is_dir() {
        return Err(io::Error::other("it is a directory; name a file"));
    }
    if kind.is_fifo() || kind.is_socket() {
        return Err(io::Error::other("it is not a file"));
    }
    let mut bytes = Vec::new();
    file.take(BYTES_MAX + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > BYTES_MAX {
        return Err(io::Error::other(format!("it is larger than {BYTES_MAX} bytes")));
    }
    Ok(bytes)
}

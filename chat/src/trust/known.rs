//! What is known of servers from earlier: a small file that people can read and edit.
//!
//! ```text
//! chat.example.org:6697 sha256 AB:CD:…                  its certificate is trusted, nobody vouches for it
//! chat.example.org:6697 authority                       an authority has vouched for its certificate
//! chat.example.org tls-only 6697 2027-01-01T00:00:00Z   it wants nothing but TLS, on that port, until then
//! ```

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::Timestamp;

use crate::failure::Failure;
use crate::trust::Fingerprint;

/// A file of more bytes isn't ours; of more servers, the first are forgotten.
const FILE_MAX: u64 = 1 << 20;
const SERVERS_MAX: usize = 1000;

/// Another chat has the file for a moment only.
const LOCK_TRIES: u32 = 200;
const LOCK_PAUSE: Duration = Duration::from_millis(10);

const HEADING: &str = "# What chat knows of servers. Removing a line makes it forget the server.\n";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Note {
    /// The user trusts this certificate.
    Pinned(Fingerprint),
    /// An authority has vouched for it; from then on, nothing less will do.
    Authority,
    /// It wants nothing but TLS, on this port, until then.
    TlsOnly { port: u16, until: Timestamp },
}

/// The file, read.
#[derive(Debug)]
pub struct Known {
    path: PathBuf,
    rows: Vec<Row>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Row {
    line: usize,
    /// `HOST:PORT`, or `HOST` where it is about all ports.
    place: String,
    note: Note,
}

impl Known {
    /// Reads the file; without one, nothing is known.
    ///
    /// # Errors
    /// It can't be read or understood. To go on as if nothing were known would be less safe than the user believes.
    pub fn load(path: &Path) -> Result<Self, Failure> {
        let text = match read(path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) => return Err(Failure::Refused(format!("cannot read {}: {error}", path.display()))),
        };
        let mut rows = Vec::new();
        for (index, text) in text.lines().enumerate() {
            let text = text.trim();
            if !text.is_empty() && !text.starts_with('#') {
                let row = row(index + 1, text).ok_or_else(|| {
                    Failure::Refused(format!(
                        "{}:{}: this is no line about a server; correct or remove it",
                        path.display(),
                        index + 1
                    ))
                })?;
                rows.push(row);
            }
        }
        Ok(Self { path: path.to_owned(), rows })
    }

    /// What is known of the certificate at `HOST:PORT`.
    pub fn certificate(&self, place: &str) -> Option<Note> {
        self.row(place).map(|row| row.note)
    }

    /// Where it says so: `FILE`, line by number.
    pub fn whereabouts(&self, place: &str) -> String {
        let line = self.row(place).map_or(0, |row| row.line);
        format!("line {line} of {}", self.path.display())
    }

    /// The port for TLS, if the host wants nothing else now.
    pub fn tls_only(&self, host: &str, now: Timestamp) -> Option<u16> {
        match self.row(host)?.note {
            Note::TlsOnly { port, until } => (until > now).then_some(port),
            Note::Pinned(_) | Note::Authority => None,
        }
    }

    /// Reads the file, changes and writes it, with no other chat at it meanwhile.
    ///
    /// # Errors
    /// The file can't be read, understood or written, or another chat doesn't let go of it.
    pub fn change(path: &Path, change: impl FnOnce(&mut Self)) -> io::Result<()> {
        let parent = path.parent().unwrap_or(Path::new("."));
        DirBuilder::new().recursive(true).mode(0o700).create(parent)?;
        // Of the directory, since the file itself is replaced.
        let directory = File::open(parent)?;
        lock(&directory)?;
        let mut known = Self::load(path).map_err(|failure| io::Error::other(failure.to_string()))?;
        let before = known.rows.clone();
        change(&mut known);
        if known.rows == before { Ok(()) } else { known.save() }
    }

    /// Notes it, instead of what was known of the place.
    pub fn set(&mut self, place: &str, note: Note) {
        if self.row(place).is_some_and(|row| row.note == note) {
            return;
        }
        self.forget(place);
        if self.rows.len() >= SERVERS_MAX {
            self.rows.remove(0);
        }
        self.rows.push(Row { line: 0, place: place.to_owned(), note });
    }

    pub fn forget(&mut self, place: &str) {
        self.rows.retain(|row| row.place != place);
    }

    fn row(&self, place: &str) -> Option<&Row> {
        self.rows.iter().find(|row| row.place == place)
    }

    /// Whole or not at all: a new file takes the place of the old.
    fn save(&mut self) -> io::Result<()> {
        let mut text = HEADING.to_owned();
        for (index, row) in self.rows.iter_mut().enumerate() {
            row.line = index + 2;
            text.push_str(&written(row));
        }
        let new = self.path.with_extension(format!("{}.new", std::process::id()));
        let written = write(&new, &text).and_then(|()| fs::rename(&new, &self.path));
        if written.is_err() {
            let _ = fs::remove_file(&new);
        }
        written
    }
}

/// Until the file is closed.
fn lock(file: &File) -> io::Result<()> {
    for _ in 0..LOCK_TRIES {
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => std::thread::sleep(LOCK_PAUSE),
            Err(TryLockError::Error(error)) => return Err(error),
            Ok(()) => return Ok(()),
        }
    }
    Err(io::Error::new(ErrorKind::ResourceBusy, "another chat doesn't let go of it"))
}

fn read(path: &Path) -> io::Result<String> {
    let mut text = String::new();
    File::open(path)?.take(FILE_MAX + 1).read_to_string(&mut text)?;
    if text.len() as u64 > FILE_MAX {
        return Err(io::Error::new(ErrorKind::FileTooLarge, "it has more than 1 MiB"));
    }
    Ok(text)
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

fn row(line: usize, text: &str) -> Option<Row> {
    let mut words = text.split_whitespace();
    let place = words.next()?.to_owned();
    let note = match words.next()? {
        "sha256" => Note::Pinned(words.next()?.parse().ok()?),
        "authority" => Note::Authority,
        "tls-only" => Note::TlsOnly { port: words.next()?.parse().ok()?, until: words.next()?.parse().ok()? },
        _ => return None,
    };
    words.next().is_none().then_some(Row { line, place, note })
}

fn written(row: &Row) -> String {
    let place = &row.place;
    match &row.note {
        Note::Pinned(fingerprint) => format!("{place} sha256 {fingerprint}\n"),
        Note::Authority => format!("{place} authority\n"),
        Note::TlsOnly { port, until } => format!("{place} tls-only {port} {until}\n"),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const PLACE: &str = "chat.example.org:6697";

    fn directory(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("chat-known-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        path
    }

    #[test]
    fn what_is_noted_is_known_again_and_only_the_user_may_read_it() {
        let directory = directory("noted");
        let path = directory.join("chat/known-servers");
        assert_eq!(Known::load(&path).unwrap().certificate(PLACE), None);
        Known::change(&path, |known| known.set(PLACE, Note::Authority)).unwrap();
        let until = "2027-01-01T00:00:00Z".parse().unwrap();
        Known::change(&path, |known| {
            known.set("other:1", Note::Authority);
            known.set(PLACE, Note::Pinned(Fingerprint::of(b"x")));
            known.set("chat.example.org", Note::TlsOnly { port: 6697, until });
        })
        .unwrap();
        let again = Known::load(&path).unwrap();
        assert_eq!(again.certificate(PLACE), Some(Note::Pinned(Fingerprint::of(b"x"))));
        assert_eq!(again.certificate("other:1"), Some(Note::Authority));
        assert_eq!(again.whereabouts(PLACE), format!("line 3 of {}", path.display()));
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(fs::metadata(path.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
        Known::change(&path, |known| known.forget(PLACE)).unwrap();
        assert_eq!(Known::load(&path).unwrap().certificate(PLACE), None);
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn what_several_note_at_once_is_all_noted() {
        let directory = directory("at-once");
        let path = directory.join("chat/known-servers");
        std::thread::scope(|scope| {
            for number in 0..20 {
                let path = &path;
                let place = format!("h{number}:1");
                scope.spawn(move || Known::change(path, |known| known.set(&place, Note::Authority)).unwrap());
            }
        });
        assert_eq!(Known::load(&path).unwrap().rows.len(), 20);
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn tls_only_counts_until_its_time() {
        let mut known = Known::load(&directory("until").join("known")).unwrap();
        let until: Timestamp = "2027-01-01T00:00:00Z".parse().unwrap();
        known.set("h", Note::TlsOnly { port: 7000, until });
        let second = jiff::SignedDuration::from_secs(1);
        assert_eq!(known.tls_only("h", until - second), Some(7000));
        assert_eq!(known.tls_only("h", until), None);
        assert_eq!(known.tls_only("h:6697", until - second), None);
    }

    #[test]
    fn a_line_that_means_nothing_is_an_error_that_says_where() {
        let directory = directory("wrong");
        fs::create_dir_all(&directory).unwrap();
        let path = directory.join("known");
        for text in ["h:1 sha256 AB", "h:1", "h:1 authority too", "h tls-only x 2027-01-01T00:00:00Z"] {
            fs::write(&path, format!("# heading\n\n{text}\n")).unwrap();
            let error = Known::load(&path).unwrap_err().to_string();
            assert!(error.contains("known:3: "), "{error}");
        }
        fs::remove_dir_all(directory).unwrap();
    }

    #[test]
    fn the_file_does_not_grow_without_end() {
        let directory = directory("many");
        let path = directory.join("known");
        let note = Note::Authority;
        Known::change(&path, |known| {
            known.rows = (0..SERVERS_MAX).map(|n| Row { line: n, place: format!("h{n}:1"), note }).collect();
            known.set("new:1", note);
        })
        .unwrap();
        let again = Known::load(&path).unwrap();
        assert_eq!(again.rows.len(), SERVERS_MAX);
        assert_eq!((again.certificate("h0:1"), again.certificate("new:1")), (None, Some(note)));
        fs::remove_dir_all(directory).unwrap();
    }
}

//! `backup FILE`

use std::fs::File;
use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::path::Path;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chat_proto::admin::{Backup, BackupPart, BackupSummary};
use serde_json::json;
use sha2::{Digest, Sha256};
use tempfile::NamedTempFile;

use super::{Context, plural};
use crate::failure::Failure;
use crate::output::{Page, Progress, Records, Show, time};

/// Bytes that are read back at once.
const CHUNK: usize = 1 << 20;

/// A new file of its own name beside the one that it shall become, so that no half of a backup is ever called so, and nothing is
/// written through a link. Removed unless it gets that name.
struct Unfinished(NamedTempFile);

pub(super) fn run(context: &mut Context<'_>, path: &Path, force: bool) -> Result<(), Failure> {
    // A link that leads nowhere is something, too.
    if path.symlink_metadata().is_ok() && !force {
        return Err(Failure::Exists(path.to_path_buf()));
    }
    let mut unfinished = Unfinished::begin(path)?;
    let summary = fetch(context, &mut unfinished)?;
    unfinished.keep(path, force, &summary)?;
    Ok(context.output.show(&Written { path, summary })?)
}

fn fetch(context: &mut Context<'_>, to: &mut Unfinished) -> Result<BackupSummary, Failure> {
    let (mut summary, mut progress) = (None, Progress::new(context.output));
    context.connector.stream(&Backup {}, |part: BackupPart| {
        if let (Some(copied), Some(of)) = (part.copied, part.of) {
            progress.tell(&format!("chatd copies: {} %", copied * 100 / of.max(1)));
        }
        if let Some(data) = part.data {
            to.write(&data)?;
        }
        summary = part.summary.or(summary.take());
        Ok(ControlFlow::Continue(()))
    })?;
    summary.ok_or(Failure::Closed)
}

impl Unfinished {
    fn begin(path: &Path) -> Result<Self, Failure> {
        let cannot_write = |cause| Failure::CannotWrite { path: path.to_path_buf(), cause };
        let name = path.file_name().ok_or_else(|| cannot_write(io::ErrorKind::IsADirectory.into()))?;
        let mut prefix = name.to_owned();
        prefix.push(".");
        let mut builder = tempfile::Builder::new();
        builder.prefix(&prefix).suffix(".unfinished");
        Ok(Self(builder.tempfile_in(directory(path)).map_err(cannot_write)?))
    }

    fn write(&mut self, data: &str) -> Result<(), Failure> {
        let bytes = STANDARD.decode(data).map_err(|_| Failure::BackupDamaged)?;
        self.0.as_file_mut().write_all(&bytes).map_err(|cause| self.failed(cause))
    }

    /// Reads it back, so that what is kept is what chatd has checked. Replaces another file if that is wanted.
    fn keep(self, path: &Path, force: bool, summary: &BackupSummary) -> Result<(), Failure> {
        self.0.as_file().sync_all().map_err(|cause| self.failed(cause))?;
        if digest(self.0.path()).map_err(|cause| self.failed(cause))? != summary.sha256 {
            return Err(Failure::BackupDamaged);
        }
        let named = if force { self.0.persist(path) } else { self.0.persist_noclobber(path) };
        named.map_err(|refused| match refused.error.kind() {
            io::ErrorKind::AlreadyExists => Failure::Exists(path.to_path_buf()),
            _ => Failure::CannotWrite { path: path.to_path_buf(), cause: refused.error },
        })?;
        let synced = File::open(directory(path)).and_then(|directory| directory.sync_all());
        synced.map_err(|cause| Failure::CannotWrite { path: path.to_path_buf(), cause })
    }

    fn failed(&self, cause: io::Error) -> Failure {
        Failure::CannotWrite { path: self.0.path().to_path_buf(), cause }
    }
}

fn directory(of: &Path) -> &Path {
    of.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn digest(path: &Path) -> io::Result<String> {
    let (mut file, mut digest, mut chunk) = (File::open(path)?, Sha256::new(), vec![0; CHUNK]);
    loop {
        let count = file.read(&mut chunk)?;
        if count == 0 {
            return Ok(digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect());
        }
        digest.update(&chunk[..count]);
    }
}

struct Written<'a> {
    path: &'a Path,
    summary: BackupSummary,
}

impl Show for Written<'_> {
    fn text(&self, page: &mut Page) {
        let BackupSummary { accounts, channels, messages, first_at, last_at, bytes, .. } = &self.summary;
        page.line(format!(
            "{} is a whole backup of {bytes} bytes, checked and read back",
            self.path.display()
        ));
        let span = match (first_at, last_at) {
            (Some(first), Some(last)) => format!(" from {} to {}", time::date(*first), time::date(*last)),
            _ => String::new(),
        };
        let (accounts, channels) =
            (plural(*accounts, "account", "accounts"), plural(*channels, "channel", "channels"));
        page.line(format!(
            "it holds {accounts}, {channels}, {}{span}",
            plural(*messages, "message", "messages")
        ));
    }

    fn json(&self, records: &mut Records) -> serde_json::Result<()> {
        let mut record = serde_json::to_value(&self.summary)?;
        record["file"] = json!(self.path.display().to_string());
        records.push(&record)
    }
}

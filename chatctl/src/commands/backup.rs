//! `backup FILE`

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::ops::ControlFlow;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chat_proto::admin::{Backup, BackupPart, BackupSummary};
use serde_json::json;
use sha2::{Digest, Sha256};

use super::{Context, plural};
use crate::failure::Failure;
use crate::output::{Page, Progress, Records, Show, time};

/// Bytes that are read back at once.
const CHUNK: usize = 1 << 20;

/// Written beside the file that it shall become, so that no half of one is ever called so. Removed unless it is kept.
struct Unfinished {
    file: File,
    path: PathBuf,
    kept: bool,
}

pub(super) fn run(context: &mut Context<'_>, path: &Path, force: bool) -> Result<(), Failure> {
    if path.exists() && !force {
        return Err(Failure::Exists(path.to_path_buf()));
    }
    let mut unfinished = Unfinished::begin(path)?;
    let summary = fetch(context, &mut unfinished)?;
    unfinished.keep(path, &summary)?;
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
        let mut name = path.as_os_str().to_owned();
        name.push(".unfinished");
        let path = PathBuf::from(name);
        let opened =
            OpenOptions::new().read(true).write(true).create(true).truncate(true).mode(0o600).open(&path);
        let file = opened.map_err(|cause| Failure::CannotWrite { path: path.clone(), cause })?;
        Ok(Self { file, path, kept: false })
    }

    fn write(&mut self, data: &str) -> Result<(), Failure> {
        let bytes = STANDARD.decode(data).map_err(|_| Failure::BackupDamaged)?;
        self.file.write_all(&bytes).map_err(|cause| self.failed(cause))
    }

    /// Reads it back, so that what is kept is what chatd has checked.
    fn keep(mut self, path: &Path, summary: &BackupSummary) -> Result<(), Failure> {
        self.file.sync_all().map_err(|cause| self.failed(cause))?;
        if digest(&self.path).map_err(|cause| self.failed(cause))? != summary.sha256 {
            return Err(Failure::BackupDamaged);
        }
        fs::rename(&self.path, path).map_err(|cause| self.failed(cause))?;
        self.kept = true;
        let directory =
            path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        File::open(directory).and_then(|directory| directory.sync_all()).map_err(|cause| self.failed(cause))
    }

    fn failed(&self, cause: io::Error) -> Failure {
        Failure::CannotWrite { path: self.path.clone(), cause }
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        if !self.kept {
            // Why there is no backup is told already.
            let _ = fs::remove_file(&self.path);
        }
    }
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

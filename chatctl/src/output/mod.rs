//! What is shown, as text for people or as JSON for programs. Everything that reaches the terminal passes
//! through here and is made harmless here, whoever it came from.

mod json;
mod page;
mod progress;
mod table;
pub(crate) mod time;

use std::io::{self, IsTerminal, Write};

use chat_proto::text::SafeText;
use terminal_size::{Width, terminal_size_of};

pub(crate) use self::json::Records;
pub(crate) use self::page::Page;
pub(crate) use self::progress::Progress;
pub(crate) use self::table::Table;

/// Something that a command found out, in both its forms.
pub(crate) trait Show {
    fn text(&self, page: &mut Page);
    fn json(&self, records: &mut Records) -> serde_json::Result<()>;
}

pub(crate) struct Output {
    to: Box<dyn Write>,
    pub(crate) json: bool,
}

impl Output {
    pub(crate) fn to_stdout(json: bool) -> Self {
        Self { to: Box::new(io::stdout()), json }
    }

    /// Writes it at once, so that a stream is seen as it comes.
    pub(crate) fn show(&mut self, shown: &dyn Show) -> io::Result<()> {
        if self.json {
            return self.show_json(shown);
        }
        let mut page = Page::of_width(width());
        shown.text(&mut page);
        self.write(&page.into_string())
    }

    /// As JSON, whatever was asked for.
    pub(crate) fn show_json(&mut self, shown: &dyn Show) -> io::Result<()> {
        let mut records = Records::default();
        shown.json(&mut records)?;
        self.write(&records.into_string())
    }

    fn write(&mut self, text: &str) -> io::Result<()> {
        self.to.write_all(text.as_bytes())?;
        self.to.flush()
    }
}

/// That of the terminal on standard output, as it is now.
fn width() -> Option<usize> {
    let stdout = io::stdout();
    let (Width(columns), _) = stdout.is_terminal().then(|| terminal_size_of(stdout)).flatten()?;
    Some(columns.into()).filter(|columns| *columns > 0)
}

/// Several lines of our own, such as help.
pub(crate) fn print(text: &str) -> io::Result<()> {
    let mut page = Page::default();
    page.lines(text);
    let mut stdout = io::stdout().lock();
    stdout.write_all(page.into_string().as_bytes())?;
    stdout.flush()
}

/// One line on standard error.
pub(crate) fn complain(text: &str) {
    // Where standard error cannot be written, there is nobody to tell.
    let _ = writeln!(io::stderr(), "{}", SafeText::line(&format!("chatctl: {text}")));
}

//! A JSON document of one record a line: easy to read, and any damage is found
//! with its line.
//!
//! ```json
//! {"version":"2.0",
//! "head":{…,"crc":"…"},
//! "jobs":[
//! {…,"crc":"…"},
//! {…,"crc":"…"}
//! ],
//! "history":[
//! ]
//! }
//! ```

use std::io::{self, Write};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::line::{self, seal, unseal};
use super::unknown::Unknown;

/// The version that is written.
pub(super) const VERSION: &str = "2.0";

const FIRST_LINE: &[u8] = br#"{"version":"2.0","#;
const END: &[u8] = b"\n}\n";

/// Writes a document, from top to bottom.
pub(super) struct Writer<W> {
    to: W,
    line: Vec<u8>,
}

impl<W: Write> Writer<W> {
    pub(super) fn begin(mut to: W, head: &impl Serialize) -> io::Result<Self> {
        to.write_all(FIRST_LINE)?;
        let mut line = br#"
"head":"#
            .to_vec();
        seal(&mut line, head)?;
        to.write_all(&line)?;
        Ok(Self { to, line })
    }

    /// Writes a list of records.
    pub(super) fn list<T: Serialize>(
        &mut self,
        name: &str,
        records: impl IntoIterator<Item = T>,
    ) -> io::Result<()> {
        write!(self.to, ",\n\"{name}\":[")?;
        let mut separator: &[u8] = b"\n";
        for record in records {
            self.line.clear();
            seal(&mut self.line, &record)?;
            self.to.write_all(separator)?;
            self.to.write_all(&self.line)?;
            separator = b",\n";
        }
        self.to.write_all(b"\n]")
    }

    pub(super) fn end(mut self) -> io::Result<()> {
        self.to.write_all(END)
    }
}

/// Damage of a document: the number of the line, from 1, and what is wrong.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Damage {
    pub(super) line: usize,
    pub(super) reason: String,
}

/// Reads a document, from top to bottom.
pub(super) struct Reader<'a> {
    /// What comes after the line; `None` after the last.
    rest: Option<&'a [u8]>,
    line: usize,
    purpose: Purpose,
    unknown: Unknown,
}

impl<'a> Reader<'a> {
    /// Whether it is a document of this kind and version.
    pub(super) fn knows(text: &[u8]) -> bool {
        text.strip_prefix(FIRST_LINE).is_some_and(|rest| rest.first() == Some(&b'\n'))
    }

    /// Whether it was written to its end, if it is such a document.
    pub(super) fn has_end(text: &[u8]) -> bool {
        text.ends_with(END)
    }

    pub(super) fn new(text: &'a [u8], purpose: Purpose) -> Self {
        let rest = line::first(text).map(|(_, rest)| rest);
        Self { rest, line: 1, purpose, unknown: Unknown::default() }
    }

    /// The fields that were passed over, for a [start](Purpose::Start).
    pub(super) fn unknown(self) -> Unknown {
        self.unknown
    }

    fn next(&mut self) -> Result<&'a [u8], Damage> {
        self.line += 1;
        let text = self.rest.ok_or_else(|| self.damage("here the next line is missing".to_owned()))?;
        let (line, rest) = line::first(text).unzip();
        self.rest = rest;
        Ok(line.unwrap_or(text))
    }

    fn damage(&self, reason: String) -> Damage {
        Damage { line: self.line, reason }
    }

    fn expect(&mut self, expected: &[u8]) -> Result<(), Damage> {
        if self.next()? == expected {
            return Ok(());
        }
        Err(self.damage(format!("it should be `{}`", String::from_utf8_lossy(expected))))
    }

    pub(super) fn head<T: Serialize + DeserializeOwned>(&mut self) -> Result<T, Damage> {
        let line = self.next()?;
        let head = line.strip_prefix(br#""head":"#).and_then(|line| line.strip_suffix(b","));
        let head = head.ok_or_else(|| self.damage("it should be the head".to_owned()))?;
        let read = unseal(head).map_err(|reason| self.damage(reason))?;
        if self.purpose == Purpose::Start {
            self.unknown.look("head", head, &read);
        }
        Ok(read)
    }

    /// A line of a list, without its comma.
    fn record(&mut self, has_comma: bool) -> Result<&'a [u8], Damage> {
        let line = self.next()?;
        let record = if has_comma { line.strip_suffix(b",") } else { Some(line) };
        record.ok_or_else(|| self.damage("it should end with a comma".to_owned()))
    }

    /// A list of so many records. After the last list comes the end.
    pub(super) fn list<T: Serialize + DeserializeOwned + Send>(
        &mut self,
        name: &str,
        count: usize,
        is_last: IsLast,
    ) -> Result<Vec<T>, Damage> {
        self.expect(format!("\"{name}\":[").as_bytes())?;
        let first = self.line + 1;
        let mut lines = Vec::new();
        let mut missing = None;
        for place in 1..=count {
            match self.record(place < count) {
                Ok(line) => lines.push(line),
                Err(damage) => {
                    missing = Some(damage);
                    break;
                }
            }
        }
        // What is wrong before it comes first.
        let (records, unknown) = unseal_all(name, &lines, self.purpose)
            .map_err(|(place, reason)| Damage { line: first + place, reason })?;
        self.unknown.append(unknown);
        if let Some(damage) = missing {
            return Err(damage);
        }
        match is_last {
            IsLast::No => self.expect(b"],")?,
            IsLast::Yes => {
                self.expect(b"]")?;
                self.expect(b"}")?;
                self.expect(b"")?;
                if self.rest.is_some() {
                    self.line += 1;
                    return Err(self.damage("there should be nothing more".to_owned()));
                }
            }
        }
        Ok(records)
    }
}

/// Whether a list is the last of its document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IsLast {
    No,
    Yes,
}

/// What a document is read for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Somebody waits for it: all cores read. What is passed over is looked for.
    Start,
    /// Others work meanwhile: one core reads.
    Fold,
}

/// So many records take longer to read than a thread to start.
const MANY: usize = 4_096;

/// What was read of so many records, and what was passed over.
type Records<T> = (Vec<T>, Unknown);

/// Reads records; of the first that is damaged, its place.
fn unseal_all<T: Serialize + DeserializeOwned + Send>(
    name: &str,
    lines: &[&[u8]],
    purpose: Purpose,
) -> Result<Records<T>, (usize, String)> {
    let read = |first: usize, lines: &[&[u8]]| {
        let mut unknown = Unknown::default();
        let records = lines.iter().enumerate().map(|(place, line)| {
            let record = unseal(line).map_err(|reason| (first + place, reason))?;
            if purpose == Purpose::Start {
                unknown.look(name, line, &record);
            }
            Ok(record)
        });
        let records: Result<Vec<T>, (usize, String)> = records.collect();
        Ok((records?, unknown))
    };
    let mut all = (Vec::with_capacity(lines.len()), Unknown::default());
    for share in read_shares(lines, purpose, read) {
        let (mut records, unknown) = share?;
        all.0.append(&mut records);
        all.1.append(unknown);
    }
    Ok(all)
}

/// Reads lines in shares, each on a core of its own if they are many, and returns
/// what was made of each, in order. `read` is told the place of its first line.
pub(super) fn read_shares<T: Send>(
    lines: &[&[u8]],
    purpose: Purpose,
    read: impl Fn(usize, &[&[u8]]) -> T + Sync,
) -> Vec<T> {
    let cores = match purpose {
        Purpose::Start => std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        Purpose::Fold => 1,
    };
    if lines.len() < MANY || cores == 1 {
        return vec![read(0, lines)];
    }
    let share = lines.len().div_ceil(cores);
    let read = &read;
    std::thread::scope(|scope| {
        let readers: Vec<_> = lines
            .chunks(share)
            .enumerate()
            .map(|(chunk, lines)| {
                let first = chunk * share;
                let reader = std::thread::Builder::new().spawn_scoped(scope, move || read(first, lines));
                (reader, first, lines)
            })
            .collect();
        // A reader that panics has met a broken invariant, and so has who asked.
        let join = |reader: std::thread::ScopedJoinHandle<'_, T>| {
            reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        let shares = readers.into_iter().map(|(reader, first, lines)| match reader {
            Ok(reader) => join(reader),
            // The system has no thread for it.
            Err(_) => read(first, lines),
        });
        shares.collect()
    })
}

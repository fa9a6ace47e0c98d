//! What the library logs, as lines of text.

use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::sync::{Arc, Mutex};

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Keeps what the library logs. Clones share the lines.
#[derive(Debug, Clone, Default)]
pub struct Log {
    lines: Arc<Mutex<Vec<String>>>,
    is_printed: bool,
}

impl Log {
    /// One that prints each line on standard output as well.
    pub fn printed() -> Self {
        Self { is_printed: true, ..Self::default() }
    }

    /// Each line so far: the level, the message, and `name=value` of each field.
    pub fn lines(&self) -> Vec<String> {
        self.lines.lock().expect("nothing panics under it").clone()
    }
}

/// The parts of a line.
#[derive(Default)]
pub(crate) struct Line {
    pub(crate) message: String,
    /// ` name=value` of each.
    pub(crate) fields: String,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let written = match field.name() {
            "message" => write!(self.message, "{value:?}"),
            name => write!(self.fields, " {name}={value:?}"),
        };
        written.expect("a text takes everything");
    }

    /// As it is, so that a test sees what is in it.
    fn record_str(&mut self, field: &Field, value: &str) {
        write!(self.fields, " {}=\"{value}\"", field.name()).expect("a text takes everything");
    }
}

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::INFO && metadata.target().starts_with("fastscheduler")
    }

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        let line = format!("{} {}{}", event.metadata().level(), line.message, line.fields);
        if self.is_printed {
            // Nobody reading it is no failure.
            let _ = writeln!(std::io::stdout(), "log: {line}");
        }
        self.lines.lock().expect("nothing panics under it").push(line);
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

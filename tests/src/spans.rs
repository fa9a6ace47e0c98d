//! What jobs and the library log, each line with the spans that it is in.

use std::cell::RefCell;
use std::fmt::Write as _;
use std::sync::{Arc, Mutex, OnceLock};

use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::log::Line;

thread_local! {
    /// The spans that this thread is in.
    static ENTERED: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
}

/// Keeps what a whole program logs, on whatever thread. Clones share the lines.
#[derive(Debug, Clone, Default)]
pub struct Spans(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    /// Each span as text; the ids count from 1.
    spans: Vec<String>,
    lines: Vec<String>,
}

impl Spans {
    /// That of this program, which is set the first time.
    ///
    /// # Panics
    ///
    /// If the program has another subscriber.
    pub fn of_program() -> Self {
        static SPANS: OnceLock<Spans> = OnceLock::new();
        let set = || {
            let spans = Self::default();
            tracing::subscriber::set_global_default(spans.clone()).expect("there is no other");
            spans
        };
        SPANS.get_or_init(set).clone()
    }

    /// The lines so far that contain a text. Each is the level, the message,
    /// ` name=value` of each field, and ` in span{name=value}` of each span.
    pub fn lines_with(&self, text: &str) -> Vec<String> {
        let kept = self.0.lock().expect("nothing panics under it");
        kept.lines.iter().filter(|line| line.contains(text)).cloned().collect()
    }
}

impl Subscriber for Spans {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::INFO
    }

    fn event(&self, event: &Event<'_>) {
        let mut text = Line::default();
        event.record(&mut text);
        let mut line = format!("{} {}{}", event.metadata().level(), text.message, text.fields);
        let mut kept = self.0.lock().expect("nothing panics under it");
        ENTERED.with_borrow(|entered| {
            for id in entered {
                let index = usize::try_from(*id - 1).expect("there are not so many");
                write!(line, " in {}", kept.spans[index]).expect("a text takes everything");
            }
        });
        kept.lines.push(line);
    }

    fn new_span(&self, attributes: &Attributes<'_>) -> Id {
        let mut text = Line::default();
        attributes.record(&mut text);
        let mut kept = self.0.lock().expect("nothing panics under it");
        kept.spans.push(format!("{}{{{}}}", attributes.metadata().name(), text.fields.trim_start()));
        Id::from_u64(kept.spans.len() as u64)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn enter(&self, id: &Id) {
        ENTERED.with_borrow_mut(|entered| entered.push(id.into_u64()));
    }

    fn exit(&self, _: &Id) {
        ENTERED.with_borrow_mut(Vec::pop);
    }
}

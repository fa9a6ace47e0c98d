//! Texts that are sent to many, and kept for as long as that may take.

use std::collections::VecDeque;
use std::sync::{Arc, Weak};

/// One or more whole events, in the form in which they are sent.
pub(super) type Text = Arc<[u8]>;

/// A text on its way to one client: what is left of it.
///
/// It does not keep the text: a client that takes so long that the text is
/// gone meanwhile is disconnected, or else each of many clients that stopped
/// reading would keep another one.
#[derive(Debug)]
pub(super) struct Rest {
    text: Weak<[u8]>,
    from: usize,
}

impl Rest {
    pub(super) fn of(text: &Text, from: usize) -> Self {
        Self { text: Arc::downgrade(text), from }
    }

    /// The next so many bytes, and whether these are the last; `None` if the
    /// text is gone.
    pub(super) fn take(&mut self, most: usize) -> Option<(Vec<u8>, bool)> {
        let text = self.text.upgrade()?;
        let rest = text.get(self.from..)?;
        let part = &rest[..rest.len().min(most)];
        self.from += part.len();
        Some((part.to_vec(), part.len() == rest.len()))
    }
}

/// Keeps the newest texts while clients read them.
#[derive(Debug, Default)]
pub(super) struct Shelf {
    texts: VecDeque<Text>,
    bytes: usize,
}

/// The most texts that are kept: for half a minute, as samples are made.
const MOST_TEXTS: usize = 30;

/// The most bytes that are kept, beside those of the two newest texts.
const MOST_BYTES: usize = 16 * 1024 * 1024;

impl Shelf {
    pub(super) fn put(&mut self, text: Text) {
        self.bytes += text.len();
        self.texts.push_back(text);
        while self.texts.len() > MOST_TEXTS || (self.bytes > MOST_BYTES && self.texts.len() > 2) {
            self.bytes -= self.texts.pop_front().map_or(0, |text| text.len());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_sent_in_parts_until_it_is_gone() {
        let text: Text = b"0123456789"[..].into();
        let mut rest = Rest::of(&text, 2);
        assert_eq!(rest.take(3), Some((b"234".to_vec(), false)));
        assert_eq!(rest.take(100), Some((b"56789".to_vec(), true)));
        let mut rest = Rest::of(&text, 0);
        drop(text);
        assert_eq!(rest.take(3), None);
    }

    #[test]
    fn what_is_kept_is_bounded_in_number_and_in_bytes() {
        let mut shelf = Shelf::default();
        let newest = |shelf: &Shelf| shelf.texts.len();
        for _ in 0..100 {
            shelf.put(vec![0; 10].into());
        }
        assert_eq!((newest(&shelf), shelf.bytes), (MOST_TEXTS, MOST_TEXTS * 10));
        for _ in 0..5 {
            shelf.put(vec![0; MOST_BYTES].into());
        }
        assert_eq!((newest(&shelf), shelf.bytes), (2, 2 * MOST_BYTES), "the one being read, and the newest");
    }
}

//! Takes the leap seconds off a zone's file.
//!
//! The files below `zoneinfo/right` count them: each transition is as much later
//! as there were leap seconds until then. All other files, and this program,
//! leave them out.

#[cfg(test)]
mod tests;

/// The length of the header, which begins each of the two parts of a file.
const HEADER: usize = 44;

/// The file without leap seconds; `None` if it has none or cannot be read.
pub(super) fn without(content: &[u8]) -> Option<Vec<u8>> {
    let first = Part::at(content, 0, 4)?;
    // From version 2 on, a part with longer numbers follows, which counts alone.
    let part = match content.get(4)? {
        0 => first,
        _ => Part::at(content, first.end()?, 8)?,
    };
    let leaps: Vec<(i64, i64)> = (0..part.leaps)
        .map(|number| {
            let at = part.leaps_at()? + number * (part.width + 4);
            Some((integer(content, at, part.width)?, integer(content, at + part.width, 4)?))
        })
        .collect::<Option<_>>()?;
    if leaps.is_empty() {
        return None;
    }
    let mut plain = content.to_vec();
    for number in 0..part.transitions {
        let at = part.start + HEADER + number * part.width;
        let counted = integer(content, at, part.width)?;
        let until = leaps.iter().rev().find(|(since, _)| *since <= counted);
        let bytes = counted.checked_sub(until.map_or(0, |(_, seconds)| *seconds))?.to_be_bytes();
        plain.get_mut(at..at + part.width)?.copy_from_slice(&bytes[8 - part.width..]);
    }
    Some(plain)
}

/// One part of a file: a header, and what it counts.
struct Part {
    start: usize,
    /// The number of bytes of an instant.
    width: usize,
    transitions: usize,
    leaps: usize,
    /// The number of bytes between the transitions' instants and the leap seconds.
    between: usize,
    /// The number of bytes after the leap seconds.
    after: usize,
}

impl Part {
    fn at(content: &[u8], start: usize, width: usize) -> Option<Self> {
        if content.get(start..start.checked_add(4)?)? != b"TZif" {
            return None;
        }
        let count = |place: usize| usize::try_from(integer(content, start + 20 + place * 4, 4)?).ok();
        let (universal, standard, leaps) = (count(0)?, count(1)?, count(2)?);
        let (transitions, types, letters) = (count(3)?, count(4)?, count(5)?);
        let between = transitions.checked_add(types.checked_mul(6)?)?.checked_add(letters)?;
        let part =
            Self { start, width, transitions, leaps, between, after: universal.checked_add(standard)? };
        (part.end()? <= content.len()).then_some(part)
    }

    fn leaps_at(&self) -> Option<usize> {
        let instants = self.transitions.checked_mul(self.width)?;
        self.start.checked_add(HEADER)?.checked_add(instants)?.checked_add(self.between)
    }

    fn end(&self) -> Option<usize> {
        self.leaps_at()?.checked_add(self.leaps.checked_mul(self.width + 4)?)?.checked_add(self.after)
    }
}

/// The signed number in that many bytes.
fn integer(content: &[u8], at: usize, width: usize) -> Option<i64> {
    let bytes = content.get(at..at.checked_add(width)?)?;
    let sign = if bytes.first()? & 0x80 == 0 { 0 } else { -1 };
    Some(bytes.iter().fold(sign, |number, byte| (number << 8) | i64::from(*byte)))
}

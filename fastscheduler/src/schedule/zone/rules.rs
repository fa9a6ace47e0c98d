//! When the offset of a zone changed, and to what.

use std::sync::LazyLock;

use chrono_tz::Tz;
use jiff::Timestamp;
use jiff::tz::TimeZoneDatabase;

/// 400 years, after which the calendar and with it every rule for the future
/// repeats: weekdays, leap years and all.
const PERIOD: i64 = 146_097 * 86_400;
/// 2500-01-01. Instants from here on are looked up 400 years earlier, once or
/// more; by 2100 nothing but repeating rules is left in the database.
const REPEATS_FROM: i64 = 16_725_225_600;
/// 2560-01-01, the end of the table: further than a search from just before
/// [`REPEATS_FROM`] can reach.
const TABLE_END: i64 = 18_618_595_200;

static DATABASE: LazyLock<TimeZoneDatabase> = LazyLock::new(TimeZoneDatabase::bundled);

/// The offsets of one zone, in stretches that each begin with a change.
pub(super) struct Rules {
    /// The first second of each stretch since 1970, the first without a beginning.
    starts: Box<[i64]>,
    stretches: Box<[Stretch]>,
    abbreviations: Vec<Abbreviation>,
}

/// What holds from one change to the next.
#[derive(Clone, Copy)]
struct Stretch {
    /// Seconds east of UTC.
    offset: i32,
    abbreviation: u8,
}

/// Short names of local time, such as `CEST`; the database has none over six letters.
pub(super) type Abbreviation = Box<str>;

impl Rules {
    /// Reads the rules of a zone.
    pub(super) fn of(tz: Tz) -> Self {
        let zone = DATABASE.get(tz.name()).expect("jiff's database has every zone of chrono-tz");
        let mut rules = Self { starts: Box::new([]), stretches: Box::new([]), abbreviations: Vec::new() };
        let before = zone.to_offset_info(Timestamp::MIN);
        let mut starts = vec![i64::MIN];
        let mut stretches = vec![rules.stretch(before.offset().seconds(), before.abbreviation())];
        let table_end = Timestamp::constant(TABLE_END, 0);
        for change in zone.following(Timestamp::MIN).take_while(|change| change.timestamp() < table_end) {
            starts.push(change.timestamp().as_second());
            stretches.push(rules.stretch(change.offset().seconds(), change.abbreviation()));
        }
        rules.starts = starts.into();
        rules.stretches = stretches.into();
        rules
    }

    /// Whether the offsets since 1970 are the same as those of `other`.
    pub(super) fn are_since_1970(&self, other: &Self) -> bool {
        let (own, others) = (self.index(0), other.index(0));
        let offset = |stretch: &Stretch| stretch.offset;
        self.starts[own + 1..] == other.starts[others + 1..]
            && self.stretches[own..].iter().map(offset).eq(other.stretches[others..].iter().map(offset))
    }

    fn stretch(&mut self, offset: i32, abbreviation: &str) -> Stretch {
        let known = self.abbreviations.iter().position(|name| **name == *abbreviation);
        let place = known.unwrap_or_else(|| {
            self.abbreviations.push(abbreviation.into());
            self.abbreviations.len() - 1
        });
        Stretch { offset, abbreviation: u8::try_from(place).expect("no zone has had 256 abbreviations") }
    }

    /// The number of the stretch that holds the instant.
    pub(super) fn index(&self, instant: i64) -> usize {
        self.starts.partition_point(|start| *start <= instant) - 1
    }

    /// The first second of a stretch; of the first one, `i64::MIN`.
    pub(super) fn start(&self, index: usize) -> i64 {
        self.starts[index]
    }

    /// The first second after a stretch; of the last one, `i64::MAX`.
    pub(super) fn end(&self, index: usize) -> i64 {
        self.starts.get(index + 1).copied().unwrap_or(i64::MAX)
    }

    /// Seconds east of UTC in a stretch, `None` after the last one.
    pub(super) fn offset(&self, index: usize) -> Option<i64> {
        self.stretches.get(index).map(|stretch| i64::from(stretch.offset))
    }

    /// Seconds east of UTC and the abbreviation at an instant.
    pub(super) fn at(&self, instant: i64) -> (i32, &Abbreviation) {
        let stretch = self.stretches[self.index(into_table(instant).0)];
        (stretch.offset, &self.abbreviations[usize::from(stretch.abbreviation)])
    }
}

/// The instant of the table with the same rules and the same calendar, and how
/// many seconds it is earlier.
pub(super) fn into_table(instant: i64) -> (i64, i64) {
    if instant < REPEATS_FROM {
        return (instant, 0);
    }
    let earlier = (instant - REPEATS_FROM).div_euclid(PERIOD) * PERIOD + PERIOD;
    (instant - earlier, earlier)
}

#[cfg(test)]
mod tests {
    use chrono_tz::TZ_VARIANTS;

    use super::*;

    /// The search for fires looks at one change at a time, which is right only
    /// while no two are so near that what they repeat or leave out meets.
    #[test]
    fn changes_of_clocks_are_days_apart() {
        for tz in TZ_VARIANTS {
            let rules = Rules::of(tz);
            assert!(rules.starts.len() == rules.stretches.len() && rules.starts[0] == i64::MIN, "{tz}");
            for pair in rules.starts[1..].windows(2) {
                assert!(pair[1] - pair[0] >= 3 * 86_400, "{tz} at {} and {}", pair[0], pair[1]);
            }
        }
    }

    #[test]
    fn names_of_one_zone_have_the_same_rules() {
        use chrono_tz::{America, Arctic, Asia, Etc, Europe};
        let same = [
            (Tz::UTC, Etc::UTC),
            (Tz::UTC, Tz::GMT0),
            (Asia::Calcutta, Asia::Kolkata),
            (Europe::Berlin, Arctic::Longyearbyen),
            (Europe::London, Tz::GB),
        ];
        for (one, other) in same {
            assert!(Rules::of(one).are_since_1970(&Rules::of(other)), "{one} and {other}");
        }
        let others = [
            (Tz::UTC, Europe::London),
            (Europe::Berlin, Europe::Paris),
            (America::Vancouver, America::Los_Angeles),
            (Etc::GMTPlus5, America::Panama),
        ];
        for (one, other) in others {
            let is_same = Rules::of(one).are_since_1970(&Rules::of(other));
            assert_eq!(is_same, other == America::Panama, "{one} and {other}");
        }
    }

    #[test]
    fn far_times_have_the_calendar_of_four_hundred_years_before() {
        let table = [
            (0, 0),
            (REPEATS_FROM - 1, 0),
            (REPEATS_FROM, PERIOD),
            (REPEATS_FROM + PERIOD - 1, PERIOD),
            (REPEATS_FROM + PERIOD, 2 * PERIOD),
            (i64::MAX / 2, (i64::MAX / 2 - REPEATS_FROM) / PERIOD * PERIOD + PERIOD),
        ];
        for (instant, earlier) in table {
            assert_eq!(into_table(instant), (instant - earlier, earlier), "{instant}");
        }
    }
}

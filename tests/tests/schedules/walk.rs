//! The rules of clock changes, applied to each minute or second on its own.

use std::collections::{BTreeSet, HashMap};

use chrono_tz::Tz;
use fastscheduler::schedule::{self, Fold, Gap, Schedule, ScheduleError};
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{TimeZone, TimeZoneDatabase};

/// The zone in jiff's own database.
pub(crate) fn rules_of(zone: Tz) -> TimeZone {
    thread_local! { static DATABASE: TimeZoneDatabase = TimeZoneDatabase::bundled(); }
    DATABASE.with(|database| database.get(zone.name())).unwrap()
}

/// One field of a cron expression and what it stands for.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    text: String,
    values: Vec<u8>,
    last_day: bool,
    /// Whether its only item allows every value of the field.
    is_all: bool,
}

impl Field {
    fn new(text: String, values: impl IntoIterator<Item = u8>) -> Self {
        Self { text, values: values.into_iter().collect(), last_day: false, is_all: false }
    }

    pub(crate) fn star(lowest: u8, highest: u8) -> Self {
        Self { is_all: true, ..Self::new("*".to_owned(), lowest..=highest) }
    }

    pub(crate) fn star_step(lowest: u8, highest: u8, step: u8) -> Self {
        let stepped = Self::new(format!("*/{step}"), (lowest..=highest).step_by(step.into()));
        Self { is_all: step == 1, ..stepped }
    }

    /// The same, marked as every value if its range is the field's, `lowest` to `highest`.
    fn or_all(self, lowest: u8, highest: u8) -> Self {
        let is_all = self.is_all || self.text == format!("{lowest}-{highest}");
        Self { is_all, ..self }
    }

    pub(crate) fn list(values: &[u8]) -> Self {
        let words: Vec<String> = values.iter().map(u8::to_string).collect();
        Self::new(words.join(","), values.iter().copied())
    }

    pub(crate) fn range(from: u8, to: u8, step: u8) -> Self {
        let text = if step == 1 { format!("{from}-{to}") } else { format!("{from}-{to}/{step}") };
        Self::new(text, (from..=to).step_by(step.into()))
    }

    pub(crate) fn last_day() -> Self {
        Self { text: "L".to_owned(), values: Vec::new(), last_day: true, is_all: false }
    }

    /// The same values as a list, so that a field of stars becomes a fixed one.
    pub(crate) fn without_star(self) -> Self {
        if self.text.starts_with('*') { Self::list(&self.values) } else { self }
    }

    fn has(&self, value: i8) -> bool {
        self.values.contains(&value.unsigned_abs())
    }
}

/// What is set beside the times; `None` is what suits the kind.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Settings {
    gap: Option<Gap>,
    fold: Option<Fold>,
}

impl From<(Option<u8>, Option<u8>)> for Settings {
    fn from((gap, fold): (Option<u8>, Option<u8>)) -> Self {
        Self {
            gap: gap.map(|gap| [Gap::Next, Gap::Skip, Gap::Shift][usize::from(gap % 3)]),
            fold: fold.map(|fold| [Fold::First, Fold::Second, Fold::Both][usize::from(fold % 3)]),
        }
    }
}

/// A span of time, and how finely it is walked through.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Window {
    pub(crate) after: i64,
    pub(crate) until: i64,
    step: i64,
}

impl Window {
    pub(crate) fn around(instant: i64, to_each_side: i64, step: i64) -> Self {
        Self { after: instant - to_each_side - 17, until: instant + to_each_side, step }
    }
}

/// A set of nominal local times, in words of its own.
#[derive(Debug, Clone)]
pub(crate) struct Nominal {
    kind: Kind,
    seconds: Field,
    minutes: Field,
    hours: Field,
    days: Field,
    months: Field,
    weekdays: Field,
    is_wildcard: bool,
}

#[derive(Debug, Clone)]
enum Kind {
    Cron(String),
    Hourly(u8),
    Daily,
    Weekly(u8),
    Monthly(u8),
}

impl Nominal {
    pub(crate) fn cron(
        seconds: Option<Field>,
        minutes: Field,
        hours: Field,
        (days, months, weekdays): (Field, Field, Field),
    ) -> Self {
        let fields =
            [seconds.as_ref(), Some(&minutes), Some(&hours), Some(&days), Some(&months), Some(&weekdays)];
        let texts: Vec<&str> = fields.into_iter().flatten().map(|field| field.text.as_str()).collect();
        let expression = texts.join(" ");
        let is_wildcard = texts[..texts.len() - 3].iter().any(|text| text.starts_with('*'));
        let seconds = seconds.unwrap_or_else(|| Field::list(&[0]));
        let (days, weekdays) = (days.or_all(1, 31), weekdays.or_all(0, 6));
        Self { kind: Kind::Cron(expression), seconds, minutes, hours, days, months, weekdays, is_wildcard }
    }

    fn other(kind: Kind, minute: u8, hours: Field) -> Self {
        Self {
            kind,
            seconds: Field::list(&[0]),
            minutes: Field::list(&[minute]),
            hours,
            days: Field::star(1, 31),
            months: Field::star(1, 12),
            weekdays: Field::star(0, 6),
            is_wildcard: false,
        }
    }

    pub(crate) fn hourly(minute: u8) -> Self {
        Self { is_wildcard: true, ..Self::other(Kind::Hourly(minute), minute, Field::star(0, 23)) }
    }

    pub(crate) fn daily(hour: u8, minute: u8) -> Self {
        Self::other(Kind::Daily, minute, Field::list(&[hour]))
    }

    /// `days` are bits, Monday the lowest.
    pub(crate) fn weekly(days: u8, hour: u8, minute: u8) -> Self {
        let listed: Vec<u8> = (0..7).filter(|day| days >> day & 1 == 1).map(|day| (day + 1) % 7).collect();
        Self {
            weekdays: Field::list(&listed),
            ..Self::other(Kind::Weekly(days), minute, Field::list(&[hour]))
        }
    }

    /// Day 32 is the last.
    pub(crate) fn monthly(day: u8, hour: u8, minute: u8) -> Self {
        let days = if day == 32 { Field::last_day() } else { Field::list(&[day]) };
        Self { days, ..Self::other(Kind::Monthly(day), minute, Field::list(&[hour])) }
    }

    pub(crate) fn expression(&self) -> Option<&str> {
        match &self.kind {
            Kind::Cron(expression) => Some(expression),
            Kind::Hourly(_) | Kind::Daily | Kind::Weekly(_) | Kind::Monthly(_) => None,
        }
    }

    /// The schedule as the library's user would write it.
    pub(crate) fn build(&self, zone: Tz, settings: Settings) -> Result<Schedule, ScheduleError> {
        let time = || format!("{:02}:{:02}", self.hours.values[0], self.minutes.values[0]);
        let mut definition = match &self.kind {
            Kind::Cron(expression) => schedule::cron(expression.as_str()).definition(),
            Kind::Hourly(minute) => schedule::hourly().at(&format!(":{minute:02}")).definition(),
            Kind::Daily => schedule::daily().at(&time()).definition(),
            Kind::Weekly(days) => {
                let words = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
                let listed = words.into_iter().enumerate().filter(|(day, _)| days >> day & 1 == 1);
                schedule::weekly().on(listed.map(|(_, word)| word)).at(&time()).definition()
            }
            Kind::Monthly(32) => schedule::monthly().last_day().at(&time()).definition(),
            Kind::Monthly(day) => schedule::monthly().on(u32::from(*day)).at(&time()).definition(),
        }?;
        definition.gap = settings.gap;
        definition.fold = settings.fold;
        definition.compile(zone)
    }

    fn matches(&self, local: DateTime) -> bool {
        let day = self.days.has(local.day()) || (self.days.last_day && local.day() == local.days_in_month());
        let weekday = self.weekdays.has(local.weekday().to_sunday_zero_offset());
        let on_day = match (self.days.is_all, self.weekdays.is_all) {
            (true, _) => weekday,
            (_, true) => day,
            _ => day || weekday,
        };
        on_day
            && self.months.has(local.month())
            && self.hours.has(local.hour())
            && self.minutes.has(local.minute())
            && self.seconds.has(local.second())
    }

    /// The fires in a window, or `None` where local time does not go in whole steps.
    pub(crate) fn walk(&self, zone: Tz, settings: Settings, window: Window) -> Option<Vec<i64>> {
        let suits = if self.is_wildcard { (Gap::Skip, Fold::Both) } else { (Gap::Next, Fold::First) };
        let (gap, fold) = (settings.gap.unwrap_or(suits.0), settings.fold.unwrap_or(suits.1));
        // Further than any change of clocks moves a fire; a date that was
        // repeated or left out (24 hours) matters to minutes only.
        let margin = if window.step == 1 { 5 * 3_600 } else { 50 * 3_600 };
        let step = window.step;
        let rules = rules_of(zone);
        let local_of = |instant: i64| {
            let offset = rules.to_offset(Timestamp::from_second(instant).unwrap()).seconds();
            (i64::from(offset) % step == 0).then_some(instant + i64::from(offset))
        };
        let start = (window.after - margin).div_euclid(step) * step;
        let mut passes: HashMap<i64, Vec<i64>> = HashMap::new();
        // The last local time before a gap, its instant, and the gap's end.
        let mut gaps = Vec::new();
        let mut before: Option<(i64, i64)> = None;
        let mut reached = (i64::MAX, i64::MIN);
        for instant in (start..=window.until + margin).step_by(usize::try_from(step).unwrap()) {
            let local = local_of(instant)?;
            passes.entry(local).or_default().push(instant);
            reached = (reached.0.min(local), reached.1.max(local));
            if let Some((last, last_at)) = before.filter(|(last, _)| local > last + step) {
                gaps.push((last, last_at, local, instant));
            }
            before = Some((local, instant));
        }
        let mut fires = BTreeSet::new();
        for local in (reached.0..=reached.1).step_by(usize::try_from(step).unwrap()) {
            if !self.matches(Timestamp::from_second(local).unwrap().to_zoned(TimeZone::UTC).datetime()) {
                continue;
            }
            match passes.get(&local).map(Vec::as_slice) {
                Some([only]) => _ = fires.insert(*only),
                Some(all) => match fold {
                    Fold::First => _ = fires.insert(all[0]),
                    Fold::Second => _ = fires.insert(all[all.len() - 1]),
                    Fold::Both => fires.extend(all),
                },
                None => {
                    let around = |(last, _, next, _): &&(i64, i64, i64, i64)| *last < local && local < *next;
                    let (last, last_at, next, next_at) = *gaps.iter().find(around).unwrap();
                    match gap {
                        _ if next - last - step > 3 * 3_600 => {}
                        Gap::Next => _ = fires.insert(next_at),
                        Gap::Skip => {}
                        Gap::Shift => _ = fires.insert(last_at + (local - last)),
                    }
                }
            }
        }
        let within = |fire: &i64| *fire > window.after && *fire <= window.until;
        Some(fires.into_iter().filter(within).collect())
    }
}

//! How long a job waits before it tries a failed fire again.

use std::hash::{Hash, Hasher};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::RunId;
use super::spread::spread;

/// How long a job waits before it tries a failed fire again.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
/// use fastscheduler::{Backoff, Ratio};
///
/// let backoff = Backoff { delay: Duration::from_secs(5), factor: Ratio(1.5), ..Backoff::default() };
/// assert_eq!(backoff.nominal(1), Duration::from_secs(5));
/// assert_eq!(backoff.nominal(3), Duration::from_millis(11_250));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Backoff {
    /// Before the first retry.
    pub delay: Duration,
    /// The longest, jitter included.
    pub max_delay: Duration,
    /// From one retry to the next the delay grows by this factor, at least 1.
    pub factor: Ratio,
    /// Each delay is shorter or longer by up to this share of it, 0 to 1.
    pub jitter: Ratio,
}

/// A number that says how two lengths compare. Its bits are compared, so that it
/// may be part of what is.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Ratio(pub f64);

impl PartialEq for Ratio {
    fn eq(&self, other: &Self) -> bool {
        self.0.to_bits() == other.0.to_bits()
    }
}

impl Eq for Ratio {}

impl Hash for Ratio {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.to_bits().hash(state);
    }
}

impl Default for Backoff {
    fn default() -> Self {
        Self {
            delay: Duration::from_secs(2),
            max_delay: Duration::from_hours(1),
            factor: Ratio(2.0),
            jitter: Ratio(0.0),
        }
    }
}

impl Backoff {
    /// The delay before a retry, from 1, without jitter.
    #[must_use]
    pub fn nominal(&self, retry: u32) -> Duration {
        let growths = i32::try_from(retry.saturating_sub(1)).unwrap_or(i32::MAX);
        self.at_most(self.delay.as_secs_f64(), self.factor.0.powi(growths))
    }

    /// The delay before a retry, from 1, that follows on a failed attempt. It is the
    /// same whenever it is asked for.
    #[must_use]
    pub fn before(&self, retry: u32, failed: RunId) -> Duration {
        let nominal = self.nominal(retry);
        if self.jitter.0 == 0.0 {
            return nominal;
        }
        let random = spread(failed.job, failed.scheduled_for, failed.attempt);
        #[expect(clippy::cast_precision_loss, reason = "53 bits are exact")]
        let unit = (random >> 11) as f64 / (1_u64 << 52) as f64 - 1.0;
        self.at_most(nominal.as_secs_f64(), 1.0 + self.jitter.0 * unit)
    }

    /// The product, in whole microseconds, or the longest delay if that is shorter.
    fn at_most(&self, seconds: f64, by: f64) -> Duration {
        // Zero times infinity is no number.
        let delay = if seconds == 0.0 { 0.0 } else { seconds * by };
        match Duration::try_from_secs_f64(delay.max(0.0)) {
            Ok(delay) => {
                let micros = u64::try_from(delay.as_micros()).unwrap_or(u64::MAX);
                Duration::from_micros(micros).min(self.max_delay)
            }
            Err(_) => self.max_delay,
        }
    }
}

/// Delay before the retry that follows failed attempt number `attempt`, for a job
/// that sets no back-off of its own.
///
/// `attempt` counts from 1. The delay doubles each time (2 s, 4 s, 8 s) and
/// stops growing at one hour.
///
/// # Examples
///
/// ```
/// use std::time::Duration;
///
/// assert_eq!(fastscheduler::backoff(1), Duration::from_secs(2));
/// assert_eq!(fastscheduler::backoff(3), Duration::from_secs(8));
/// assert_eq!(fastscheduler::backoff(100), Duration::from_secs(3600));
/// ```
#[must_use]
pub fn backoff(attempt: u32) -> Duration {
    Backoff::default().nominal(attempt)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::Trigger;

    fn failed(attempt: u32) -> RunId {
        RunId {
            job: "job_7".parse().unwrap(),
            trigger: Trigger::Schedule,
            scheduled_for: "2026-01-01T00:00:00Z".parse().unwrap(),
            attempt,
        }
    }

    #[test]
    fn a_delay_grows_by_its_factor_up_to_the_longest() {
        let seconds = Duration::from_secs_f64;
        for (delay, factor, max_delay, delays) in [
            (2.0, 2.0, 3_600.0, [2.0, 4.0, 8.0, 16.0]),
            (5.0, 1.5, 10.0, [5.0, 7.5, 10.0, 10.0]),
            (5.0, 1.0, 3_600.0, [5.0; 4]),
            (0.0, 1e300, 3_600.0, [0.0; 4]),
            (60.0, 2.0, 30.0, [30.0; 4]),
            (60.0, 1e300, 3_600.0, [60.0, 3_600.0, 3_600.0, 3_600.0]),
            (0.001, 10.0, 0.0, [0.0; 4]),
        ] {
            let of = Backoff {
                delay: seconds(delay),
                max_delay: seconds(max_delay),
                factor: Ratio(factor),
                jitter: Ratio(0.0),
            };
            for (retry, expected) in (1..).zip(delays) {
                assert_eq!(of.before(retry, failed(retry)), seconds(expected), "{of:?}, retry {retry}");
            }
            assert_eq!(of.nominal(u32::MAX), of.nominal(u32::MAX - 1), "{of:?}");
        }
    }

    #[test]
    fn jitter_is_a_share_of_the_delay_either_way_and_the_longest_holds_after_it() {
        let of = Backoff { delay: Duration::from_secs(100), jitter: Ratio(0.2), ..Backoff::default() };
        let delays: Vec<Duration> = (1..200).map(|attempt| of.before(1, failed(attempt))).collect();
        let within = Duration::from_secs(80)..=Duration::from_mins(2);
        assert!(delays.iter().all(|delay| within.contains(delay)), "{delays:?}");
        assert!(delays.iter().any(|delay| *delay < Duration::from_secs(85)), "{delays:?}");
        assert!(delays.iter().any(|delay| *delay > Duration::from_secs(115)), "{delays:?}");
        let again: Vec<Duration> = (1..200).map(|attempt| of.before(1, failed(attempt))).collect();
        assert_eq!(delays, again, "it does not depend on when it is asked for");
        let capped = Backoff { max_delay: Duration::from_secs(100), ..of };
        assert!((1..200).all(|attempt| capped.before(1, failed(attempt)) <= capped.max_delay));
    }

    #[test]
    fn what_is_stored_of_a_part_is_the_default_of_the_rest() {
        let read: Backoff = serde_json::from_str(r#"{"factor": 1.5}"#).unwrap();
        assert_eq!(read, Backoff { factor: Ratio(1.5), ..Backoff::default() });
        let written = serde_json::to_string(&read).unwrap();
        assert_eq!(serde_json::from_str::<Backoff>(&written).unwrap(), read);
    }
}

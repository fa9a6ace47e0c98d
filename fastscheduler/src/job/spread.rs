//! Numbers that look random and are not.

use chrono::{DateTime, Utc};

use super::JobId;

/// A number that looks random and depends on a fire and on `number` alone (the last
/// steps of `SplitMix64`).
pub(crate) fn spread(job: JobId, scheduled_for: DateTime<Utc>, number: u32) -> u64 {
    const STEP: u64 = 0x9E37_79B9_7F4A_7C15;
    let mut x = job.number().wrapping_mul(STEP);
    x ^= scheduled_for.timestamp_micros().cast_unsigned();
    x = x.wrapping_add(u64::from(number).wrapping_mul(STEP));
    x = (x ^ (x >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    x ^ (x >> 31)
}

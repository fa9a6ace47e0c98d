//! Names of jobs that are never used again.

use std::collections::HashMap;
use std::fmt;
use std::hash::{BuildHasherDefault, Hasher};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// The id of a job, printed `job_N`.
///
/// Ids count from `job_0` and are never used again, not even after the job is
/// gone.
///
/// # Examples
///
/// ```
/// use fastscheduler::JobId;
///
/// let id: JobId = "job_7".parse()?;
/// assert_eq!(id.number(), 7);
/// assert_eq!(id.to_string(), "job_7");
/// # Ok::<_, std::num::ParseIntError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobId(u64);

impl JobId {
    /// The id with that number.
    #[must_use]
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number behind `job_`.
    #[must_use]
    pub const fn number(self) -> u64 {
        self.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "job_{}", self.0)
    }
}

impl FromStr for JobId {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        // Without the prefix the text fails to parse as a number, as it should.
        text.strip_prefix("job_").unwrap_or("").parse().map(Self)
    }
}

impl Serialize for JobId {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for JobId {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(|_| serde::de::Error::custom(format!("`{text}` is not a job id; write `job_0`")))
    }
}

/// A map by job, for what is looked up several times for each run.
pub(crate) type JobMap<T> = HashMap<JobId, T, BuildHasherDefault<JobHasher>>;

/// Puts jobs with adjacent ids side by side, sixteen at a time: they often come
/// due one after another, and looking one up brings the next into the cache.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct JobHasher(u64);

impl Hasher for JobHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = self.0.rotate_left(26) ^ number;
    }

    fn finish(&self) -> u64 {
        // The table looks for a place by the low bits, and in groups of
        // sixteen, and tells those in a group apart by the highest seven.
        let mut mixed = NumberHasher::default();
        mixed.write_u64(self.0 / 16);
        (mixed.finish() & !15) ^ (self.0 % 16).wrapping_mul(0x0A00_0000_0000_0001)
    }
}

/// Mixes the numbers that a key is made of. Keys are our own, so that nobody
/// can choose them to collide.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct NumberHasher(u64);

impl Hasher for NumberHasher {
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u64(u64::from(*byte));
        }
    }

    fn write_u32(&mut self, number: u32) {
        self.write_u64(u64::from(number));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0.rotate_left(26) ^ number).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn write_isize(&mut self, number: isize) {
        self.write_u64(number.cast_unsigned() as u64);
    }

    fn finish(&self) -> u64 {
        // The table takes the low bits, a product mixes the high ones best.
        self.0.rotate_left(32)
    }
}

/// What names a job: a [`JobId`], by value or reference, or its text.
pub trait IntoJobId {
    /// The id, or the text that is none.
    fn into_job_id(self) -> Result<JobId, String>;
}

impl IntoJobId for JobId {
    fn into_job_id(self) -> Result<JobId, String> {
        Ok(self)
    }
}

impl IntoJobId for &JobId {
    fn into_job_id(self) -> Result<JobId, String> {
        Ok(*self)
    }
}

impl IntoJobId for &str {
    fn into_job_id(self) -> Result<JobId, String> {
        self.parse().map_err(|_| self.to_owned())
    }
}

impl IntoJobId for String {
    fn into_job_id(self) -> Result<JobId, String> {
        self.as_str().into_job_id()
    }
}

impl IntoJobId for &String {
    fn into_job_id(self) -> Result<JobId, String> {
        self.as_str().into_job_id()
    }
}

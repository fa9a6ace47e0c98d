//! The memory that this process uses.

use anyhow::{Context as _, Result};

const STATUS: &str = "/proc/self/status";

/// Bytes that are resident.
pub(crate) fn resident() -> Result<u64> {
    let status = std::fs::read_to_string(STATUS).context("memory is measured on Linux only")?;
    let kilobytes = status.lines().find_map(|line| line.strip_prefix("VmRSS:")?.strip_suffix("kB"));
    let kilobytes = kilobytes.with_context(|| format!("no `VmRSS` in {STATUS}"))?;
    Ok(kilobytes.trim().parse::<u64>()? * 1024)
}

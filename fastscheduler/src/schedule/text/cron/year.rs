//! Years, which a cron expression has none of.

/// What to write instead of a year.
pub(super) const NO_YEARS: &str =
    "years are not supported; leave the year out, or use `at(\"2027-12-25 09:00\")` for a single date";

/// Whether a field, or an item of one, can only be a year.
pub(super) fn is_year(field: &str) -> bool {
    let is_item = |item: &str| {
        let start = item.split(['-', '/']).next().unwrap_or_default();
        let is_number = start.len() == 4 && start.bytes().all(|byte| byte.is_ascii_digit());
        is_number && ("1970"..="2199").contains(&start)
    };
    field.split(',').all(is_item)
}

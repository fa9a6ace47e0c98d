//! Leaving out of what is stored what most jobs do not have.

/// Whether a value is left out: most jobs never failed.
pub(super) fn is_default(value: &(impl Default + PartialEq)) -> bool {
    *value == Default::default()
}

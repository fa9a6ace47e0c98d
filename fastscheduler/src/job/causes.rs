//! Errors with what caused them.

use std::error::Error;
use std::fmt::Write as _;
use std::iter::successors;

/// Returns an error and its causes in one text, as in `could not read: no such file`.
pub(crate) fn with_causes(error: &dyn Error) -> String {
    with_causes_if(error, |_, _| true)
}

/// Returns the same without the causes for which `is_told` is false, which is given
/// the text so far and that of the cause.
pub(crate) fn with_causes_if(error: &dyn Error, is_told: impl Fn(&str, &str) -> bool) -> String {
    let mut text = error.to_string();
    for cause in successors(error.source(), |&cause| cause.source()) {
        let mut cause_text = String::new();
        // Fails only if the cause's own `Display` does.
        let _ = write!(cause_text, "{cause}");
        if is_told(&text, &cause_text) {
            text.push_str(": ");
            text.push_str(&cause_text);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use thiserror::Error;

    use super::*;

    #[derive(Debug, Error)]
    enum Failed {
        #[error("no space is left")]
        NoSpace,
        #[error("could not write")]
        Write(#[source] Box<Self>),
        /// It prints its cause, and says that it is one.
        #[error("could not save: {0}")]
        Save(#[source] Box<Self>),
        #[error(transparent)]
        Other(Box<Self>),
    }

    #[test]
    fn an_error_is_told_with_its_causes() {
        let write = || Box::new(Failed::Write(Box::new(Failed::NoSpace)));
        let cases = [
            (Failed::NoSpace, "no space is left", "no space is left"),
            (*write(), "could not write: no space is left", "could not write: no space is left"),
            (
                Failed::Other(write()),
                "could not write: no space is left",
                "could not write: no space is left",
            ),
            (
                Failed::Save(write()),
                "could not save: could not write: could not write: no space is left",
                "could not save: could not write: no space is left",
            ),
        ];
        for (error, all, new) in cases {
            assert_eq!(with_causes(&error), all, "{error:?}");
            let new_causes = with_causes_if(&error, |text, cause| !text.ends_with(cause));
            assert_eq!(new_causes, new, "{error:?}");
        }
    }
}

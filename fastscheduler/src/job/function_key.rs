//! Names of registered functions.

use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The full name of a registered function, printed `module::name`.
///
/// A function that was registered at run time under a bare name has an empty
/// module, and prints as the bare name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct FunctionKey {
    module: Arc<str>,
    name: Arc<str>,
}

impl FunctionKey {
    /// The function `name` of `module`.
    #[must_use]
    pub fn new(module: &str, name: &str) -> Self {
        Self { module: module.into(), name: name.into() }
    }

    /// Reads `module::name` or a bare `name`.
    ///
    /// # Examples
    ///
    /// ```
    /// use fastscheduler::FunctionKey;
    ///
    /// let key = FunctionKey::parse("my_app::mail::send");
    /// assert_eq!((key.module(), key.name()), ("my_app::mail", "send"));
    /// assert_eq!(key.to_string(), "my_app::mail::send");
    /// ```
    #[must_use]
    pub fn parse(path: &str) -> Self {
        let (module, name) = path.rsplit_once("::").unwrap_or(("", path));
        Self::new(module, name)
    }

    /// The module, as in `my_app::mail`; empty for a bare name.
    #[must_use]
    pub fn module(&self) -> &str {
        &self.module
    }

    /// The function's own name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for FunctionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.module.is_empty() {
            f.write_str(&self.name)
        } else {
            write!(f, "{}::{}", self.module, self.name)
        }
    }
}

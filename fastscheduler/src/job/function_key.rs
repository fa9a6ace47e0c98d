//! Names of registered functions.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

/// The full name of a registered function, printed `module::name`.
///
/// A function that was registered at run time under a bare name has an empty
/// module, and prints as the bare name. It is cheap to clone.
#[derive(Clone, Serialize, Deserialize)]
#[serde(from = "Written", into = "Written")]
pub struct FunctionKey(Arc<Parts>);

/// Each key is looked up for each run of its jobs, so its hash is kept.
struct Parts {
    written: Written,
    hash: u64,
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
struct Written {
    module: String,
    name: String,
}

impl FunctionKey {
    /// The function `name` of `module`.
    #[must_use]
    pub fn new(module: &str, name: &str) -> Self {
        Written { module: module.to_owned(), name: name.to_owned() }.into()
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
        &self.0.written.module
    }

    /// The function's own name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.written.name
    }
}

impl From<Written> for FunctionKey {
    fn from(written: Written) -> Self {
        let mut hasher = DefaultHasher::new();
        written.hash(&mut hasher);
        Self(Arc::new(Parts { written, hash: hasher.finish() }))
    }
}

impl From<FunctionKey> for Written {
    fn from(key: FunctionKey) -> Self {
        key.0.written.clone()
    }
}

impl PartialEq for FunctionKey {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0, &other.0) || self.0.written == other.0.written
    }
}

impl Eq for FunctionKey {}

impl PartialOrd for FunctionKey {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for FunctionKey {
    fn cmp(&self, other: &Self) -> Ordering {
        self.0.written.cmp(&other.0.written)
    }
}

impl Hash for FunctionKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0.hash);
    }
}

impl fmt::Debug for FunctionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FunctionKey({self})")
    }
}

impl fmt::Display for FunctionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.module().is_empty() {
            f.write_str(self.name())
        } else {
            write!(f, "{}::{}", self.module(), self.name())
        }
    }
}

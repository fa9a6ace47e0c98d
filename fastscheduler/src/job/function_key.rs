//! Names of registered functions.

use std::borrow::Cow;
use std::cell::RefCell;
use std::cmp::Ordering;
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// The full name of a registered function, printed `module::name`.
///
/// A function that was registered at run time under a bare name has an empty
/// module, and prints as the bare name. It is cheap to clone.
#[derive(Clone)]
pub struct FunctionKey(Arc<Parts>);

/// Each key is looked up for each run of its jobs, so its hash is kept.
struct Parts {
    written: Written,
    hash: u64,
}

#[derive(PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
struct Written {
    module: String,
    name: String,
}

/// The same, as it is read.
#[derive(Deserialize)]
struct Read<'a> {
    #[serde(borrow)]
    module: Cow<'a, str>,
    #[serde(borrow)]
    name: Cow<'a, str>,
}

/// How many keys are remembered.
const REMEMBERED: usize = 16;

thread_local! {
    /// Keys that were read lately, each in the place that its texts give it:
    /// many records are of few functions, and share their keys.
    static READ: RefCell<[Option<FunctionKey>; REMEMBERED]> = const { RefCell::new([const { None }; REMEMBERED]) };
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
        Read { module: module.into(), name: name.into() }.into()
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

impl From<Read<'_>> for FunctionKey {
    fn from(read: Read<'_>) -> Self {
        let Read { module, name } = read;
        let last = name.as_bytes().last().copied().unwrap_or_default();
        let place = (module.len() + name.len() + usize::from(last)) % REMEMBERED;
        READ.with_borrow_mut(|remembered| match &remembered[place] {
            Some(known) if known.module() == module && known.name() == name => known.clone(),
            Some(_) | None => {
                let key = Self::new(&module, &name);
                remembered[place] = Some(key.clone());
                key
            }
        })
    }
}

impl Serialize for FunctionKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.written.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for FunctionKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Read::deserialize(deserializer).map(Self::from)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_read_twice_is_one() {
        let names = ["send", "mind", "a \\ and a \"", "ünï", ""];
        let keys = names.map(|name| FunctionKey::new("my_app::mail", name));
        // What was remembered is no other's key, though places are few.
        let more = (0..100).map(|number| FunctionKey::new("", &format!("f{number}")));
        for key in keys.into_iter().chain(more) {
            let written = serde_json::to_string(&key).unwrap();
            let read = || serde_json::from_str::<FunctionKey>(&written).unwrap();
            let (one, two) = (read(), read());
            assert_eq!((one.module(), one.name()), (key.module(), key.name()));
            assert!(Arc::ptr_eq(&one.0, &two.0), "{written}");
        }
    }
}

//! Which snapshot and which journals belong together.
//!
//! A store has an id, and so has each state that a journal goes on from. A
//! snapshot names its state, and a journal the state before its first change.
//! Files that earlier versions wrote have no ids, and are not compared.

use std::fmt;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use serde::{Deserialize, Serialize};

/// The id of a store or of a state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Id(String);

impl Id {
    /// One that nobody else has.
    pub(super) fn new() -> Self {
        // Its keys are random.
        Self(format!("{:016x}", RandomState::new().build_hasher().finish()))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a snapshot says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Lineage {
    pub(super) store: Id,
    pub(super) state: Id,
    /// The states that journals went on from which are in the snapshot whole. A
    /// crash may leave these journals beside it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    folded: Vec<Id>,
}

impl Lineage {
    /// That of a store without one. It may have an id already.
    pub(super) fn begin(store: Option<Id>) -> Self {
        Self { store: store.unwrap_or_else(Id::new), state: Id::new(), folded: Vec::new() }
    }
}

/// What a journal says of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Origin {
    pub(super) store: Id,
    /// The state that it goes on from.
    pub(super) state: Id,
    /// The state that the journal before it goes on from. That one was put aside,
    /// and may not be in the snapshot yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) aside: Option<Id>,
}

impl Origin {
    /// That of the first journal after a snapshot.
    pub(super) fn after(snapshot: &Lineage) -> Self {
        Self { store: snapshot.store.clone(), state: snapshot.state.clone(), aside: None }
    }

    /// That of the next journal, when this one is put aside.
    pub(super) fn next(&self) -> Self {
        Self { store: self.store.clone(), state: Id::new(), aside: Some(self.state.clone()) }
    }

    /// That of the snapshot which this journal goes on from, when what was put
    /// aside is in it.
    pub(super) fn before(&self) -> Lineage {
        Lineage {
            store: self.store.clone(),
            state: self.state.clone(),
            folded: self.aside.iter().cloned().collect(),
        }
    }

    /// That of a snapshot which has this journal too.
    pub(super) fn with_all(&self) -> Lineage {
        let folded = self.aside.iter().chain([&self.state]).cloned().collect();
        Lineage { store: self.store.clone(), state: Id::new(), folded }
    }
}

/// How a journal continues what was read before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Continues {
    /// Its changes come next. Those at its beginning may be known.
    Next,
    /// All of its changes must be known.
    Folded,
}

/// The journal that was put aside, if it was read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) enum Aside {
    #[default]
    None,
    /// It does not say what it goes on from.
    Unknown,
    From(Id),
}

/// Why a journal does not belong to a snapshot.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Stranger(String);

impl fmt::Display for Stranger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Stranger {
    /// It is of another store.
    fn of_store(snapshot: &Lineage, journal: &Origin) -> Self {
        Self(format!(
            "the journal is of store `{}`, and the state file of store `{}`",
            journal.store, snapshot.store
        ))
    }

    /// The snapshot does not have the state that it goes on from.
    fn of_state(snapshot: &Lineage, journal: &Origin) -> Self {
        Self(format!(
            "the journal goes on from state `{}`, and the state file has state `{}`",
            journal.state, snapshot.state
        ))
    }

    /// It is older than the snapshot, and has changes that the snapshot lacks.
    pub(super) fn of_other_changes(snapshot: &Lineage, journal: &Origin) -> Self {
        Self(format!(
            "the journal goes on from state `{}` with other changes than those that led to state `{}` of the state \
             file",
            journal.state, snapshot.state
        ))
    }
}

/// How a journal continues a snapshot, and the journal that was put aside.
pub(super) fn compare(
    snapshot: Option<&Lineage>,
    aside: &Aside,
    journal: Option<&Origin>,
) -> Result<Continues, Stranger> {
    let (Some(snapshot), Some(journal)) = (snapshot, journal) else { return Ok(Continues::Next) };
    let follows_aside = || match aside {
        Aside::None => false,
        Aside::Unknown => true,
        Aside::From(state) => journal.aside.as_ref() == Some(state),
    };
    if journal.store != snapshot.store {
        Err(Stranger::of_store(snapshot, journal))
    } else if journal.state == snapshot.state {
        Ok(Continues::Next)
    } else if snapshot.folded.contains(&journal.state) {
        Ok(Continues::Folded)
    } else if follows_aside() {
        Ok(Continues::Next)
    } else {
        Err(Stranger::of_state(snapshot, journal))
    }
}

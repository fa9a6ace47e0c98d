//! Application state that job functions take by type.

use std::any::{Any, TypeId, type_name};
use std::collections::HashMap;
use std::ops::Deref;
use std::sync::{Arc, OnceLock, Weak};

/// Application state of type `T`, as given to the builder's `state`.
///
/// A job function that takes `State<T>` gets a clone each time it runs, so `T`
/// is usually a handle or an `Arc`.
///
/// # Examples
///
/// ```standalone_crate
/// use fastscheduler::prelude::*;
///
/// #[derive(Clone)]
/// struct Db(std::sync::Arc<str>);
///
/// #[daily(at = "03:00")]
/// async fn vacuum(db: State<Db>) {
///     println!("cleaning {}", db.0.0);
/// }
/// ```
///
/// # Beside another `State`
///
/// axum has a `State` too, and a module that handles requests and has jobs
/// needs both. There, write `JobState<T>`, which is this type by another name,
/// or its path, `fastscheduler::State<T>`. Two states are unrelated: what axum
/// gives its handlers is set with `with_state`, and what jobs get with the
/// scheduler's `.state(..)`.
///
/// ```standalone_crate
/// # mod axum { pub mod extract { pub struct State<T>(pub T); } }
/// use axum::extract::State;
/// use fastscheduler::JobState;
///
/// # #[derive(Clone)] struct Db;
/// async fn show(State(db): State<Db>) {}
///
/// #[fastscheduler::daily(at = "03:00")]
/// async fn vacuum(JobState(db): JobState<Db>) {}
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct State<T>(pub T);

impl<T> Deref for State<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

/// A type of state: its identity and its name.
#[derive(Debug, Clone, Copy)]
pub struct StateType {
    pub(super) id: TypeId,
    /// The type's path, as in `my_app::Db`.
    pub name: &'static str,
}

impl StateType {
    pub(super) fn of<T: 'static>() -> Self {
        Self { id: TypeId::of::<T>(), name: type_name::<T>() }
    }
}

/// Whatever runs the attempts: this layer does not know its type.
pub(crate) type Host = dyn Any + Send + Sync;

/// What attempts get from their scheduler: the states given to the builder, one for
/// each type, and the scheduler itself.
#[derive(Debug, Default)]
pub(crate) struct States {
    by_type: HashMap<TypeId, Box<dyn Any + Send + Sync>>,
    /// Weak, since the host holds this.
    host: OnceLock<Weak<Host>>,
}

impl States {
    /// Adds a state, in place of an earlier one of the same type.
    pub(crate) fn insert<T: Clone + Send + Sync + 'static>(&mut self, state: T) {
        self.by_type.insert(TypeId::of::<T>(), Box::new(state));
    }

    /// Whether there is a state of that type.
    #[must_use]
    pub(crate) fn contains(&self, state: StateType) -> bool {
        self.by_type.contains_key(&state.id)
    }

    pub(super) fn get<T: Clone + 'static>(&self) -> Option<T> {
        self.by_type.get(&TypeId::of::<T>())?.downcast_ref::<T>().cloned()
    }

    /// Sets what runs the attempts; the first one counts.
    pub(crate) fn set_host(&self, host: Weak<Host>) {
        self.host.get_or_init(|| host);
    }

    pub(super) fn host(&self) -> Option<Arc<Host>> {
        self.host.get()?.upgrade()
    }
}

//! What happens, as server-sent events, for many who listen at once.
//!
//! There are two forms. [`samples`] are for clients of the original: the whole
//! state, about every second. [`changes`] are a snapshot and then what changes; a client
//! that wants no snapshots gets [`overviews`] instead, and asks for what it shows.
//!
//! Whatever is sent is made once and shared. One task makes the samples, one the
//! overviews and one the changes, only while somebody listens ([`newest`]); each [`listener`] takes what is
//! there when its client is ready for more. A client that reads slowly gets
//! the newest sample or a fresh snapshot next; nothing is queued for it.

mod changes;
mod frame;
mod happened;
mod listener;
mod newest;
mod overviews;
mod ring;
mod samples;
mod state;
mod text;

use axum::body::Body;

use self::changes::Changes;
use self::listener::{Listener, Place, Places};
use self::overviews::{Glanced, Overviews};
use self::samples::Samples;
use crate::schedule::Zone;
use crate::scheduler::Scheduler;

/// The streams of one router.
pub(super) struct Streams {
    samples: Samples,
    changes: Changes,
    overviews: Overviews,
    places: Places,
}

impl Streams {
    /// For so many at once.
    pub(super) fn new(scheduler: &Scheduler, zone: Zone, most: usize) -> Self {
        Self {
            samples: Samples::new(scheduler, zone),
            changes: Changes::new(scheduler, zone),
            overviews: Overviews::new(scheduler, zone),
            places: Places::new(most),
        }
    }

    /// A place for one more stream, unless all are taken.
    pub(super) fn place(&self) -> Option<Place> {
        self.places.take()
    }

    /// How many streams there may be.
    pub(super) fn most(&self) -> usize {
        self.places.most()
    }

    /// A stream of samples of the whole state.
    pub(super) fn samples(&self, scheduler: &Scheduler, place: Place) -> Body {
        Listener::new(self.samples.listen(), scheduler, place).into_body()
    }

    /// A stream of changes, which goes on after the event with the id `last`.
    pub(super) fn changes(&self, last: Option<&str>, scheduler: &Scheduler, place: Place) -> Body {
        Listener::new(self.changes.listen(last), scheduler, place).into_body()
    }

    /// The same without snapshots: with an overview first, and whenever it says something
    /// new.
    pub(super) fn overviews(&self, last: Option<&str>, scheduler: &Scheduler, place: Place) -> Body {
        let changed = self.changes.listen_without_snapshots(last);
        Listener::new(Glanced::new(changed, self.overviews.listen()), scheduler, place).into_body()
    }

    /// How many streams are open.
    pub(super) fn listener_count(&self) -> usize {
        self.places.taken()
    }
}

//! Everywhere a function may stand, and however the attribute is called.

#![forbid(unsafe_code)]
#![deny(missing_docs, unused, clippy::all, clippy::pedantic, unreachable_pub, unused_qualifications)]
#![deny(rust_2018_idioms, elided_lifetimes_in_paths, single_use_lifetimes, unused_lifetimes)]
#![allow(
    clippy::unused_async,
    clippy::items_after_statements,
    clippy::extra_unused_type_parameters,
    reason = "they are about the functions as they are written here, not about what attributes make"
)]

use fastscheduler as renamed;
use fastscheduler::{daily as nightly, every, hourly, job};

#[fastscheduler::every(10, seconds)]
#[::fastscheduler::daily(at = "10:00")]
async fn by_path() {}

#[renamed::cron("0 9 * * *", crate = renamed)]
#[renamed::hourly(at = ":15", crate = renamed)]
async fn by_renamed_path() {}

// Imports of siblings that the outermost takes with it are not unused.
#[every(10, seconds)]
#[hourly(at = ":15")]
async fn by_imports() {}

// A name that the outermost cannot know expands by itself.
#[every(10, seconds)]
#[nightly(at = "02:00")]
async fn renamed_import(context: fastscheduler::JobContext) {
    let _ = context;
}

#[cfg_attr(all(), every(10, seconds))]
#[cfg_attr(any(), every("no schedule at all"))]
#[cfg_attr(all(), nightly(at = "02:00"))]
async fn conditional_attributes() {}

#[every(10, seconds)]
#[cfg(any())]
async fn not_there(argument: NotThere) {}

#[every(10, seconds)]
#[cfg_attr(all(), inline, cfg(any()))]
async fn not_there_either(argument: NotThere) {}

#[every(10, seconds)]
#[allow(clippy::unused_async)]
#[nightly(at = "02:00")]
#[inline]
async fn among_other_attributes() {}

/// A module of jobs.
pub mod outer {
    /// Deeper.
    pub mod inner {
        use std::time::Duration as Private;

        #[fastscheduler::every(10, seconds)]
        fn private() {}

        #[fastscheduler::job]
        fn own_types(length: Private) -> Private {
            length
        }

        #[fastscheduler::every(10, seconds)]
        pub(super) fn restricted() {}

        /// A public job.
        #[fastscheduler::every(10, seconds)]
        pub fn public() {
            restricted();
        }
    }
}

fastscheduler::include_jobs!(anyhow, serde_json);

/// Names that are no dependencies: a module, an import, the standard library.
mod included {
    use super::outer as imported;

    mod own_module {}

    fastscheduler::include_jobs!(own_module, imported, std,);
}

#[job]
fn r#match(r#type: String) -> String {
    r#type
}

fn generic<T>() {
    #[every(10, seconds)]
    async fn in_a_generic_body() {}
    drop(in_a_generic_body());
}

#[test]
fn functions_in_bodies_and_blocks_can_be_called() {
    struct Local;
    generic::<u8>();
    #[every(10, seconds)]
    async fn in_a_body() {
        let Local = Local;
    }
    {
        #[every(10, seconds)]
        fn in_a_block() {}
        in_a_block();
    }
    drop(in_a_body());
    outer::inner::public();
    assert_eq!(r#match(String::from("x")), "x");
}

//! Functions that come from other macros, or carry lints of their own.

#![deny(warnings)]

use fastscheduler::prelude::*;

macro_rules! with_body {
    ($name:ident $body:block) => {
        #[every(1, second)]
        async fn $name() $body
    };
}

with_body!(from_a_macro {});

#[every(1, second)]
#[deprecated]
pub async fn old() {}

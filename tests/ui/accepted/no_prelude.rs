//! The expansion names everything by its full path.

#![no_implicit_prelude]
#![forbid(unsafe_code)]

#[::fastscheduler::daily(
    at = "10:00",
    name = "n",
    group = "g",
    tz = "UTC",
    retries = 1,
    timeout = 1,
    jitter = 1,
    catch_up = "none",
    overlap = "skip",
    gap = "skip",
    fold = "both",
    enabled = false,
    args("a"),
    kwargs(count = 1)
)]
async fn asynchronous(
    text: ::std::string::String,
    count: ::std::option::Option<u8>,
) -> ::std::result::Result<(), ::std::string::String> {
    let _ = (text, count);
    ::std::result::Result::Ok(())
}

#[::fastscheduler::every(1, second)]
fn blocking() -> u8 {
    1
}

// Names that are the language's own everywhere else.
mod core {}
mod std {}
mod shadowed {
    #[allow(non_camel_case_types, dead_code)]
    struct u32;
    #[allow(dead_code)]
    struct Ok;
    #[allow(dead_code)]
    struct Err;

    #[::fastscheduler::every(1, second)]
    async fn surrounded_by_odd_names(all: ::fastscheduler::Args) {
        let _ = all;
    }
}

#[::core::prelude::v1::test]
fn functions_can_be_named() {
    let _ = (blocking, asynchronous);
}

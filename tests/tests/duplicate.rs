//! Two functions under one name.

use fastscheduler::prelude::*;
use fastscheduler::storage::MemoryStorage;

mod one {
    #[fastscheduler::job(module = "app")]
    fn send() {}
}

mod two {
    #[fastscheduler::job(module = "app")]
    fn send() {}
}

#[tokio::test]
async fn two_functions_under_one_name_are_an_error_that_names_both_places() {
    let error = Scheduler::builder().storage(MemoryStorage::default()).build().await.unwrap_err().to_string();
    let expected = "`app::send` is registered twice: at tests/tests/duplicate.rs:8 \
                    and at tests/tests/duplicate.rs:13; rename one, or set its `module`";
    assert_eq!(error, expected);
}

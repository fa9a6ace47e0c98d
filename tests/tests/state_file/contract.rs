//! The store in files keeps what every store promises.

use fastscheduler_tests::in_folder::InFolder;

fastscheduler::storage_contract!(|| async { InFolder::new() });

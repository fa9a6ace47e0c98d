//! The store in memory keeps what every store promises.

use fastscheduler::storage::MemoryStorage;

fastscheduler::storage_contract!(|| async { MemoryStorage::default() });

//! Benchmarks of fastscheduler; see `benches/`.

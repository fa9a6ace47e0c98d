//! Examples of fastscheduler; each is a target under `examples/`.

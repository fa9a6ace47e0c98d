//! The attributes of fastscheduler.

#[expect(dead_code, unreachable_pub, reason = "the runtime crate uses the rest of these shared files")]
mod text;

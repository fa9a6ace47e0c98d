//! Whatever happens to jobs, in whatever order: no fire is lost, none is
//! doubled, and nothing is stuck.

mod model;
mod op;

use fastscheduler::prelude::*;
use fastscheduler_tests::Script;
use proptest::prelude::*;

use crate::model::Model;
use crate::op::sequences;

/// What takes a few seconds; `PROPTEST_CASES` sets another number.
const CASES: u32 = 64;

#[job]
async fn work(script: State<Script>, context: JobContext) -> anyhow::Result<()> {
    script.act(context).await
}

fn config() -> ProptestConfig {
    let config =
        ProptestConfig { failure_persistence: None, max_shrink_iters: 4_000, ..ProptestConfig::default() };
    match std::env::var_os("PROPTEST_CASES") {
        Some(_) => config,
        None => ProptestConfig { cases: CASES, ..config },
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn no_fire_is_lost_or_doubled_and_nothing_is_stuck_whatever_happens(sequence in sequences()) {
        let mut model = Model::new(sequence.max_concurrency);
        let mut process = model.start();
        for op in &sequence.ops {
            process = model.apply(op, process);
        }
        model.check(&process);
        model.finish(process);
    }
}

//! What a person sees of a scheduler.

use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::testing;
use fastscheduler_tests::on_manual_clock;

#[tokio::test]
async fn the_status_is_a_table_of_jobs_the_soonest_first() {
    let (builder, clock) = on_manual_clock();
    let scheduler = builder.timezone("Europe/Paris").build().await.unwrap();
    let failing = || async { anyhow::Result::<()>::Err(anyhow::anyhow!("no paper")) };
    scheduler.add(cron("0 3 * * *").run("clean", || async {}).enabled(false)).await.unwrap();
    let at = daily().at("02:00").tz("Asia/Tokyo").retries(0).group("reports");
    scheduler.add(at.run("tägl\u{1b}[31mich", failing)).await.unwrap();
    scheduler.add(every(90).seconds().run("heartbeat", || async {})).await.unwrap();
    let before = scheduler.status().await.unwrap().to_string();
    assert!(before.starts_with("not running, times in Europe/Paris\n3 jobs, 0 runs, 0 failures"), "{before}");
    scheduler.start().await.unwrap();
    testing::advance(&scheduler, &clock, Duration::from_secs(17 * 3_600 + 252)).await.unwrap();
    let shown = scheduler.status().await.unwrap().to_string();
    let lines = [
        "running since 2026-11-23 01:00:00 (17 h 4 min), times in Europe/Paris",
        "3 jobs, 683 runs, 1 failure, 0 retries, 1 dead letter",
        "  JOB    NAME          GROUP    SCHEDULE                     STATUS     NEXT RUN             IN           RUNS  FAILED",
        "  job_2  heartbeat     default  Every 90 seconds             scheduled  2026-11-23 18:04:30  18 s          682       0",
        "  job_1  tägl [31mich  reports  Daily at 02:00 (Asia/Tokyo)  failed     2026-11-24 18:00:00  23 h 55 min     1       1",
        "  job_0  clean         default  Cron: 0 3 * * *              paused     paused                               0       0",
    ];
    assert_eq!(shown.lines().collect::<Vec<_>>(), lines, "\n{shown}");
}

#[tokio::test]
async fn names_do_not_steer_a_terminal() {
    let (builder, _clock) = on_manual_clock();
    let scheduler = builder.build().await.unwrap();
    for text in
        ["\u{1b}[31mred", "bell\u{7}", "back\rto the start", "two\nlines", "\u{202e}turned", "\u{9b}2J"]
    {
        let job = every(1).hours().name(text).group(text);
        scheduler.add(job.run(text, || async {})).await.unwrap();
    }
    let shown = scheduler.status().await.unwrap().to_string();
    assert_eq!(shown.lines().count(), 2 + 1 + 6, "{shown}");
    let steers = |letter: char| (letter.is_control() && letter != '\n') || letter == '\u{202e}';
    assert!(!shown.contains(steers), "{shown:?}");
}

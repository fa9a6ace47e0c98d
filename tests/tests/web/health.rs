//! `/healthz` and `/readyz`.

use fastscheduler::storage::{JsonStorage, Storage as _};
use fastscheduler_tests::faulty::{Action, Faulty};
use fastscheduler_tests::on_manual_clock;
use fastscheduler_tests::site::Site;

#[tokio::test]
async fn a_process_is_alive_whatever_its_scheduler_is_at() {
    let scheduler = on_manual_clock().0.token("needed-elsewhere").build().await.unwrap();
    let site = Site::of(&scheduler).await;
    for start in [true, false] {
        let answer = site.get("/scheduler/healthz").await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (200, r#"{"status":"ok"}"#));
        // Without a token, both.
        assert_eq!(site.get("/scheduler/readyz").await.status, 503);
        if start {
            scheduler.start().await.unwrap();
            assert_eq!(site.get("/scheduler/readyz").await.body, r#"{"status":"ready"}"#);
            scheduler.stop().await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_scheduler_is_not_ready_before_it_starts_and_after_it_stops() {
    let scheduler = on_manual_clock().0.build().await.unwrap();
    let site = Site::of(&scheduler).await;
    let before = site.get("/scheduler/readyz").await;
    assert_eq!(before.status, 503);
    assert!(before.json()["detail"].as_str().unwrap().contains("is not running"), "{}", before.body);
    scheduler.start().await.unwrap();
    assert_eq!(site.get("/scheduler/readyz").await.status, 200);
    scheduler.stop().await.unwrap();
    assert_eq!(site.get("/scheduler/readyz").await.status, 503);
}

#[tokio::test]
async fn a_scheduler_whose_store_fails_is_not_ready_and_says_why() {
    let store = Faulty::default();
    let scheduler = on_manual_clock().0.storage(store.clone()).build().await.unwrap();
    scheduler.start().await.unwrap();
    let site = Site::of(&scheduler).await;
    assert_eq!(site.get("/scheduler/readyz").await.status, 200);
    store.breaks(&[Action::Check]);
    let answer = site.get("/scheduler/readyz").await;
    assert_eq!(answer.status, 503);
    assert!(answer.json()["detail"].as_str().unwrap().contains("the disk is on fire"), "{}", answer.body);
    assert_eq!(site.get("/scheduler/healthz").await.status, 200, "the process is still alive");
    store.is_mended();
    assert_eq!(site.get("/scheduler/readyz").await.status, 200);
}

#[tokio::test]
async fn a_store_in_files_is_ready_until_it_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let store = JsonStorage::open(folder.path().join("jobs.json")).unwrap();
    store.check().await.unwrap();
    store.close().await.unwrap();
    assert!(store.check().await.is_err());
}

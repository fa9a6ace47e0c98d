//! What a browser gets, and the server that a scheduler has of its own.

use fastscheduler::SchedulerError;
use fastscheduler_tests::http::Server;
use fastscheduler_tests::on_manual_clock;
use serde_json::json;

#[test]
fn the_page_is_served_with_its_files_and_nothing_inline() {
    let server = Server::start();
    let page = server.get("");
    assert_eq!(page.status, 200);
    assert!(page.headers["content-type"].to_str().unwrap().starts_with("text/html"));
    for inline in ["<style", "style=", "onclick", "onload", "<script>"] {
        assert!(!page.text.contains(inline), "{inline}");
    }
    for file in ["page.js", "page.css"] {
        assert!(page.text.contains(&format!("\"scheduler/assets/{file}\"")), "{file}");
        let asset = server.get(&format!("/assets/{file}"));
        assert_eq!(asset.status, 200, "{file}");
        let known =
            server.request("GET", &format!("/assets/{file}")).header("if-none-match", &asset.headers["etag"]);
        let again = server.send(known, ());
        assert_eq!((again.status, again.text.as_str()), (304, ""), "{file}");
    }
    server.get("/assets/nothing.js").detail(404);
    server.act("").detail(405);
}

#[test]
fn the_document_lists_every_endpoint_under_the_prefix() {
    let server = Server::start();
    let document = server.get("/api/openapi.json").with(200);
    assert_eq!(document["openapi"], "3.1.0");
    assert_eq!(document["servers"], json!([{"url": "/scheduler"}]));
    let paths = document["paths"].as_object().unwrap();
    let operations: usize = paths.values().map(|path| path.as_object().unwrap().len()).sum();
    assert!(operations >= 29, "{operations}");
    for (path, method) in [
        ("/api/jobs", "get"),
        ("/api/jobs", "post"),
        ("/api/jobs/{job_id}", "put"),
        ("/api/jobs/{job_id}/run", "post"),
        ("/api/groups/{group}", "delete"),
        ("/api/history", "get"),
        ("/api/runs/{run_id}/cancel", "post"),
        ("/api/dead-letters/{run_id}/retry", "post"),
        ("/api/schedules/preview", "post"),
        ("/api/functions", "get"),
        ("/api/instances", "get"),
    ] {
        assert!(paths.get(path).and_then(|path| path.get(method)).is_some(), "{method} {path}");
    }
    let shown = server.get("/api/docs");
    assert_eq!((shown.status, &shown.headers["location"]), (308, &"docs/".parse().unwrap()));
    let page = server.get("/api/docs/");
    assert!(page.text.contains("swagger-ui"), "{}", page.text);
    assert!(!page.text.contains("http://") && !page.text.contains("https://"), "{}", page.text);
    assert!(server.get("/api/docs/swagger-initializer.js").text.contains("../openapi.json"));
    server.get("/api/docs/nothing").detail(404);
}

#[tokio::test]
async fn a_scheduler_serves_from_its_start_to_its_stop() {
    let scheduler = on_manual_clock().0.http("127.0.0.1:0").build().await.unwrap();
    assert_eq!(scheduler.http_address(), None);
    scheduler.start().await.unwrap();
    let address = scheduler.http_address().unwrap();
    let ask = |path: &'static str| {
        let url = format!("http://{address}{path}");
        tokio::task::spawn_blocking(move || {
            let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
            agent.get(url).call().map(|answer| answer.status().as_u16())
        })
    };
    assert_eq!(ask("/scheduler/api/status").await.unwrap().unwrap(), 200);
    // By way of a redirect, and of two.
    assert_eq!(ask("/scheduler").await.unwrap().unwrap(), 200);
    assert_eq!(ask("/").await.unwrap().unwrap(), 200);
    assert_eq!(ask("/nothing").await.unwrap().unwrap(), 404);

    let taken = on_manual_clock().0.http(address.to_string()).build().await.unwrap();
    let refused = taken.start().await.unwrap_err();
    assert!(matches!(refused, SchedulerError::Listen { .. }), "{refused}");
    assert_eq!(refused.to_string(), format!("cannot listen at `{address}`"));

    scheduler.stop().await.unwrap();
    assert!(ask("/scheduler/api/status").await.unwrap().is_err());
    // It can be started now that the address is free.
    taken.start().await.unwrap();
    taken.stop().await.unwrap();
}

#[tokio::test]
async fn an_address_that_others_reach_is_refused() {
    for address in ["0.0.0.0:0", "[::]:0", "192.0.2.1:80"] {
        let scheduler = on_manual_clock().0.http(address).build().await.unwrap();
        let refused = scheduler.start().await.unwrap_err();
        assert!(refused.to_string().starts_with(&format!("`http` is `{address}`")), "{refused}");
    }
}

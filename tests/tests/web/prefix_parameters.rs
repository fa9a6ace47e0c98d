//! A prefix with parameters: paths of the scheduler's own routes are read by the
//! names of their own parameters.

use axum::Router;
use fastscheduler::prelude::*;
use fastscheduler_tests::on_manual_clock;
use fastscheduler_tests::site::Site;

/// Nests a router at a prefix, in one of the ways that axum has.
type Nesting = fn(Router) -> Router;

/// Ways to nest, each with a prefix that a client uses.
const NESTINGS: [(&str, Nesting, &str); 8] = [
    ("as a router", |router| Router::new().nest("/deep/{tenant}/jobs", router), "/deep/acme/jobs"),
    ("as a service", |router| Router::new().nest_service("/deep/{tenant}/jobs", router), "/deep/acme/jobs"),
    (
        "twice",
        |router| Router::new().nest("/in/{country}", Router::new().nest("/of/{tenant}", router)),
        "/in/de/of/acme",
    ),
    (
        "a service in a service",
        |router| Router::new().nest_service("/{country}", Router::new().nest_service("/of/{tenant}", router)),
        "/de/of/acme",
    ),
    (
        "a service in a router",
        |router| Router::new().nest("/in/{country}", Router::new().nest_service("/of/{tenant}", router)),
        "/in/de/of/acme",
    ),
    (
        "in an application with a fallback of its own",
        |router| Router::new().nest("/deep/{tenant}/jobs", router).fallback(async || "the user's own"),
        "/deep/acme/jobs",
    ),
    (
        "with parameters of the same names",
        |router| Router::new().nest("/at/{job_id}/{run_id}/{group}/{file}", router),
        "/at/job_9/9/other/page.css",
    ),
    (
        "as a service with parameters of the same names",
        |router| Router::new().nest_service("/at/{job_id}/{run_id}/{group}/{file}", router),
        "/at/job_9/9/other/page.css",
    ),
];

#[tokio::test]
async fn every_route_works_below_a_prefix_with_parameters() {
    for (how, nest, prefix) in NESTINGS {
        let (builder, _clock) = on_manual_clock();
        let scheduler = builder.build().await.unwrap();
        scheduler.start().await.unwrap();
        scheduler.add(every(1).hours().group("a b/c").call("quick")).await.unwrap();
        let site = Site::serve(nest(fastscheduler::web::router(&scheduler))).await;
        let ask = async |method: &str, path: &str| {
            let path = format!("{prefix}{path}");
            let answer = site.ask(method, &path, &[("content-type", "application/json")], "{}").await;
            (answer.status.as_u16(), answer)
        };
        let (status, started) = ask("POST", "/api/jobs/job_0/run").await;
        assert_eq!(status, 200, "{how}");
        let run = started.json()["run_id"].as_str().unwrap().to_owned();
        for (method, path, expected, part) in [
            ("GET", "/api/jobs/job_0", 200, "\"job_id\":\"job_0\""),
            ("GET", "/api/jobs/job_0/upcoming?n=2", 200, "T01:00:00Z"),
            ("GET", "/api/jobs/job_0/runs", 200, &*run),
            ("GET", &format!("/api/runs/{run}"), 200, &run),
            ("POST", "/api/jobs/job_0/pause", 200, "Job job_0 paused"),
            ("POST", "/api/jobs/job_0/resume", 200, "Job job_0 resumed"),
            ("POST", "/api/jobs/job_0/disable", 200, "Job job_0 disabled"),
            ("POST", "/api/jobs/job_0/enable", 200, "Job job_0 enabled"),
            ("PUT", "/api/jobs/job_0", 400, "name at least one"),
            ("GET", "/api/groups/a%20b%2Fc/jobs", 200, "\"job_id\":\"job_0\""),
            ("POST", "/api/groups/a%20b%2Fc/pause", 200, "Paused 1 job(s) in group: a b/c"),
            ("POST", "/api/groups/a%20b%2Fc/resume", 200, "Resumed 1 job(s) in group: a b/c"),
            ("POST", "/api/runs/99/cancel", 404, "Run 99 not found"),
            ("POST", "/api/dead-letters/99/retry", 404, "Run 99 not found"),
            ("DELETE", "/api/dead-letters/99", 404, "Run 99 not found"),
            ("GET", "/api/jobs/job_7", 404, "Job job_7 not found"),
            ("GET", "/assets/page.js", 200, "use strict"),
            ("GET", "/assets/nothing.js", 404, "there is no file `nothing.js`"),
            ("GET", "/api/docs/", 200, "swagger-ui"),
            ("GET", "/api/docs/swagger-initializer.js", 200, "../openapi.json"),
            ("GET", "/api/docs/nothing.js", 404, "there is no file `nothing.js`"),
            ("GET", "/api/jobs/%ff", 400, "the path is not UTF-8"),
            ("GET", "/assets/%ff", 400, "the path is not UTF-8"),
            ("GET", "/api/docs/%ff", 400, "the path is not UTF-8"),
            ("POST", "/api/jobs/job_0/cancel", 200, "Job job_0 cancelled"),
            ("DELETE", "/api/jobs/job_0", 404, "Job job_0 not found"),
            ("DELETE", "/api/groups/a%20b%2Fc", 200, "Cancelled 0 job(s) in group: a b/c"),
        ] {
            let (status, answer) = ask(method, path).await;
            assert_eq!(status, expected, "{how}: {method} {path}: {}", answer.body);
            assert!(answer.body.contains(part), "{how}: {method} {path}: {}", answer.body);
            assert!(!answer.header("content-type").starts_with("text/plain"), "{how}: {method} {path}");
        }
        scheduler.stop().await.unwrap();
    }
}

//! The prefix that an application nests the scheduler at, with and without a
//! slash.

use axum::Router;
use axum::routing::get;
use fastscheduler_tests::on_manual_clock;
use fastscheduler_tests::site::{Answer, Site};

const TOKEN: &str = "correct-horse";
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
const BROWSER: (&str, &str) = ("accept", "text/html");

/// Nests a router at a prefix, in one of the ways that axum has.
type Nesting = fn(Router) -> Router;

/// Ways to nest, each with the addresses at which the page is.
fn nestings() -> [(&'static str, Nesting, &'static [&'static str]); 8] {
    [
        (
            "as a service",
            |router| Router::new().nest_service("/scheduler", router),
            &["/scheduler", "/scheduler/", "/scheduler?a=b", "/scheduler/?a=b"],
        ),
        (
            "deep down",
            |router| Router::new().nest_service("/admin/jobs", router),
            &["/admin/jobs", "/admin/jobs/"],
        ),
        (
            "a service in a nested router",
            |router| Router::new().nest("/admin", Router::new().nest_service("/jobs", router)),
            &["/admin/jobs", "/admin/jobs/"],
        ),
        (
            "a service in a service",
            |router| Router::new().nest_service("/admin", Router::new().nest_service("/jobs", router)),
            &["/admin/jobs", "/admin/jobs/"],
        ),
        (
            "in an application with a fallback of its own",
            |router| Router::new().nest_service("/scheduler", router).fallback(async || "the user's own"),
            &["/scheduler", "/scheduler/"],
        ),
        (
            "below a parameter",
            |router| Router::new().nest_service("/deep/{tenant}/jobs", router),
            &["/deep/acme/jobs", "/deep/acme/jobs/"],
        ),
        (
            "at a parameter",
            |router| Router::new().nest_service("/deep/{tenant}", router),
            &["/deep/acme", "/deep/acme/"],
        ),
        // axum keeps `/scheduler/` from a router that is nested like this.
        ("as a router", |router| Router::new().nest("/scheduler", router), &["/scheduler"]),
    ]
}

#[tokio::test]
async fn the_page_and_all_it_refers_to_are_there_with_a_slash_and_without() {
    for (how, nest, addresses) in nestings() {
        let scheduler = on_manual_clock().0.build().await.unwrap();
        let site = Site::serve(nest(fastscheduler::web::router(&scheduler))).await;
        for address in addresses {
            let (url, page) = open(&site, address, &[]).await;
            assert_eq!(page.status, 200, "{how}: {address}");
            let references = references(&page.body);
            assert!(references.len() >= 4, "{how}: {address}: {references:?}");
            for reference in references {
                let (_, answer) = open(&site, &resolved(&url, reference), &[]).await;
                assert_eq!(answer.status, 200, "{how}: {address}: {reference}");
            }
            // Where the script of the page asks for what it shows.
            let base = page.body.split('"').find_map(|text| text.strip_suffix("assets/page.js")).unwrap();
            let jobs = open(&site, &resolved(&url, &format!("{base}api/jobs")), &[]).await.1;
            assert_eq!(jobs.json()["total"], 0, "{how}: {address}");
        }
    }
}

#[tokio::test]
async fn a_browser_logs_in_and_out_with_a_slash_and_without() {
    for (how, nest, addresses) in nestings() {
        let scheduler = on_manual_clock().0.token(TOKEN).build().await.unwrap();
        let site = Site::serve(nest(fastscheduler::web::router(&scheduler))).await;
        for address in addresses {
            let (url, login) = open(&site, address, &[BROWSER]).await;
            assert_eq!(login.status, 200, "{how}: {address}");
            assert!(login.body.contains("name=\"token\""), "{how}: {address}: {}", login.body);
            let action = references(&login.body).into_iter().find(|reference| *reference == "login").unwrap();
            let url = resolved(&url, action);
            let answer = site.ask("POST", &url, &[FORM], &format!("token={TOKEN}")).await;
            assert_eq!(answer.status, 303, "{how}: {address}");
            assert!(!answer.header("set-cookie").contains("Path"), "{how}: {address}: {answer:?}");
            let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
            let session = [BROWSER, ("cookie", &*cookie)];

            let (url, page) = open(&site, &resolved(&url, answer.header("location")), &session).await;
            assert!(page.status == 200 && page.body.contains("page.js"), "{how}: {address}: {page:?}");
            for address in addresses {
                assert!(open(&site, address, &session).await.1.body.contains("page.js"), "{how}: {address}");
            }
            let logout =
                references(&page.body).into_iter().find(|reference| reference.ends_with("logout")).unwrap();
            let url = resolved(&url, logout);
            let answer = site.ask("POST", &url, &[FORM, ("cookie", &cookie)], "").await;
            let (_, login) = open(&site, &resolved(&url, answer.header("location")), &session).await;
            assert!(login.body.contains("name=\"token\""), "{how}: {address}: {login:?}");
        }
    }
}

#[tokio::test]
async fn what_is_outside_the_prefix_is_the_applications_own() {
    let scheduler = on_manual_clock().0.token(TOKEN).build().await.unwrap();
    let application = Router::new()
        .route("/", get(async || "home"))
        .nest_service("/scheduler", fastscheduler::web::router(&scheduler))
        .fallback(async || "the user's own");
    let site = Site::serve(application).await;
    assert_eq!(site.get("/").await.body, "home");
    for path in ["/nothing", "/schedulers", "/scheduler2/", "/api/jobs", "/assets/page.js", "//scheduler"] {
        let answer = site.get(path).await;
        assert_eq!((answer.status.as_u16(), &*answer.body), (200, "the user's own"), "{path}");
        assert_eq!(answer.header("x-frame-options"), "", "{path}");
    }
    // Within it, an unknown path is a sentence, for those who may ask.
    let authorization = format!("Bearer {TOKEN}");
    let answer = site.ask("GET", "/scheduler/nothing", &[("authorization", &authorization)], "").await;
    assert_eq!(answer.status, 404);
    assert!(answer.json()["detail"].is_string());
}

#[tokio::test]
async fn a_doubled_slash_is_another_path() {
    for (how, nest, addresses) in nestings() {
        let scheduler = on_manual_clock().0.build().await.unwrap();
        let site = Site::serve(nest(fastscheduler::web::router(&scheduler))).await;
        let prefix = addresses[0];
        for path in ["//", "///", "//healthz", "//api/jobs", "///api/jobs", "/api//jobs", "/assets//page.js"]
        {
            let answer = site.get(&format!("{prefix}{path}")).await;
            assert_eq!(answer.status, 404, "{how}: {path}: {}", answer.body);
        }
        assert_eq!(site.get(&format!("{prefix}/api/jobs?q=//")).await.status, 200, "{how}: no path");
    }
}

/// What is at an address, and where that is when all redirects are followed.
pub(super) async fn open(site: &Site, address: &str, headers: &[(&str, &str)]) -> (String, Answer) {
    let mut url = address.to_owned();
    for _ in 0..5 {
        let answer = site.ask("GET", &url, headers, "").await;
        if !answer.status.is_redirection() {
            return (url, answer);
        }
        url = resolved(&url, answer.header("location"));
    }
    panic!("{address} is redirected too often");
}

/// What a browser makes of an address in a page at that path.
pub(super) fn resolved(base: &str, reference: &str) -> String {
    if reference.starts_with('/') {
        return reference.to_owned();
    }
    let path = base.split('?').next().unwrap();
    let mut segments: Vec<&str> = path.split('/').collect();
    segments.pop();
    for segment in reference.split('/') {
        match segment {
            ".." => drop(segments.pop()),
            "." => {}
            name => segments.push(name),
        }
    }
    segments.join("/")
}

/// The addresses in a page that are not its own data.
pub(super) fn references(page: &str) -> Vec<&str> {
    let attributes = ["href=\"", "src=\"", "action=\""];
    let values = attributes.iter().flat_map(|name| page.split(name).skip(1));
    values.map(|rest| rest.split('"').next().unwrap()).filter(|value| !value.starts_with("data:")).collect()
}

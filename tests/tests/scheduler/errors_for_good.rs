//! Errors that no retry can mend: `retry_if`, and `Permanent` wherever it stands.

use std::error::Error;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use fastscheduler::prelude::*;
use fastscheduler::testing;
use fastscheduler::{NewJob, RunStatus};
use fastscheduler_tests::{advance, runs, started};

#[derive(Debug, thiserror::Error)]
enum ImportError {
    #[error("the server is busy")]
    Busy,
    #[error("the file is wrong")]
    Wrong(#[source] std::num::ParseIntError),
}

impl ImportError {
    fn is_transient(&self) -> bool {
        matches!(self, Self::Busy)
    }

    fn wrong() -> Self {
        Self::Wrong("x".parse::<u8>().unwrap_err())
    }

    /// The error of that name.
    fn named(name: &str) -> Self {
        if name == "busy" { Self::Busy } else { Self::wrong() }
    }
}

const WRONG: &str = "the file is wrong: invalid digit found in string";

type Boxed = Box<dyn Error + Send + Sync>;

/// What attributes with `retry_if` accept.
mod functions {
    use super::*;

    /// Only displayed.
    pub(super) struct Shown(pub(super) bool);

    impl std::fmt::Display for Shown {
        fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
            f.write_str(if self.0 { "the server is busy" } else { WRONG })
        }
    }

    fn is_busy(error: &anyhow::Error) -> bool {
        error.downcast_ref().is_some_and(ImportError::is_transient)
    }

    fn is_busy_inside(error: &Boxed) -> bool {
        error.downcast_ref().is_some_and(ImportError::is_transient)
    }

    fn says_busy(text: &str) -> bool {
        text.ends_with("busy")
    }

    fn can_be_mended(shown: &Shown) -> bool {
        shown.0
    }

    fn panics(_: &ImportError) -> bool {
        panic!("cannot tell")
    }

    #[job(retry_if = ImportError::is_transient)]
    async fn own_error(error: String) -> Result<(), ImportError> {
        Err(ImportError::named(&error))
    }

    #[job(retry_if = ImportError::is_transient)]
    fn own_error_blocking(error: String) -> Result<(), ImportError> {
        Err(ImportError::named(&error))
    }

    #[job(retry_if = is_busy)]
    async fn any_error(error: String) -> anyhow::Result<()> {
        Err(ImportError::named(&error))?
    }

    #[job(retry_if = is_busy_inside)]
    fn boxed_error(error: String) -> Result<(), Boxed> {
        Err(ImportError::named(&error).into())
    }

    #[job(retry_if = self::says_busy)]
    async fn text(error: String) -> Result<(), String> {
        Err(if error == "busy" { "the server is busy" } else { WRONG }.to_owned())
    }

    #[job(retry_if = can_be_mended)]
    async fn displayed(error: String) -> Result<(), Shown> {
        Err(Shown(error == "busy"))
    }

    #[job(retry_if = panics)]
    async fn undecided(error: String) -> Result<(), ImportError> {
        Err(ImportError::named(&error))
    }

    #[job(retry_if = panics)]
    fn undecided_blocking(error: String) -> Result<(), ImportError> {
        Err(ImportError::named(&error))
    }

    #[job(retry_if = ImportError::is_transient)]
    async fn panics_itself() -> Result<(), ImportError> {
        panic!("no")
    }

    #[job(retry_if = ImportError::is_transient)]
    async fn takes_long() -> Result<(), ImportError> {
        std::future::pending().await
    }

    #[job(retry_if = ImportError::is_transient)]
    async fn succeeds() -> Result<u8, ImportError> {
        Ok(7)
    }

    /// Siblings that cannot see each other: either may say it.
    mod out_of_sight {
        use fastscheduler::job as first;
        use fastscheduler::job as second;

        use super::ImportError;

        #[first(retry_if = ImportError::is_transient)]
        #[second]
        async fn said_above(error: String) -> Result<(), ImportError> {
            Err(ImportError::named(&error))
        }

        #[first]
        #[second(retry_if = ImportError::is_transient)]
        async fn said_below(error: String) -> Result<(), ImportError> {
            Err(ImportError::named(&error))
        }

        #[first(retry_if = ImportError::is_transient)]
        #[second(retry_if = ImportError::is_transient)]
        fn said_twice(error: String) -> Result<(), ImportError> {
            Err(ImportError::named(&error))
        }
    }
}

/// The errors of a job's attempts, with one retry.
async fn errors(job: impl Into<NewJob>) -> Vec<String> {
    let (scheduler, clock) = started().await;
    scheduler.add(job).await.unwrap();
    advance(&scheduler, &clock, 60).await;
    let runs = runs(&scheduler).await;
    assert!(runs.iter().all(|run| run.status == RunStatus::Failed), "{runs:?}");
    assert_eq!(scheduler.dead_letters(10).await.unwrap().len(), 1);
    runs.into_iter().map(|run| run.error.unwrap()).collect()
}

fn retried(error: &str) -> Vec<String> {
    vec![error.to_owned(); 2]
}

#[tokio::test]
async fn the_function_that_retry_if_names_decides_whether_an_error_is_retried() {
    for function in [
        "own_error",
        "own_error_blocking",
        "any_error",
        "boxed_error",
        "text",
        "displayed",
        "said_above",
        "said_below",
        "said_twice",
    ] {
        let job = |error| once(1).retries(1).call(function).args([error]);
        assert_eq!(errors(job("busy")).await, retried("the server is busy"), "{function}");
        assert_eq!(errors(job("wrong")).await, [WRONG], "{function}");
    }
}

#[tokio::test]
async fn what_is_no_error_of_the_function_is_retried_whatever_retry_if_says() {
    let job = |function: &str| once(1).retries(1).timeout(5).call(function);
    for function in ["undecided", "undecided_blocking"] {
        assert_eq!(
            errors(job(function).args(["wrong"])).await,
            retried("panicked: cannot tell"),
            "{function}"
        );
    }
    assert_eq!(errors(job("panics_itself")).await, retried("panicked: no"));
    let (scheduler, clock) = started().await;
    scheduler.add(job("takes_long")).await.unwrap();
    for seconds in [1, 2] {
        clock.advance(Duration::from_secs(seconds));
        while scheduler.running().is_empty() {
            tokio::task::yield_now().await;
        }
        clock.advance(Duration::from_secs(5));
        testing::quiet(&scheduler).await.unwrap();
    }
    let errors: Vec<_> = runs(&scheduler).await.into_iter().map(|run| run.error.unwrap()).collect();
    assert_eq!(errors, retried("timed out after 5s"));
    scheduler.add(job("undecided").args(["wrong"])).await.unwrap();
    scheduler.add(once(30).call("succeeds")).await.unwrap();
    advance(&scheduler, &clock, 60).await;
    let last = runs(&scheduler).await.pop().unwrap();
    assert_eq!((last.function.name(), last.result.as_deref()), ("succeeds", Some("7")), "no worker died");
}

#[tokio::test]
async fn a_dead_letter_that_is_retried_asks_the_function_again() {
    let (scheduler, clock) = started().await;
    scheduler.add(once(1).retries(1).call("own_error").args(["wrong"])).await.unwrap();
    advance(&scheduler, &clock, 10).await;
    let letter = scheduler.dead_letters(1).await.unwrap().remove(0);
    scheduler.retry_dead_letter(letter.run.run_id).await.unwrap();
    advance(&scheduler, &clock, 60).await;
    let errors: Vec<_> = runs(&scheduler).await.into_iter().map(|run| run.error.unwrap()).collect();
    assert_eq!(errors, [WRONG; 2]);
}

#[tokio::test]
async fn the_predicate_of_a_closure_sees_its_error_whatever_the_closure_returns() {
    let busy = || ImportError::Busy;
    let wrong = ImportError::wrong;
    let soon = || once(1).retries(1);
    let any = |error: &anyhow::Error| error.downcast_ref().is_some_and(ImportError::is_transient);
    let boxed = |error: &Boxed| error.downcast_ref().is_some_and(ImportError::is_transient);
    let inner = |_: &std::num::ParseIntError| false;
    let context = |context: &Context| context.0 == "busy";
    let texts = |text: &&'static str| text.ends_with("busy");
    // What fails for good beside what does not, by each pair of closure and predicate.
    let cases: Vec<(&str, NewJob, NewJob)> = vec![
        (
            "run, its own type",
            soon()
                .run("a", async move || Err::<(), _>(busy().into()))
                .retry_if(ImportError::is_transient)
                .into(),
            soon()
                .run("a", async move || Err::<(), _>(wrong().into()))
                .retry_if(ImportError::is_transient)
                .into(),
        ),
        (
            "run, the whole error",
            soon().run("a", async move || Err::<(), _>(busy().into())).retry_if(any).into(),
            soon().run("a", async move || Err::<(), _>(wrong().into())).retry_if(any).into(),
        ),
        (
            "before `run`, the cause of an error",
            soon().retry_if(inner).run("a", async move || Err::<(), _>(busy().into())).into(),
            soon().retry_if(inner).run("a", async move || Err::<(), _>(wrong().into())).into(),
        ),
        (
            "run, under a context",
            soon()
                .retry_if(ImportError::is_transient)
                .run("a", async move || Err::<(), _>(anyhow::Error::new(busy()).context("import")))
                .into(),
            soon()
                .retry_if(ImportError::is_transient)
                .run("a", async move || Err::<(), _>(anyhow::Error::new(wrong()).context("import")))
                .into(),
        ),
        (
            "run, the context itself",
            soon()
                .retry_if(context)
                .run("a", async move || Err::<(), _>(anyhow::Error::new(busy()).context(Context("busy"))))
                .into(),
            soon()
                .retry_if(context)
                .run("a", async move || Err::<(), _>(anyhow::Error::new(busy()).context(Context("wrong"))))
                .into(),
        ),
        (
            "run_blocking",
            soon()
                .run_blocking("a", move || Err::<(), _>(busy().into()))
                .retry_if(ImportError::is_transient)
                .into(),
            soon()
                .run_blocking("a", move || Err::<(), _>(wrong().into()))
                .retry_if(ImportError::is_transient)
                .into(),
        ),
        (
            "try_run, its own type",
            soon()
                .try_run("a", async move || Err::<(), _>(busy()))
                .retry_if(ImportError::is_transient)
                .into(),
            soon()
                .try_run("a", async move || Err::<(), _>(wrong()))
                .retry_if(ImportError::is_transient)
                .into(),
        ),
        (
            "try_run, as an anyhow::Error",
            soon().try_run("a", async move || Err::<(), _>(busy())).retry_if(any).into(),
            soon().try_run("a", async move || Err::<(), _>(wrong())).retry_if(any).into(),
        ),
        (
            "try_run, a box",
            soon().retry_if(boxed).try_run("a", async move || Err::<(), Boxed>(busy().into())).into(),
            soon().retry_if(boxed).try_run("a", async move || Err::<(), Boxed>(wrong().into())).into(),
        ),
        (
            "try_run, what is in a box",
            soon()
                .retry_if(ImportError::is_transient)
                .try_run("a", async move || Err::<(), Boxed>(busy().into()))
                .into(),
            soon()
                .retry_if(ImportError::is_transient)
                .try_run("a", async move || Err::<(), Boxed>(wrong().into()))
                .into(),
        ),
        (
            "try_run_blocking",
            soon()
                .try_run_blocking("a", move || Err::<(), _>(busy()))
                .retry_if(ImportError::is_transient)
                .into(),
            soon()
                .try_run_blocking("a", move || Err::<(), _>(wrong()))
                .retry_if(ImportError::is_transient)
                .into(),
        ),
        (
            "a text",
            soon().try_run("a", async || Err::<(), _>("the server is busy")).retry_if(texts).into(),
            soon().try_run("a", async || Err::<(), _>("wrong")).retry_if(texts).into(),
        ),
        (
            "an error of another type is retried as usual",
            soon().try_run("a", async move || Err::<(), _>(busy())).retry_if(|_: &io::Error| false).into(),
            soon()
                .try_run("a", async || Err::<(), _>(io::Error::other("x")))
                .retry_if(|_: &io::Error| false)
                .into(),
        ),
    ];
    for (case, mendable, for_good) in cases {
        let errors = [errors(mendable).await, errors(for_good).await];
        assert_eq!(errors.each_ref().map(Vec::len), [2, 1], "{case}: {errors:?}");
    }
}

/// A context that is an error as well.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Context(&'static str);

#[tokio::test]
async fn a_predicate_that_panics_fails_its_attempt_which_is_retried() {
    let soon = || once(1).retries(1).retry_if(|_: &anyhow::Error| panic!("cannot tell"));
    let fails = || Err::<(), _>(ImportError::Busy.into());
    assert_eq!(errors(soon().run("a", async move || fails())).await, retried("panicked: cannot tell"));
    assert_eq!(errors(soon().run_blocking("a", fails)).await, retried("panicked: cannot tell"));
}

#[tokio::test]
async fn retry_if_for_a_registered_function_is_refused_since_that_says_it_itself() {
    let (scheduler, _clock) = started().await;
    let before = once(1).retry_if(|_: &ImportError| true).call("own_error").args(["busy"]);
    let after = once(1).call("own_error").args(["busy"]).retry_if(|_: &ImportError| true);
    for job in [before, after] {
        let error = scheduler.add(job).await.unwrap_err().to_string();
        assert_eq!(
            error,
            "`.retry_if(..)` is for closures of the job's own, and \
             `scheduler::errors_for_good::functions::own_error` is a registered function; \
             write `retry_if = path` on its attribute, or return a `Permanent`"
        );
    }
    assert!(scheduler.jobs().await.unwrap().is_empty());
}

#[derive(Debug, thiserror::Error)]
enum Wrapped {
    #[error(transparent)]
    Transparent(#[from] Permanent),
    #[error(transparent)]
    Anyhow(#[from] anyhow::Error),
    #[error(transparent)]
    Twice(Box<Wrapped>),
    #[error("around it")]
    Around(#[source] Permanent),
    #[error("around a transparent one")]
    AroundTransparent(#[source] Box<Wrapped>),
    #[error("beside one that is not in the chain")]
    Beside(Permanent),
}

/// A place for `Permanent` in an error, and what the record says of it; `None`
/// is a place that is not seen.
type Place = (&'static str, fn(Permanent) -> anyhow::Error, Option<&'static str>);

#[tokio::test]
async fn permanent_is_seen_wherever_it_stands_in_the_chain() {
    let root = || Permanent::new(anyhow::anyhow!("gone"));
    let caused = || Permanent::new(ImportError::wrong());
    let cases: Vec<Place> = vec![
        ("itself", anyhow::Error::new, Some("{}")),
        ("into", |error| error.into(), Some("{}")),
        ("under a context", |error| anyhow::Error::from(error).context("import"), Some("import: {}")),
        ("as a source", |error| Wrapped::Around(error).into(), Some("around it: {}")),
        ("transparent", |error| Wrapped::from(error).into(), Some("{}")),
        ("transparent twice", |error| Wrapped::Twice(Box::new(error.into())).into(), Some("{}")),
        ("in anyhow, transparent", |error| Wrapped::from(anyhow::Error::from(error)).into(), Some("{}")),
        (
            "in anyhow under a context, transparent",
            |error| Wrapped::from(anyhow::Error::from(error).context("import")).into(),
            Some("import: {}"),
        ),
        (
            "transparent, as a source",
            |error| Wrapped::AroundTransparent(Box::new(error.into())).into(),
            Some("around a transparent one: {}"),
        ),
        (
            "transparent, under a context",
            |error| anyhow::Error::from(Wrapped::from(error)).context("import"),
            Some("import: {}"),
        ),
        ("in a box", |error| anyhow::Error::new(Box::new(error)), Some("{}")),
        ("in an arc", |error| anyhow::Error::new(Arc::new(error)), Some("{}")),
        ("in another", |error| Permanent::new(error).into(), Some("{}")),
        ("not in the chain", |error| Wrapped::Beside(error).into(), None),
    ];
    for (case, wrap, expected) in cases {
        for (inner, text) in [(root as fn() -> Permanent, "gone"), (caused, WRONG)] {
            let job = once(1).retries(1).run("a", async move || Err::<(), _>(wrap(inner())));
            let expected = match expected {
                Some(expected) => vec![expected.replace("{}", text)],
                None => retried("beside one that is not in the chain"),
            };
            assert_eq!(errors(job).await, expected, "{case}, {text}");
            // What a user prints of it is not touched.
            let printed = format!("{:#}", wrap(inner()));
            assert!(expected.last().unwrap().ends_with(&printed), "{case}: {printed}");
        }
    }
}

#[job]
fn boxed_permanent() -> Result<(), Box<dyn Error>> {
    Err(Wrapped::from(Permanent::new(ImportError::wrong())).into())
}

#[job]
async fn own_permanent() -> Result<(), Wrapped> {
    Err(Permanent::new(ImportError::wrong()).into())
}

#[job]
async fn own_permanent_in_a_box() -> Result<(), Box<Wrapped>> {
    Err(Box::new(Permanent::new(ImportError::wrong()).into()))
}

#[tokio::test]
async fn permanent_is_seen_in_whatever_a_function_or_closure_returns() {
    let wrapped = || Wrapped::from(Permanent::new(ImportError::wrong()));
    let soon = || once(1).retries(1);
    let jobs: Vec<NewJob> = vec![
        soon().call("boxed_permanent").into(),
        soon().call("own_permanent").into(),
        soon().call("own_permanent_in_a_box").into(),
        soon().run("a", async move || Err::<(), _>(wrapped().into())).into(),
        soon().run_blocking("a", move || Err::<(), _>(wrapped().into())).into(),
        soon().try_run("a", async move || Err::<(), _>(wrapped())).into(),
        soon().try_run("a", async move || Err::<(), Boxed>(wrapped().into())).into(),
        soon().try_run_blocking("a", move || Err::<(), Box<dyn Error>>(wrapped().into())).into(),
    ];
    for job in jobs {
        let case = format!("{job:?}");
        assert_eq!(errors(job).await, [WRONG], "{case}");
    }
}

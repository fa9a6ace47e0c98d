//! What happened, in the form that monitors read: `OpenMetrics`.

use std::fmt;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, MetricEncoder, NoLabelSet, text};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::{Registry, Unit};
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use super::error::{self, ApiError, ErrorBody};
use super::state::WebState;
use crate::engine::{Durations, Metrics};
use crate::job::Statistics;

/// The form, by its name.
const OPEN_METRICS: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

pub(super) fn routes() -> OpenApiRouter<WebState> {
    OpenApiRouter::new().routes(routes!(show))
}

/// What happened since the process began, for monitors.
///
/// Runs and lateness are given by `function`, and those of repeating jobs also by
/// `job_name`. Functions beyond a number are counted in `function="(other)"`, names
/// beyond a number in `job_name="other",overflow="true"`.
#[utoipa::path(
    get, operation_id = "show_metrics", path = "/metrics", tag = "monitoring",
    responses(
        (status = 200, body = String, content_type = OPEN_METRICS),
        (status = 503, description = "The store cannot be reached.", body = ErrorBody),
    ),
)]
async fn show(State(state): State<WebState>) -> Result<Response, ApiError> {
    let scheduler = &state.scheduler;
    let facts = Facts {
        metrics: scheduler.metrics().await?,
        statistics: scheduler.statistics().await?,
        kept_letters: scheduler.dead_letter_count().await?,
        streams: state.streams.listener_count(),
        is_running: scheduler.is_running(),
    };
    // One registry for each answer: there is nothing to keep from one to the next.
    let mut registry = Registry::with_prefix("fastscheduler");
    registry.register_collector(Box::new(facts));
    let mut answer = String::new();
    text::encode(&mut answer, &registry).map_err(|error| error::failed(&error))?;
    Ok(([(CONTENT_TYPE, OPEN_METRICS)], answer).into_response())
}

/// All that is told.
#[derive(Debug)]
struct Facts {
    metrics: Metrics,
    statistics: Statistics,
    kept_letters: usize,
    streams: usize,
    is_running: bool,
}

impl Collector for Facts {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let mut page = Page(&mut encoder);
        page.build_info()?;
        page.runs(&self.metrics)?;
        page.jobs(&self.metrics)?;
        let Metrics { lateness, store, .. } = &self.metrics;
        page.lengths("lateness", "How long after it was due an attempt began", lateness)?;
        page.lengths("store_change", "How long the store took to make changes", store)?;
        page.skipped(&self.metrics)?;
        page.problems(&self.metrics)?;
        let counters = [
            ("retries", "Attempts that ended and were not the first of their fire", self.metrics.retries),
            ("dead_letters", "Fires that failed for good", self.metrics.dead_letters),
            ("store_failures", "Changes that the store could not make", self.metrics.store_failures),
        ];
        for (name, help, value) in counters {
            page.counter(name, help, value)?;
        }
        let gauges = [
            ("up", "Whether the scheduler was started and not stopped", Some(usize::from(self.is_running))),
            ("jobs", "Jobs there are", Some(self.statistics.active_jobs)),
            ("runs_running", "Attempts that are under way", Some(self.metrics.running)),
            ("runs_claimed", "Attempts that were claimed and have not begun", Some(self.metrics.claimed)),
            ("queue_depth", "Fires that were not claimed, due or to come", self.metrics.queued),
            ("queue_waiting", "Fires that are due and wait for a slot", self.metrics.due),
            ("dead_letters_kept", "Dead letters in the store", Some(self.kept_letters)),
            ("event_listeners", "Those who listen to events in this process", Some(self.metrics.listeners)),
            ("event_streams", "Streams of events that are open", Some(self.streams)),
        ];
        for (name, help, value) in gauges {
            if let Some(value) = value {
                page.gauge(name, help, value)?;
            }
        }
        Ok(())
    }
}

/// A text in the making.
struct Page<'a, 'b>(&'a mut DescriptorEncoder<'b>);

impl Page<'_, '_> {
    fn begin(
        &mut self,
        name: &'static str,
        help: &str,
        kind: MetricType,
    ) -> Result<MetricEncoder<'_>, fmt::Error> {
        self.0.encode_descriptor(name, help, None, kind)
    }

    fn build_info(&mut self) -> fmt::Result {
        let mut info = self.begin("build", "What runs here", MetricType::Info)?;
        info.encode_info(&[("version", env!("CARGO_PKG_VERSION"))])
    }

    fn runs(&mut self, metrics: &Metrics) -> fmt::Result {
        let functions = || {
            let named = metrics.functions.iter().map(|(function, of)| (function.to_string(), of));
            let others = &metrics.other_functions;
            let is_any = others.completed + others.failed > 0 || others.lateness.count() > 0;
            named.chain(is_any.then(|| ("(other)".to_owned(), others)))
        };
        let mut runs = self.begin("runs", "Attempts that ended", MetricType::Counter)?;
        for (function, of) in functions() {
            for (status, count) in [("completed", of.completed), ("failed", of.failed)] {
                let labels = [("function", function.as_str()), ("status", status)];
                runs.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&count, None)?;
            }
        }
        let mut durations = self.0.encode_descriptor(
            "run_duration",
            "How long attempts took",
            Some(&Unit::Seconds),
            MetricType::Histogram,
        )?;
        for (function, of) in functions() {
            let labels = [("function", function.as_str())];
            let mut durations = durations.encode_family(&labels)?;
            lengths(&mut durations, &of.durations)?;
        }
        let mut lateness = self.0.encode_descriptor(
            "run_lateness",
            "How long after it was due an attempt of a function began",
            Some(&Unit::Seconds),
            MetricType::Histogram,
        )?;
        for (function, of) in functions() {
            let labels = [("function", function.as_str())];
            lengths(&mut lateness.encode_family(&labels)?, &of.lateness)?;
        }
        Ok(())
    }

    /// By names of jobs. The label is not `job`, which Prometheus gives to each
    /// target and would rename here.
    fn jobs(&mut self, metrics: &Metrics) -> fmt::Result {
        let jobs = || {
            let named = metrics.jobs.iter().map(|(name, of)| (vec![("job_name", name.as_str())], of));
            // A job may be called `other` too; it has no second label.
            let others = (vec![("job_name", "other"), ("overflow", "true")], &metrics.other_jobs);
            let is_any = others.1.completed + others.1.failed > 0 || others.1.lateness.count() > 0;
            named.chain(is_any.then_some(others))
        };
        let help = "Attempts of repeating jobs that ended";
        let mut runs = self.begin("job_runs", help, MetricType::Counter)?;
        for (labels, of) in jobs() {
            for (status, count) in [("completed", of.completed), ("failed", of.failed)] {
                let labels = [&*labels, &[("status", status)]].concat();
                runs.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&count, None)?;
            }
        }
        let mut lateness = self.0.encode_descriptor(
            "job_lateness",
            "How long after it was due an attempt of a repeating job began",
            Some(&Unit::Seconds),
            MetricType::Histogram,
        )?;
        for (labels, of) in jobs() {
            lengths(&mut lateness.encode_family(&labels)?, &of.lateness)?;
        }
        Ok(())
    }

    fn skipped(&mut self, metrics: &Metrics) -> fmt::Result {
        let mut skipped = self.begin("skipped_fires", "Fires that did not run", MetricType::Counter)?;
        for (reason, count) in &metrics.skipped {
            let labels = [("reason", reason.to_string())];
            skipped.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(count, None)?;
        }
        Ok(())
    }

    fn problems(&mut self, metrics: &Metrics) -> fmt::Result {
        let help = "Problems that have begun, such as the clock having been set back";
        let mut begun = self.begin("problems", help, MetricType::Counter)?;
        for (code, of) in &metrics.problems {
            let labels = [("code", code.as_str())];
            begun.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&of.begun, None)?;
        }
        let mut present =
            self.begin("problems_present", "Problems that are present now", MetricType::Gauge)?;
        for (code, of) in &metrics.problems {
            let labels = [("code", code.as_str())];
            let count = i64::try_from(of.present).unwrap_or(i64::MAX);
            present.encode_family(&labels)?.encode_gauge(&count)?;
        }
        Ok(())
    }

    fn lengths(&mut self, name: &'static str, help: &str, of: &Durations) -> fmt::Result {
        let mut encoder =
            self.0.encode_descriptor(name, help, Some(&Unit::Seconds), MetricType::Histogram)?;
        lengths(&mut encoder, of)
    }

    fn counter(&mut self, name: &'static str, help: &str, value: u64) -> fmt::Result {
        self.begin(name, help, MetricType::Counter)?.encode_counter::<NoLabelSet, _, u64>(&value, None)
    }

    fn gauge(&mut self, name: &'static str, help: &str, value: usize) -> fmt::Result {
        let value = i64::try_from(value).unwrap_or(i64::MAX);
        self.begin(name, help, MetricType::Gauge)?.encode_gauge(&value)
    }
}

fn lengths(encoder: &mut MetricEncoder<'_>, of: &Durations) -> fmt::Result {
    let bound = |bound: std::time::Duration| {
        if bound == std::time::Duration::MAX { f64::INFINITY } else { bound.as_secs_f64() }
    };
    let buckets: Vec<_> = of.counts().map(|(until, count)| (bound(until), count)).collect();
    encoder.encode_histogram::<NoLabelSet>(of.sum().as_secs_f64(), of.count(), &buckets, None)
}

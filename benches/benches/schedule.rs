//! The next fire of a cron schedule, beside croner's own search.

use std::hint::black_box;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::America::New_York;
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use croner::Cron;
use fastscheduler::schedule::{cron, every};

const EXPRESSIONS: [&str; 4] = ["*/5 * * * *", "0 9 * * MON-FRI", "0 0 29 2 *", "0 0 L * *"];

/// Instants all over two years, so that neither side profits from asking twice.
fn instants() -> Vec<DateTime<Utc>> {
    let start = DateTime::UNIX_EPOCH + TimeDelta::days(365 * 56);
    (0..1_024).map(|step| start + TimeDelta::seconds(step * 61_613)).collect()
}

fn next_after(criterion: &mut Criterion) {
    let instants = instants();
    let local: Vec<_> = instants.iter().map(|instant| instant.with_timezone(&New_York)).collect();
    let mut group = criterion.benchmark_group("next_after");
    for expression in EXPRESSIONS {
        let ours = cron(expression).tz(New_York).schedule().expect("a right expression");
        let mut places = (0..instants.len()).cycle();
        group.bench_function(BenchmarkId::new("fastscheduler", expression), |bencher| {
            bencher.iter(|| ours.next_after(black_box(instants[places.next().unwrap_or(0)])));
        });
        let croner: Cron = expression.parse().expect("a right expression");
        group.bench_function(BenchmarkId::new("croner", expression), |bencher| {
            bencher
                .iter(|| croner.find_next_occurrence(black_box(&local[places.next().unwrap_or(0)]), false));
        });
    }
    let interval =
        every(90).seconds().starting_at(DateTime::UNIX_EPOCH).schedule().expect("a right interval");
    group.bench_function("every 90 seconds", |bencher| {
        bencher.iter(|| interval.next_after(black_box(instants[7])));
    });
    group.finish();
}

/// From text to a schedule that can be asked, limits and refusals included.
fn compile(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("compile");
    for expression in ["*/5 * * * *", "0 0 29 2 *", "0 0 29 2 +MON", "0 0 31 2,4,6,9,11 *"] {
        group.bench_function(expression, |bencher| {
            bencher.iter(|| cron(black_box(expression)).tz(New_York).schedule());
        });
    }
    group.finish();
}

criterion_group! {
    name = benches;
    config = Criterion::default().measurement_time(Duration::from_secs(2)).warm_up_time(Duration::from_millis(500));
    targets = next_after, compile
}
criterion_main!(benches);

//! The examples do what they say: each is run as its own process.

#![cfg(unix)]
#![expect(clippy::unwrap_used, reason = "a test fails where something is not as it should be")]

use std::collections::HashMap;
use std::io::{BufRead as _, BufReader, Read, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use tempfile::TempDir;

/// How long to wait for a line before giving up on the program. It is no
/// measure of anything: only a program that hangs comes near it.
const PATIENCE: Duration = Duration::from_mins(1);

#[test]
fn the_quickstart_lists_its_jobs_and_runs_them_until_it_is_interrupted() {
    let mut program = Program::start("quickstart");
    for name in ["heartbeat", "count files", "greet", "fetch", "report"] {
        program.wait_for(name);
    }
    program.wait_for("alive");
    program.wait_for("hello, newcomer");
    program.wait_for("files here");
    program.wait_for("fetched at the second attempt");
    // It goes on.
    program.wait_for_next("alive");
    program.wait_for_next("alive");
    program.interrupt();
    let (status, output) = program.end();
    assert_eq!(status.code(), Some(0), "{output}");
}

#[test]
fn the_quickstart_tells_of_its_failure_on_standard_error() {
    let mut program = Program::with_errors("quickstart", &[]);
    program.wait_for("failed at attempt 1 (");
    program.interrupt();
    let (status, output) = program.end();
    assert_eq!(status.code(), Some(0), "{output}");
    assert!(output.ends_with("the line is busy; retry 1 of 1 in 2s"), "{output}");
}

#[test]
fn the_quickstart_says_in_which_zone_its_times_are_and_why() {
    for (variables, expected) in [
        (&[("TZ", "Europe/Berlin")][..], "times in Europe/Berlin from TZ"),
        (&[("TZ", "")], "times in UTC from TZ"),
        (
            &[("TZ", "Foo/Bar"), ("FASTSCHEDULER_TIMEZONE", "Asia/Tokyo")],
            "times in Asia/Tokyo from FASTSCHEDULER_TIMEZONE",
        ),
    ] {
        let mut program = Program::start_with("quickstart", variables);
        program.wait_for(expected);
        program.interrupt();
        assert_eq!(program.end().0.code(), Some(0));
    }
    let (status, output) = Program::with_errors("quickstart", &[("TZ", "Foo/Bar")]).end();
    assert_eq!(status.code(), Some(1));
    assert!(output.contains("`TZ` is `Foo/Bar`, which is not a time zone"), "{output}");
}

#[test]
fn the_quickstart_refuses_a_setting_that_it_does_not_know() {
    let (status, output) = Program::start_with("quickstart", &[("FASTSCHEDULER_TIMEZON", "UTC")]).end();
    assert_eq!((status.code(), output.as_str()), (Some(1), ""));
}

#[test]
fn schedules_prints_the_next_fires_of_each() {
    let (status, output) = Program::start("schedules").end();
    assert_eq!(status.code(), Some(0), "{output}");
    let expected = [
        ("Every 10 seconds", "2026-03-07 12:00:10 UTC  Sat 12:00:10 UTC"),
        ("Every 90 minutes", "2026-03-07 13:30:00 UTC  Sat 13:30:00 UTC"),
        ("Hourly at :30 (UTC)", "2026-03-07 12:30:00 UTC  Sat 12:30:00 UTC"),
        ("Daily at 14:30 (America/New_York)", "2026-03-07 19:30:00 UTC  Sat 14:30:00 EST"),
        ("Every Mon, Fri at 10:00 (Europe/Paris)", "2026-03-09 09:00:00 UTC  Mon 10:00:00 CET"),
        ("Every Sat, Sun at 10:00 (Asia/Tokyo)", "2026-03-08 01:00:00 UTC  Sun 10:00:00 JST"),
        ("Monthly on day 31 at 00:00 (UTC)", "2026-03-31 00:00:00 UTC  Tue 00:00:00 UTC"),
        ("Monthly on the last day at 23:59:30 (UTC)", "2026-03-31 23:59:30 UTC  Tue 23:59:30 UTC"),
        ("Cron: 0 9 * * MON-FRI (Europe/London)", "2026-03-09 09:00:00 UTC  Mon 09:00:00 GMT"),
        ("Cron: */20 * * * * * (UTC)", "2026-03-07 12:00:20 UTC  Sat 12:00:20 UTC"),
        ("One-time job", "2026-03-07 12:01:30 UTC  Sat 12:01:30 UTC"),
        ("One-time job", "2027-12-24 11:00:00 UTC  Sat 00:00:00 NZDT"),
        // 02:30 does not exist on that day; `shift` makes it an hour later.
        ("Daily at 02:30 (America/New_York)", "2026-03-08 07:30:00 UTC  Sun 03:30:00 EDT"),
    ];
    for (schedule, first_fire) in expected {
        assert!(output.contains(&format!("{schedule}\n  {first_fire}\n")), "{schedule}:\n{output}");
    }
    assert!(output.ends_with("unknown time zone `Europe/Pariss`; did you mean `Europe/Paris`?"), "{output}");
}

#[test]
fn state_and_arguments_reach_the_functions_and_results_the_history() {
    let (status, output) = Program::start("state_and_arguments").end();
    assert_eq!(status.code(), Some(0), "{output}");
    // Jobs may end in any order on a busy machine.
    for line in [
        "parameter `to` has no value; give it by position or by name",
        "to Ada in London: hello",
        "to Alan in Manchester: no subject",
        "stamping 1, \"two\", [3] with 1 keyword argument(s)",
        "hello from a closure",
        "history:",
        "  by position returned {\"number\":",
        "  by name returned {\"number\":",
        "  stamp failed: out of ink",
        "  greet returned 5",
        "dead letter: state_and_arguments::stamp",
    ] {
        assert!(output.contains(line), "`{line}` is not in\n{output}");
    }
}

#[test]
fn the_jobs_of_a_library_are_linked_in() {
    let (status, output) = Program::start("library_jobs").end();
    assert_eq!(status.code(), Some(0), "{output}");
    for line in [
        "function example_jobs::expire: Removes what has expired.",
        "job expire: Every 1 hour",
        "job warm_up: One-time job",
        "the cache is warm",
        "example_jobs::warm_up completed",
    ] {
        assert!(output.contains(line), "`{line}` is not in\n{output}");
    }
}

#[test]
fn failures_are_retried_or_buried_and_dug_out() {
    let (status, output) = Program::start("retries_and_dead_letters").end();
    assert_eq!(status.code(), Some(0), "{output}");
    let expected = "attempts:
  00:00:10 prices failed: the line is busy; retry 1 of 3 follows
  00:00:12 prices failed: the line is busy; retry 2 of 3 follows
  00:00:16 prices completed: 1250
  00:01:00 tea failed: the shop is closed; retry 1 of 2 follows
  00:01:02 tea failed: the shop is closed; retry 2 of 2 follows
  00:01:06 tea failed: the shop is closed; no retry, all 2 are used up
  00:02:00 mail failed: `nobody` is no address; no retry, the error is permanent
dead letters:
  mail [\"nobody\"]: `nobody` is no address
  tea [\"tea\",3]: the shop is closed
retried as job_3-r-1767571500000000-1: completed \"3 x tea\"
refused: no dead letter `job_1-s-1767571260000000-3`; `dead_letters(limit)` lists those there are
dropped: 1
left: 0";
    assert_eq!(output, expected);
}

#[test]
fn remote_registration_answers_each_request_with_a_job_or_a_sentence() {
    let (status, output) = Program::start("remote_registration").end();
    assert_eq!(status.code(), Some(0), "{output}");
    let fit = "the arguments do not fit `remote_registration::thumbnail`";
    for line in [
        "  maths::add(_: i64, _: i64)",
        "  remote_registration::thumbnail(path: \"string\", width: \"integer\", grey: [\"boolean\",\"null\"]) \
         Makes a thumbnail of a picture.",
        "  job_0 for {\"function\": \"thumbnail\", \"args\": [\"cat.png\", 64]}",
        "  no function `thumbnial` is registered; did you mean `thumbnail`?",
        &format!("  {fit}: parameter `width` has no value; give it by position or by name"),
        &format!("  {fit}: parameter `width`: invalid type: string \"wide\", expected u32"),
        &format!("  {fit}: 4 positional arguments were given, but the function takes 3"),
        &format!("  {fit}: unknown argument `gray`; did you mean `grey`?"),
        &format!("  {fit}: parameter `width` is given by position and by name; give it once"),
        "  `0 25 * * *` is not a cron expression: `25` is not an hour; write 0 to 23, with `*`, `,`, `-` and `/`",
        "  job_0: \"cat.png: 64 wide, coloured\"",
        "  job_1: \"dog.png: 32 wide, grey\"",
        "  job_2: 42",
        "job_3 goes on: Cron: 0 3 * * *",
    ] {
        assert!(output.lines().any(|printed| printed == line), "`{line}` is not in\n{output}");
    }
}

#[test]
fn a_restart_makes_up_for_what_was_missed() {
    let (status, output) = Program::start("restart").end();
    assert_eq!(status.code(), Some(0), "{output}");
    for lines in [
        "stopped on Monday, 16:00\n  files: scheduler.json, scheduler.json.lock, scheduler_dead_letters.json\n",
        "  report is there again, with 2 runs; next: Thu 09:00\n",
        "  remind is there again, with 1 runs; next: Tue 10:00\n",
        "  Tue 08:00 good_morning: 2 skipped, catch_up\n  Tue 09:00 report: 1 skipped, catch_up\n",
        "  Tue 12:00 bill: completed\n",
        "  Wed 09:00 report: completed\n",
        // At once, each on a thread of its own: either may be the last line.
        "  Tue 10:00 remind: completed\n",
        "  Wed 12:00 bill: completed\n",
    ] {
        assert!(format!("{output}\n").contains(lines), "`{lines}` is not in\n{output}");
    }
}

/// Its tests are run with the others, as targets of their package.
#[test]
fn testing_jobs_rehearses_the_week_in_which_clocks_change() {
    let (status, output) = Program::start("testing_jobs").end();
    assert_eq!(status.code(), Some(0), "{output}");
    for lines in [
        "2026-03-28 02:30:00 back_up completed\n2026-03-29 03:00:00 back_up completed\n",
        "2026-03-31 18:00:00 pay failed: the bank does not answer\n\
         2026-03-31 18:00:00 pay completed at attempt 2\n",
    ] {
        assert!(output.contains(lines), "`{lines}` is not in\n{output}");
    }
    assert!(output.ends_with("payment, reminder of Wednesday"), "{output}");
}

/// Its tests are run with the others, as targets of their package.
#[test]
fn custom_backends_keep_their_jobs_over_a_restart() {
    let (status, output) = Program::start("custom_backends").end();
    assert_eq!(status.code(), Some(0), "{output}");
    let mut parts = output.split("rarely is there again as job_1: Every 0.25 seconds");
    for half in [parts.next(), parts.next()] {
        for line in ["hello, Ada", "hello, Alan"] {
            assert!(
                half.is_some_and(|half| half.contains(line)),
                "`{line}` is not in each half of\n{output}"
            );
        }
    }
    assert!(output.contains("often is there again as job_0: Every 0.1 seconds"), "{output}");
    assert!(output.contains("  2 rows in job\n"), "{output}");
}

#[test]
fn the_dashboard_runs_what_is_asked_for_over_http() {
    let mut program = Program::start_with("dashboard", &[("FASTSCHEDULER_HTTP", "127.0.0.1:0")]);
    let url = program.address();
    let job = "{\"func_name\": \"data_sync_task\", \"func_module\": \"dev.test_app\", \"args\": [\"hello\"], \
               \"schedule_type\": \"once\", \"schedule_config\": {\"delay\": 0.01}}";
    let created = ureq::post(format!("{url}api/jobs")).content_type("application/json").send(job).unwrap();
    assert_eq!(created.status(), 201);
    program.wait_for("data_sync_task [\"hello\"] {}");
    let functions =
        ureq::get(format!("{url}api/functions")).call().unwrap().body_mut().read_to_string().unwrap();
    for name in ["echo_task", "failing_task", "slow_task", "delayed_cleanup_task", "Sends a summary by mail."]
    {
        assert!(functions.contains(name), "{name} is not in {functions}");
    }
    program.interrupt();
    let (status, output) = program.end();
    assert_eq!(status.code(), Some(0), "{output}");
}

#[test]
fn the_environment_says_how_many_names_of_jobs_metrics_count_one_by_one() {
    let setting = |value| [("FASTSCHEDULER_HTTP", "127.0.0.1:0"), ("FASTSCHEDULER_MAX_METRIC_JOBS", value)];
    let mut program = Program::start_with("dashboard", &setting("1"));
    let url = program.address();
    for name in ["first", "second"] {
        let job = format!(
            "{{\"func_name\": \"data_sync_task\", \"job_name\": \"{name}\", \"args\": [\"{name}\"], \
             \"schedule_type\": \"interval\", \"schedule_config\": {{\"interval\": 0.1}}}}"
        );
        ureq::post(format!("{url}api/jobs")).content_type("application/json").send(&job).unwrap();
    }
    program.wait_for("data_sync_task [\"second\"] {}");
    program.wait_for_next("data_sync_task [\"second\"] {}");
    let metrics = ureq::get(format!("{url}metrics")).call().unwrap().body_mut().read_to_string().unwrap();
    for (labels, is_there) in [
        ("job_name=\"first\"", true),
        ("job_name=\"other\",overflow=\"true\"", true),
        ("job_name=\"second\"", false),
    ] {
        assert_eq!(metrics.contains(labels), is_there, "{labels}: {metrics}");
    }
    program.interrupt();
    assert_eq!(program.end().0.code(), Some(0));

    let (status, output) = Program::with_errors("dashboard", &setting("many")).end();
    assert_eq!(status.code(), Some(1));
    assert!(output.contains("`FASTSCHEDULER_MAX_METRIC_JOBS` is `many`"), "{output}");
}

#[test]
fn an_address_that_is_none_or_that_nobody_serves_is_an_error_that_names_it() {
    for (name, address, expected) in [
        ("dashboard", "nowhere", "write an address with a port"),
        ("dashboard", ":8000", "write an address with a port"),
        ("dashboard", "127.0.0.1:99999", "write an address with a port"),
        ("dashboard", "0.0.0.0:0", "use an address that only this machine reaches"),
        // Which is built without the feature `web`.
        ("quickstart", "127.0.0.1:0", "build it with the feature `web`"),
    ] {
        let mut program = Program::with_errors(name, &[("FASTSCHEDULER_HTTP", address)]);
        program.wait_for(expected);
        let (status, output) = program.end();
        assert_eq!(status.code(), Some(1), "{name} {address}");
        assert!(output.contains(&format!("`{address}`")), "{name} {address}: {output}");
    }
}

#[test]
fn the_address_that_an_example_prints_works_as_printed_and_without_its_slash() {
    for (name, variables) in SERVERS {
        let mut program = Program::start_with(name, variables);
        let printed = program.address();
        let without_slash = printed.strip_suffix('/').unwrap();
        for url in [&*printed, without_slash] {
            // Redirects are followed.
            let mut page = ureq::get(url).call().unwrap();
            assert_eq!(page.status(), 200, "{name}: {url}");
            assert!(page.body_mut().read_to_string().unwrap().contains("page.js"), "{name}: {url}");
        }
        let jobs = ureq::get(format!("{printed}api/jobs")).call().unwrap();
        assert_eq!(jobs.status(), 200, "{name}");
        program.signal("TERM");
        let (status, output) = program.end();
        assert_eq!(status.code(), Some(0), "{name}: {output}");
    }
}

#[test]
fn an_example_that_serves_ends_cleanly_by_either_signal_while_a_client_listens() {
    for (name, variables) in SERVERS {
        for signal in SIGNALS {
            let mut program = Program::start_with(name, variables);
            let mut events = EventStream::open(&program.address());
            program.signal(signal);
            let (status, output) = program.end();
            assert_eq!(status.code(), Some(0), "{name} {signal}: {output}");
            assert!(output.ends_with("stopped"), "{name} {signal}: {output}");
            assert!(events.rest().contains("event: shutdown"), "{name} {signal}");
        }
    }
}

#[test]
fn an_example_that_waits_ends_cleanly_by_either_signal() {
    for (name, variables, waits_for) in [
        ("quickstart", &[][..], "alive"),
        // Each is at a job when the signal comes, and has others to come.
        ("library_jobs", &[], "the cache is warm"),
        ("state_and_arguments", &[], "letter 1"),
        ("custom_backends", &[], "hello, Ada"),
    ] {
        for signal in SIGNALS {
            let mut program = Program::start_with(name, variables);
            program.wait_for(waits_for);
            program.signal(signal);
            let (status, output) = program.end();
            assert_eq!(status.code(), Some(0), "{name} {signal}: {output}");
        }
    }
}

#[test]
fn a_signal_leaves_what_runs_time_to_end_and_its_outcome_in_the_state_file() {
    for signal in SIGNALS {
        let mut program = Program::start_with("dashboard", &[("FASTSCHEDULER_HTTP", "127.0.0.1:0")]);
        let url = program.address();
        let job = "{\"func_name\": \"slow_task\", \"args\": [0.5], \"schedule_type\": \"once\", \
                   \"schedule_config\": {\"delay\": 0.001}}";
        ureq::post(format!("{url}api/jobs")).content_type("application/json").send(job).unwrap();
        // It is listed as soon as it runs.
        let runs = format!("{url}api/history");
        while !ureq::get(&runs).call().unwrap().body_mut().read_to_string().unwrap().contains("slow_task") {}
        program.signal(signal);
        let folder = program.end_with_folder();
        let state = std::fs::read_to_string(folder.path().join("state.json")).unwrap();
        assert!(state.contains("\"completed\""), "{signal}: {state}");
        assert!(!folder.path().join("state.json.journal").exists(), "{signal}: the store was closed");
    }
}

/// The examples that serve, with the settings that give each an address of its own.
const SERVERS: [(&str, &[(&str, &str)]); 2] =
    [("dashboard", &[("FASTSCHEDULER_HTTP", "127.0.0.1:0")]), ("nested_in_axum", &[])];

const SIGNALS: [&str; 2] = ["INT", "TERM"];

/// A client that listens, and reads nothing but when it is told.
struct EventStream(TcpStream);

impl EventStream {
    /// Opens the stream of a page, and waits for its first event.
    fn open(page: &str) -> Self {
        let (host, path) = page.strip_prefix("http://").unwrap().split_once('/').unwrap();
        let mut stream = TcpStream::connect(host).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        write!(stream, "GET /{path}events HTTP/1.1\r\nHost: {host}\r\n\r\n").unwrap();
        let mut beginning = Vec::new();
        while !beginning.windows(5).any(|text| text == b"data:") {
            let mut piece = [0; 1024];
            let length = stream.read(&mut piece).unwrap();
            assert!(length > 0, "the stream ended: {}", String::from_utf8_lossy(&beginning));
            beginning.extend_from_slice(&piece[..length]);
        }
        Self(stream)
    }

    /// What else was sent, to the end.
    fn rest(&mut self) -> String {
        let mut rest = Vec::new();
        self.0.read_to_end(&mut rest).unwrap();
        String::from_utf8_lossy(&rest).into_owned()
    }
}

/// A running example, and what it has printed.
struct Program {
    child: Child,
    /// For what it keeps.
    folder: TempDir,
    lines: Receiver<String>,
    printed: Vec<String>,
}

impl Program {
    fn start(name: &str) -> Self {
        Self::start_with(name, &[])
    }

    fn start_with(name: &str, variables: &[(&str, &str)]) -> Self {
        let mut command = Self::command(name, variables);
        let mut child = command.0.stdout(Stdio::piped()).spawn().unwrap();
        let output = child.stdout.take().unwrap();
        Self::reading(child, command.1, output)
    }

    /// What it says is what goes wrong.
    fn with_errors(name: &str, variables: &[(&str, &str)]) -> Self {
        let mut command = Self::command(name, variables);
        let mut child = command.0.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let errors = child.stderr.take().unwrap();
        Self::reading(child, command.1, errors)
    }

    fn command(name: &str, variables: &[(&str, &str)]) -> (Command, TempDir) {
        let program = programs().get(name).unwrap_or_else(|| panic!("no program `{name}` was built"));
        let folder = tempfile::tempdir().unwrap();
        let mut command = Command::new(program);
        command
            // Settings and the zone of whoever runs the tests would show.
            .env_clear()
            .env("TZ", "UTC")
            .env("FASTSCHEDULER_STATE_FILE", folder.path().join("state.json"))
            .envs(variables.iter().copied())
            .current_dir(repository())
            .stdin(Stdio::null());
        (command, folder)
    }

    fn reading(child: Child, folder: TempDir, output: impl Read + Send + 'static) -> Self {
        let output = BufReader::new(output);
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            output.lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        Self { child, folder, lines, printed: Vec::new() }
    }

    /// The address that it prints.
    fn address(&mut self) -> String {
        self.wait_for("http://");
        self.printed.iter().find(|line| line.starts_with("http://")).unwrap().clone()
    }

    /// Waits until a line with that text was printed, now or before.
    fn wait_for(&mut self, text: &str) {
        if !self.printed.iter().any(|line| line.contains(text)) {
            self.wait_for_next(text);
        }
    }

    /// Waits until a line with that text is printed.
    fn wait_for_next(&mut self, text: &str) {
        while let Some(line) = self.next_line() {
            if line.contains(text) {
                return;
            }
        }
        panic!("the program ended without `{text}`:\n{}", self.printed.join("\n"));
    }

    /// The next line, or `None` at the end.
    fn next_line(&mut self) -> Option<String> {
        match self.lines.recv_timeout(PATIENCE) {
            Ok(line) => {
                self.printed.push(line.clone());
                Some(line)
            }
            Err(RecvTimeoutError::Disconnected) => None,
            Err(RecvTimeoutError::Timeout) => panic!("the program hangs after:\n{}", self.printed.join("\n")),
        }
    }

    /// Ctrl-C, for this process alone.
    fn interrupt(&self) {
        self.signal("INT");
    }

    fn signal(&self, name: &str) {
        let process = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &process]).status().unwrap();
        assert!(sent.success());
    }

    /// Reads to the end; the exit status and all that was printed.
    fn end(mut self) -> (ExitStatus, String) {
        while self.next_line().is_some() {}
        (self.child.wait().unwrap(), self.printed.join("\n"))
    }

    /// Reads to the end of a program that succeeds; what it kept.
    fn end_with_folder(mut self) -> TempDir {
        let folder = std::mem::replace(&mut self.folder, tempfile::tempdir().unwrap());
        let (status, output) = self.end();
        assert_eq!(status.code(), Some(0), "{output}");
        folder
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // After a failed test. A program that has ended is not there to be killed.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The programs by name.
///
/// The quickstart is built as a user builds it: by itself, with default
/// features. Features of what is built together add up.
fn programs() -> &'static HashMap<String, PathBuf> {
    static PROGRAMS: OnceLock<HashMap<String, PathBuf>> = OnceLock::new();
    PROGRAMS.get_or_init(|| {
        let mut programs = built(&["--package", "quickstart", "--bins"]);
        programs.extend(built(&["--package", "fastscheduler-examples", "--examples"]));
        programs
    })
}

fn built(what: &[&str]) -> HashMap<String, PathBuf> {
    let built = Command::new(env!("CARGO"))
        .arg("build")
        .args(what)
        .args(["--message-format", "json-render-diagnostics"])
        .current_dir(repository())
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(built.status.success(), "{what:?} does not build");
    String::from_utf8(built.stdout).unwrap().lines().filter_map(executable).collect()
}

/// The program that one of cargo's messages is about.
fn executable(message: &str) -> Option<(String, PathBuf)> {
    let message: serde_json::Value = serde_json::from_str(message).ok()?;
    let path = Path::new(message["executable"].as_str()?);
    Some((message["target"]["name"].as_str()?.to_owned(), path.to_owned()))
}

fn repository() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

//! Variables that begin with `FASTSCHEDULER_`.

use std::process::{Command, Output};

/// Ends at once, and prints its zone, unless a variable is refused.
const READS_SETTINGS: &str = env!("CARGO_BIN_EXE_reads_settings");

fn run(variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(READS_SETTINGS);
    command.env("FASTSCHEDULER_STORAGE", "memory").envs(variables.iter().copied());
    command.output().expect("the program is built")
}

#[test]
fn variables_that_kubernetes_sets_for_a_service_are_passed_over() {
    let address = "10.96.0.17";
    for service in ["FASTSCHEDULER", "FASTSCHEDULER_WEB", "FASTSCHEDULER_V2_HTTP"] {
        let set = [
            ("_SERVICE_HOST", address),
            ("_SERVICE_PORT", "8000"),
            ("_SERVICE_PORT_HTTP", "8000"),
            ("_SERVICE_PORT_HTTP_METRICS", "9000"),
            ("_PORT", "tcp://10.96.0.17:8000"),
            ("_PORT_8000_TCP", "tcp://10.96.0.17:8000"),
            ("_PORT_8000_TCP_ADDR", address),
            ("_PORT_8000_TCP_PORT", "8000"),
            ("_PORT_8000_TCP_PROTO", "tcp"),
            ("_PORT_53_UDP", "udp://[fd00::17]:53"),
            ("_PORT_53_UDP_ADDR", "fd00::17"),
            ("_PORT_132_SCTP_PROTO", "sctp"),
        ];
        let set = set.map(|(name, value)| (format!("{service}{name}"), value));
        let mut set: Vec<_> = set.iter().map(|(name, value)| (name.as_str(), *value)).collect();
        set.push(("FASTSCHEDULER_TIMEZONE", "Asia/Tokyo"));
        let output = run(&set);
        let (out, error) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert_eq!((out.trim(), output.status.code()), ("Asia/Tokyo", Some(0)), "{service}: {error}");
    }
}

#[test]
fn another_unknown_name_is_an_error_that_names_it() {
    let unknown = [
        ("FASTSCHEDULER_PORT", "8000"),
        ("FASTSCHEDULER_PORT", "http://10.96.0.17"),
        ("FASTSCHEDULER_SERVICE_HOST", "localhost"),
        ("FASTSCHEDULER_SERVICE_HOSTS", "10.96.0.17"),
        ("FASTSCHEDULER_SERVICE_PORT", "http"),
        ("FASTSCHEDULER_SERVICE_PORTS", "8000"),
        ("FASTSCHEDULER_PORT_8000", "tcp://10.96.0.17:8000"),
        ("FASTSCHEDULER_PORT_HTTP_TCP", "tcp://10.96.0.17:8000"),
        ("FASTSCHEDULER_PORT_8000_TCP_HOST", "10.96.0.17"),
        ("FASTSCHEDULER_PORT_8000_TLS_ADDR", "10.96.0.17"),
        ("FASTSCHEDULER_PORT_80000_TCP_ADDR", "10.96.0.17"),
        ("FASTSCHEDULER_MAX_WORKER", "4"),
    ];
    for (name, value) in unknown {
        let output = run(&[(name, value)]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{name}={value}");
        assert!(
            error.contains(name) && error.contains("there is no such setting"),
            "{name}={value}: {error}"
        );
    }
}

#[test]
fn a_host_or_an_origin_that_can_never_match_is_an_error() {
    for (name, value, setting) in [
        ("FASTSCHEDULER_ALLOWED_HOSTS", "a.example,,b.example", "`allowed_hosts` is ``"),
        ("FASTSCHEDULER_ALLOWED_HOSTS", "http://a.example", "`allowed_hosts` is `http://a.example`"),
        ("FASTSCHEDULER_ALLOWED_ORIGINS", "a.example", "`allowed_origins` is `a.example`"),
    ] {
        let output = run(&[(name, value)]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{name}={value}");
        assert!(error.contains(setting), "{name}={value}: {error}");
    }
    let both = [
        ("FASTSCHEDULER_ALLOWED_HOSTS", "a.example, b.example:81"),
        ("FASTSCHEDULER_ALLOWED_ORIGINS", "https://a.example,http://b.example:81"),
    ];
    assert_eq!(run(&both).status.code(), Some(0));
}

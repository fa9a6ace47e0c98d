//! One function by several attributes that cannot see each other.

use super::{Body, Function, Registration, RegistryError};

/// An attribute's registration of one and the same function.
fn attribute(retry_if: Option<&'static str>) -> &'static Registration {
    Box::leak(Box::new(Registration {
        module: "app",
        name: "import",
        file: "src/main.rs",
        line: 7,
        documentation: "",
        parameters: &[],
        body: Body::Blocking(|_| Ok(None)),
        retry_if,
        jobs: &[],
    }))
}

#[test]
fn attributes_agree_on_retry_if() {
    let merged = |one, other| {
        let merged = Function::linked(attribute(one)).merged(&Function::linked(attribute(other)));
        merged.map(|_| ()).map_err(|error: RegistryError| error.to_string())
    };
    let refused = "`app::import` at src/main.rs:7 has `retry_if = a` and `retry_if = b`; write it once";
    let cases = [
        (None, None, Ok(())),
        (Some("a"), None, Ok(())),
        (None, Some("a"), Ok(())),
        (Some("a"), Some("a"), Ok(())),
        (Some("a"), Some("b"), Err(refused.to_owned())),
    ];
    for (one, other, expected) in cases {
        assert_eq!(merged(one, other), expected, "{one:?}, {other:?}");
    }
}

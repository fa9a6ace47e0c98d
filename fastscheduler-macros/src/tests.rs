//! What a file of `tests/ui` is too small, or too large, to show.

use proc_macro2::{Literal, Span, TokenStream};
use quote::quote;

use crate::attribute::Attribute;
use crate::complaints::Complaints;
use crate::function::Function;
use crate::kind::Kind;
use crate::library;
use crate::literal::{ANY_VALUE, Value, written};
use crate::values;

#[test]
fn values_are_written_as_json() {
    let cases: [(TokenStream, &str); 14] = [
        (quote!("plain"), r#""plain""#),
        (quote!("\"\\\n\u{7f}é"), "\"\\\"\\\\\\u000a\u{7f}é\""),
        (quote!(0), "0"),
        (quote!(-7), "-7"),
        (quote!(0xff), "255"),
        (quote!(1_000), "1000"),
        (quote!(18446744073709551615), "18446744073709551615"),
        (quote!(1.0), "1.0"),
        (quote!(-0.5), "-0.5"),
        (quote!(1e300), "1e300"),
        (quote!(true), "true"),
        (quote!(null), "null"),
        (quote!([]), "[]"),
        (quote!([1, ["a", null],]), r#"[1,["a",null]]"#),
    ];
    for (tokens, expected) in cases {
        let value = Value::read(tokens.clone(), ANY_VALUE);
        assert_eq!(value.map(|value| value.json()).ok().as_deref(), Some(expected), "{tokens}");
    }
}

#[test]
fn tokens_are_shown_as_one_writes_them() {
    let cases = [
        (quote!(-5), "-5"),
        (quote!(Duration::ZERO), "Duration::ZERO"),
        (quote!(&'static str), "&'static str"),
        (quote!(to: Vec<HashMap<String, u8>>), "to: Vec<HashMap<String, u8>>"),
    ];
    for (tokens, expected) in cases {
        assert_eq!(written(&tokens), expected);
    }
    let long = "x".repeat(100);
    assert_eq!(written(&quote!(#long)).chars().count(), 61);
}

#[test]
fn arguments_have_a_size_limit() {
    for (length, mistakes) in [(256 * 1024 - 4, 0), (256 * 1024 - 3, 1)] {
        let text = Literal::string(&"x".repeat(length));
        let mut complaints = Complaints::default();
        let job =
            Attribute::read(Kind::Every, Span::call_site(), quote!(1, hour, args(#text)), &mut complaints);
        let function = Function::read(
            Kind::Every,
            &[],
            &quote!(
                fn job(text: String) {}
            ),
            &mut complaints,
        );
        values::check(&function.unwrap(), &[job], &mut complaints);
        assert_eq!(complaints.count(), mistakes, "{length} letters");
    }
}

#[test]
fn a_crate_is_missing_only_if_the_manifest_surely_does_not_have_it() {
    let cases = [
        ("[dependencies]\nmy_jobs = { path = \"../jobs\" }", true),
        ("[dependencies]\nmy-jobs = \"1\"", true),
        ("[dependencies]\n\"my-jobs\".workspace = true", true),
        ("[dependencies.my-jobs]\npath = \"..\"", true),
        ("[dev-dependencies]\nmy_jobs = \"1\"", true),
        ("[target.'cfg(unix)'.dependencies]\nmy_jobs = \"1\"", true),
        ("dependencies = { my_jobs = \"1\" }", true),
        ("[dependencies]\nmy_jobs = { package = \"jobs-of-ours\", version = \"1\" }", true),
        ("[package]\nname = \"my-jobs\"", true),
        ("[lib]\nname = \"my_jobs\"", true),
        ("[workspace.dependencies]\nmy_jobs = \"1\"\n[dependencies]\nmy_jobs.workspace = true", true),
        ("[dependencies]\nother = { git = \"https://a.b/c#d\", my_jobs = 1 }", true),
        ("[package]\nname = \"program\"", false),
        ("[dependencies]\n# my_jobs = \"1\"", false),
        ("[dependencies]\nmy_jobs_too = \"1\"\nnot_my_jobs = \"1\"", false),
        ("[workspace]\nmembers = [\"my_jobs\"]\n[dependencies]\nserde = \"1\"", false),
        ("[workspace.dependencies]\nmy_jobs = \"1\"\n[dependencies]\nserde = \"1\"", false),
    ];
    for (manifest, expected) in cases {
        assert_eq!(library::names(manifest, "my_jobs"), expected, "{manifest}");
    }
}

#[test]
fn each_argument_is_in_the_table_of_the_documentation() {
    let documentation = include_str!("../docs/modifiers.md");
    for name in crate::modifiers::names() {
        let is_named = |row: &&str| {
            let first = row.split(" | ").next().unwrap_or_default();
            [" =", "(", "`"].iter().any(|end| first.contains(&format!("`{name}{end}")))
        };
        let rows = documentation.lines().filter(|line| line.starts_with("| ")).filter(is_named);
        assert_eq!(rows.count(), 1, "`{name}` needs a row in docs/modifiers.md");
    }
}

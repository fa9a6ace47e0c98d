//! The layers of the library, and the size of its files.
//!
//! `web → scheduler → engine → {registry, storage, queue} → job → schedule`,
//! `clock` beneath: no file names a layer above its own, and the three
//! siblings never name one another. Within a folder no files name one another in
//! a circle. The sources are read as tokens, without comments and texts, so an
//! example in a doc comment may use what it likes.

#![expect(clippy::unwrap_used, reason = "a test fails where something is not as it should be")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// The layers from the lowest, each with its height. Equal heights are siblings.
const LAYERS: [(&str, u8); 10] = [
    ("clock", 0),
    ("schedule", 1),
    ("job", 2),
    ("registry", 3),
    ("storage", 3),
    ("queue", 3),
    ("engine", 4),
    ("scheduler", 5),
    ("web", 6),
    // A user's tools for tests, which look into everything.
    ("testing", 7),
];

/// Files at the root that re-export what the layers hold, and belong to none.
const FRONT: [&str; 3] = ["lib", "prelude", "private"];

/// The most lines of a file that is no test.
const LONGEST_FILE: usize = 400;

/// Files that may be longer: lists without a line of thought in them.
const LONG_FILES: [&str; 1] = ["fastscheduler/src/schedule/text/zone_names.rs"];

#[test]
fn no_layer_names_one_above_it() {
    let root = repository().join("fastscheduler/src");
    let files = rust_files(&root);
    assert!(files.len() > 30, "the sources were not found under {}", root.display());
    let violations: Vec<String> = files
        .iter()
        .flat_map(|file| {
            let shown = file.strip_prefix(&root).unwrap();
            violations(&shown.to_string_lossy(), &fs::read_to_string(file).unwrap())
        })
        .collect();
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
}

/// The files of the engine that are its steps; `mod.rs` wires them. All others own
/// state or hold rules.
const STEPS: [&str; 17] = [
    "begin",
    "behind",
    "dispatch",
    "edits",
    "execute",
    "lack_of_threads",
    "look",
    "place",
    "prune",
    "pull",
    "running",
    "set_back",
    "settle",
    "shutdown",
    "store",
    "watch",
    "watched",
];

#[test]
fn what_the_engine_works_with_names_neither_it_nor_its_steps() {
    let folder = repository().join("fastscheduler/src/engine");
    let stem = |file: &Path| file.file_stem().unwrap().to_string_lossy().into_owned();
    let is_wiring = |name: &str| name == "mod" || STEPS.contains(&name);
    let files = rust_files(&folder);
    for step in STEPS {
        assert!(files.iter().any(|file| stem(file) == step), "there is no step `{step}` any more");
    }
    let mut wrong = Vec::new();
    for file in files.iter().filter(|file| !is_wiring(&stem(file))) {
        let tokens = tokens(&fs::read_to_string(file).unwrap());
        for (place, token) in tokens.iter().enumerate() {
            let is_step = STEPS.contains(&token.text.as_str())
                && place >= 2
                && tokens[place - 1].text == "::"
                && tokens[place - 2].text == "super";
            if token.text == "Engine" || is_step {
                wrong.push(format!("{}:{}: names `{}`", stem(file), token.line, token.text));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn no_files_of_a_folder_name_one_another_in_a_circle() {
    let mut found = Vec::new();
    for root in ["fastscheduler/src", "fastscheduler-macros/src", "benches/src"] {
        let folder = repository().join(root);
        let files: Vec<(Vec<String>, String)> = rust_files(&folder)
            .iter()
            .filter(|file| !is_test(file) && !file.ends_with("lib.rs") && !file.ends_with("main.rs"))
            .map(|file| {
                let shown = file.strip_prefix(&folder).unwrap();
                (module_of(&shown.to_string_lossy()), fs::read_to_string(file).unwrap())
            })
            .collect();
        found.extend(circles(&files).iter().map(|step| format!("{root}: {step}")));
    }
    assert!(found.is_empty(), "move what they share into a file below them:\n{}\n", found.join("\n"));
}

/// Who names whom in circles, of files that are given as modules with their sources.
///
/// A folder is one with its files for those beside it. Its `mod.rs` may name its files
/// and they what it re-exports or defines.
fn circles(files: &[(Vec<String>, String)]) -> Vec<String> {
    let is_module = |path: &[String]| files.iter().any(|(module, _)| module.starts_with(path));
    let mut steps = BTreeSet::new();
    for (module, source) in files {
        let source = source.split("\nmod tests {").next().unwrap();
        for Named { path, .. } in named_paths(module, &tokens(source)) {
            let shared = module.iter().zip(&path).take_while(|(own, named)| own == named).count();
            if let (Some(own), Some(named)) = (module.get(..=shared), path.get(..=shared))
                && is_module(named)
            {
                steps.insert((own.join("/"), named.join("/")));
            }
        }
    }
    // Steps that nothing leads to, or that lead on to nothing, are in no circle.
    loop {
        let before = steps.clone();
        steps.retain(|(from, to)| {
            before.iter().any(|(_, last)| last == from) && before.iter().any(|(next, _)| next == to)
        });
        if steps.len() == before.len() {
            return steps.iter().map(|(from, to)| format!("`{from}` names `{to}`")).collect();
        }
    }
}

#[test]
fn no_file_is_too_long() {
    let root = repository();
    let too_long: Vec<String> = ["fastscheduler/src", "fastscheduler-macros/src", "examples"]
        .iter()
        .flat_map(|folder| rust_files(&root.join(folder)))
        .filter(|file| !is_test(file))
        .filter_map(|file| {
            let shown = file.strip_prefix(&root).unwrap().to_string_lossy().into_owned();
            let lines = fs::read_to_string(&file).unwrap().lines().count();
            let is_listed = LONG_FILES.contains(&shown.as_str());
            (lines > LONGEST_FILE && !is_listed).then(|| {
                format!("{shown}: {lines} lines, more than {LONGEST_FILE}; split it by responsibility")
            })
        })
        .collect();
    assert!(too_long.is_empty(), "\n{}\n", too_long.join("\n"));
}

/// What is wrong with one file, whose path is given from `src` on.
fn violations(path: &str, source: &str) -> Vec<String> {
    let module = module_of(path);
    let own = module.first().map_or("lib", String::as_str);
    if FRONT.contains(&own) {
        return Vec::new();
    }
    let Some(own_height) = height(own) else {
        return vec![format!("{path}: `{own}` is no layer; add it to `LAYERS` in {}", file!())];
    };
    let says = |named: &Named| {
        let place = format!("fastscheduler/src/{path}:{}", named.line);
        let layer = &named.path[0];
        match height(layer) {
            _ if layer == own => None,
            // Its own unit tests may use the tools for tests.
            Some(_) if layer == "testing" && is_test(Path::new(path)) => None,
            Some(height) if height < own_height => None,
            Some(height) if height == own_height => {
                Some(format!("{place}: `{own}` names its sibling `{layer}`"))
            }
            Some(_) => Some(format!("{place}: `{own}` names `{layer}`, a layer above it")),
            // A re-export would hide which layer is meant.
            None => {
                Some(format!("{place}: `{own}` names `crate::{layer}`, which is no layer; name the layer"))
            }
        }
    };
    let mut violations: Vec<String> = named_paths(&module, &tokens(source)).iter().filter_map(says).collect();
    violations.dedup();
    violations
}

fn height(layer: &str) -> Option<u8> {
    LAYERS.iter().find(|(name, _)| *name == layer).map(|(_, height)| *height)
}

/// `engine/dispatch.rs` is `["engine", "dispatch"]`, `engine/mod.rs` is `["engine"]`.
fn module_of(path: &str) -> Vec<String> {
    let mut parts: Vec<String> = path.trim_end_matches(".rs").split('/').map(str::to_owned).collect();
    if parts.last().is_some_and(|last| last == "mod") {
        parts.pop();
    }
    parts
}

/// A path that a file names, from the root on, and where.
#[derive(Debug)]
struct Named {
    path: Vec<String>,
    line: usize,
}

/// All paths of a file that begin with `crate::`, `super::` or `self::`.
fn named_paths(module: &[String], tokens: &[Token]) -> Vec<Named> {
    let mut named = Vec::new();
    // For each brace that is open, whether it is that of an inline module.
    let mut braces = Vec::new();
    for (place, token) in tokens.iter().enumerate() {
        let before = |back: usize| place.checked_sub(back).map_or("", |place| tokens[place].text.as_str());
        match token.text.as_str() {
            "{" => braces.push(before(2) == "mod"),
            "}" => {
                braces.pop();
            }
            // `$crate` stands in macros, which expand in other crates.
            "crate" if before(1) != "$" => path(tokens, place, Vec::new(), &mut named),
            // Not within a path, which was read from its beginning.
            "super" | "self" if before(1) != "::" && !is_in_group(tokens, place) => {
                let inline = braces.iter().filter(|is_module| **is_module).map(|_| "inline".to_owned());
                path(tokens, place, module.iter().cloned().chain(inline).collect(), &mut named);
            }
            _ => {}
        }
    }
    named
}

/// Whether a token is an item of `a::{…}`, however deep.
fn is_in_group(tokens: &[Token], place: usize) -> bool {
    let mut closed = 0;
    for (place, token) in tokens[..place].iter().enumerate().rev() {
        match token.text.as_str() {
            "}" => closed += 1,
            "{" if closed > 0 => closed -= 1,
            "{" => {
                return place > 0 && tokens[place - 1].text == "::" || is_in_group(tokens, place);
            }
            ";" if closed == 0 => return false,
            _ => {}
        }
    }
    false
}

/// Follows the path that begins at `place` in the module `above`, and collects all
/// that it names.
fn path(tokens: &[Token], place: usize, mut above: Vec<String>, named: &mut Vec<Named>) {
    let text = |place: usize| tokens.get(place).map_or("", |token| token.text.as_str());
    let goes_on = text(place + 1) == "::";
    match text(place) {
        "crate" => above.clear(),
        "super" => drop(above.pop()),
        "self" if goes_on => {}
        "{" => {
            for item in group_items(tokens, place) {
                path(tokens, item, above.clone(), named);
            }
            return;
        }
        name => {
            above.push(name.to_owned());
            if !goes_on {
                named.push(Named { path: above, line: tokens[place].line });
                return;
            }
        }
    }
    if goes_on {
        path(tokens, place + 2, above, named);
    }
}

/// Where the items of the group begin that is opened at `place`.
fn group_items(tokens: &[Token], place: usize) -> Vec<usize> {
    let mut items = Vec::new();
    let mut depth = 0;
    for (place, token) in tokens.iter().enumerate().skip(place) {
        let is_first = place > 0 && ["{", ","].contains(&tokens[place - 1].text.as_str());
        match token.text.as_str() {
            "}" if depth == 1 => break,
            "}" => depth -= 1,
            _ if depth == 1 && is_first => items.push(place),
            _ => {}
        }
        if token.text == "{" {
            depth += 1;
        }
    }
    items
}

#[derive(Debug)]
struct Token {
    text: String,
    line: usize,
}

/// The words and signs of a source, without comments and without what is in quotes.
fn tokens(source: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut rest = source;
    let mut line = 1;
    while let Some(first) = rest.chars().next() {
        let length = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if let Some(length) = quoted(rest) {
            length
        } else if first.is_alphanumeric() || first == '_' {
            rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len())
        } else if rest.starts_with("::") {
            2
        } else {
            first.len_utf8()
        };
        let is_token = !first.is_whitespace() && !rest.starts_with("//") && !rest.starts_with("/*");
        if is_token && quoted(rest).is_none() {
            tokens.push(Token { text: rest[..length].to_owned(), line });
        }
        line += rest[..length].matches('\n').count();
        rest = &rest[length..];
    }
    tokens
}

/// The length of a block comment, which may hold others.
fn block_comment(source: &str) -> usize {
    let mut depth = 0;
    let mut place = 0;
    while place < source.len() {
        let rest = &source.as_bytes()[place..];
        if rest.starts_with(b"/*") {
            depth += 1;
            place += 2;
        } else if rest.starts_with(b"*/") {
            depth -= 1;
            place += 2;
            if depth == 0 {
                break;
            }
        } else {
            place += 1;
        }
    }
    place
}

/// The length of the text or character that a source begins with, if it does.
fn quoted(source: &str) -> Option<usize> {
    let bare = source.trim_start_matches(['b', 'c']);
    let prefix = source.len() - bare.len();
    if prefix > 1 {
        return None;
    }
    if let Some(raw) = bare.strip_prefix('r') {
        let hashes = raw.len() - raw.trim_start_matches('#').len();
        if raw[hashes..].starts_with('"') {
            let end = format!("\"{}", &raw[..hashes]);
            let start = prefix + 1 + hashes + 1;
            let length = source[start..].find(&end).map_or(source.len() - start, |at| at + end.len());
            return Some(start + length);
        }
        return None;
    }
    let quote = bare.chars().next().filter(|c| ['"', '\''].contains(c))?;
    let inner = &bare[1..];
    // A lifetime has no second quote right after its first letter.
    if quote == '\'' && !inner.starts_with('\\') && inner.chars().nth(1) != Some('\'') {
        return None;
    }
    let mut is_escaped = false;
    for (at, c) in inner.char_indices() {
        match c {
            _ if is_escaped => is_escaped = false,
            '\\' => is_escaped = true,
            _ if c == quote => return Some(prefix + 1 + at + 1),
            _ => {}
        }
    }
    Some(source.len())
}

fn is_test(path: &Path) -> bool {
    let is_tests = |part: &str| part == "tests" || part == "tests.rs" || part.ends_with("_tests.rs");
    path.components().any(|part| part.as_os_str().to_str().is_some_and(is_tests))
}

/// All Rust files below a folder, in order, but for what a build leaves there.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut entries: Vec<PathBuf> =
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let mut files = Vec::new();
    for path in entries {
        if path.is_dir() && !path.ends_with("target") {
            files.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    // The macro crate's `text` is a link to the runtime's, which is read there.
    files.retain(|file| !file.starts_with(repository().join("fastscheduler-macros/src/text")));
    files
}

fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

#[test]
fn the_check_catches_what_it_is_for() {
    // (file, source, complaint or nothing)
    let cases = [
        // Downwards, and within a layer.
        ("engine/mod.rs", "use crate::storage::Storage;", ""),
        ("engine/settle.rs", "use crate::{clock::Clock, job::{Job, JobId}, queue::Queue};", ""),
        ("engine/settle.rs", "use super::table::Table;", ""),
        ("job/run.rs", "use crate::job::JobId; use crate::schedule::Schedule;", ""),
        ("web/routes/jobs.rs", "use super::super::error::Error; use crate::scheduler::Scheduler;", ""),
        // Upwards.
        (
            "job/run.rs",
            "\n\nuse crate::engine::Engine;",
            "fastscheduler/src/job/run.rs:3: `job` names `engine`, a layer above it",
        ),
        (
            "schedule/mod.rs",
            "fn f(job: &crate::job::Job) {}",
            "fastscheduler/src/schedule/mod.rs:1: `schedule` names `job`, a layer above it",
        ),
        (
            "clock.rs",
            "pub(in crate::engine) fn f() {}",
            "fastscheduler/src/clock.rs:1: `clock` names `engine`, a layer above it",
        ),
        (
            "engine/mod.rs",
            "use crate::testing::ManualClock;",
            "fastscheduler/src/engine/mod.rs:1: `engine` names `testing`, a layer above it",
        ),
        // In groups.
        (
            "job/id.rs",
            "use crate::{\n    schedule::Schedule,\n    storage::{self, Storage},\n};",
            "fastscheduler/src/job/id.rs:3: `job` names `storage`, a layer above it",
        ),
        (
            "job/id.rs",
            "use {std::fmt, crate::{job::{Job, JobId}, web}};",
            "fastscheduler/src/job/id.rs:1: `job` names `web`, a layer above it",
        ),
        // Siblings.
        (
            "queue/memory.rs",
            "use crate::storage::Storage;",
            "fastscheduler/src/queue/memory.rs:1: `queue` names its sibling `storage`",
        ),
        // Out of the layer by `super`.
        (
            "storage/memory.rs",
            "use super::super::queue::Queue;",
            "fastscheduler/src/storage/memory.rs:1: `storage` names its sibling `queue`",
        ),
        (
            "job/mod.rs",
            "use super::{clock::Clock, engine};",
            "fastscheduler/src/job/mod.rs:1: `job` names `engine`, a layer above it",
        ),
        (
            "job/mod.rs",
            "use self::{run::Run, super::engine::Engine};",
            "fastscheduler/src/job/mod.rs:1: `job` names `engine`, a layer above it",
        ),
        (
            "job/run.rs",
            "mod tests { use super::super::super::engine::Engine; }",
            "fastscheduler/src/job/run.rs:1: `job` names `engine`, a layer above it",
        ),
        ("job/run.rs", "mod tests { use super::super::Job; }", ""),
        ("job/run.rs", "impl Job { fn f() { super::f() } } fn g() { super::engine() }", ""),
        // Through the front door.
        (
            "engine/mod.rs",
            "use crate::Job;",
            "fastscheduler/src/engine/mod.rs:1: `engine` names `crate::Job`, which is no layer; name the layer",
        ),
        ("registry/outcome.rs", "macro_rules! m { () => { $crate::__private::f() } }", ""),
        // What is no code.
        (
            "job/run.rs",
            "//! [`crate::engine`]\n/// crate::web\n/* crate::web /* x */ crate::web */ fn f() {}",
            "",
        ),
        ("job/run.rs", r##"const A: &str = r#"crate::web "quoted" "#; const B: &str = "\"crate::web";"##, ""),
        (
            "job/run.rs",
            "fn f<'a>(quote: char) -> bool { quote == '\"' }\nuse crate::web; const A: &'static str = \"\";",
            "fastscheduler/src/job/run.rs:2: `job` names `web`, a layer above it",
        ),
        // The front door itself, unit tests, and files that are in no list.
        ("lib.rs", "pub use crate::web::Routes;", ""),
        ("private.rs", "pub use crate::engine::Engine;", ""),
        ("testing/mod.rs", "use crate::web::Routes;", ""),
        ("engine/tests.rs", "use crate::testing::ManualClock;", ""),
        ("helpers.rs", "", "helpers.rs: `helpers` is no layer; add it to `LAYERS` in tests/tests/layers.rs"),
    ];
    for (file, source, complaint) in cases {
        assert_eq!(violations(file, source).join("\n"), complaint, "{file}: {source}");
    }
}

/// Files with their sources.
type Files<'a> = &'a [(&'a str, &'a str)];

#[test]
fn circles_are_found_however_long_and_only_those() {
    // (files, who names whom)
    let cases: [(Files<'_>, &[&str]); 6] = [
        (&[("a.rs", "use super::b::B;"), ("b.rs", "use super::c;"), ("c.rs", "")], &[]),
        (
            &[("f/a.rs", "use super::b::B;"), ("f/b.rs", "fn f() { super::a::f(); }")],
            &["`f/a` names `f/b`", "`f/b` names `f/a`"],
        ),
        (
            &[
                ("a.rs", "use crate::{b, d};"),
                ("b.rs", "use super::c::{self, C};"),
                ("c.rs", "use crate::a::A;"),
                ("d.rs", ""),
                ("e.rs", "use super::a;"),
            ],
            &["`a` names `b`", "`b` names `c`", "`c` names `a`"],
        ),
        // A folder with those beside it.
        (
            &[("f/mod.rs", ""), ("f/a.rs", "use crate::b::B;"), ("b.rs", "use super::f::F;")],
            &["`b` names `f`", "`f` names `b`"],
        ),
        // A file with the front of its folder.
        (&[("f/mod.rs", "use self::a::A;"), ("f/a.rs", "use super::F;")], &[]),
        (&[("a.rs", "use super::b;"), ("b.rs", "\n#[cfg(test)]\nmod tests { use crate::a::A; }")], &[]),
    ];
    for (files, expected) in cases {
        let files: Vec<_> =
            files.iter().map(|(file, source)| (module_of(file), (*source).to_owned())).collect();
        assert_eq!(circles(&files), expected, "{files:?}");
    }
}

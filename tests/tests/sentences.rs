//! The table of what is promised names tests that exist.

use std::fs;
use std::path::{Path, PathBuf};

fn below(folder: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)
}

/// The text of a file, or of all files in a folder.
fn source(at: &Path) -> String {
    if let Ok(entries) = fs::read_dir(at) {
        return entries.map(|entry| source(&entry.unwrap().path())).collect();
    }
    fs::read_to_string(at).unwrap_or_default()
}

#[test]
fn every_test_that_the_table_of_sentences_names_exists() {
    let table = fs::read_to_string(below("SENTENCES.md")).unwrap();
    let contracts = source(&below("../fastscheduler/src/testing"));
    let mut named = 0;
    for row in table.lines().filter(|line| line.starts_with("| ")) {
        let tests = row.rsplit('|').nth(1).unwrap();
        for name in tests.split('`').skip(1).step_by(2).filter(|name| !name.contains(['/', '.'])) {
            let (text, test) = match name.rsplit_once("::") {
                Some((file, test)) => {
                    let folder = below("tests").join(file.replace("::", "/"));
                    let file = folder.with_extension("rs");
                    (if file.exists() { source(&file) } else { source(&folder) }, test)
                }
                None => (contracts.clone(), name),
            };
            assert!(
                text.contains(&format!("fn {test}(")) || text.contains(&format!("fn {test}<")),
                "no test `{name}`, which the table names in: {row}"
            );
            named += 1;
        }
    }
    assert!(named > 100, "only {named} tests are named; is the table read right?");
}

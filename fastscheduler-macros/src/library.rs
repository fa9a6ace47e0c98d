//! `include_jobs!`: a crate that is not among the dependencies is named here,
//! since the compiler would speak of an import that nobody wrote.

use std::path::PathBuf;
use std::{env, fs};

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::quote;
use syn::ext::IdentExt as _;

use crate::args::flattened;
use crate::complaints::Complaints;

/// Crates that are there without a dependency.
const ALWAYS: [&str; 5] = ["std", "core", "alloc", "proc_macro", "test"];

/// One `use` for each name between the commas, or what is wrong with it.
pub(crate) fn expand(libraries: TokenStream) -> TokenStream {
    let libraries = flattened(libraries).into_iter().filter_map(|token| match token {
        TokenTree::Ident(library) => Some(library),
        _ => None,
    });
    let manifest = manifest();
    let mut complaints = Complaints::default();
    let mut uses = TokenStream::new();
    for library in libraries {
        let name = library.unraw().to_string();
        let is_missing = manifest.as_ref().is_some_and(|manifest| !names(manifest, &name))
            && !ALWAYS.contains(&name.as_str())
            && !is_named_elsewhere(&library);
        if is_missing {
            let sentence = format!(
                "`include_jobs!` finds no crate `{name}`; add it to Cargo.toml, under `[dependencies]`: \
                 `{name} = {{ path = \"../{name}\" }}`"
            );
            complaints.at(&library, sentence);
        } else {
            uses.extend(quote!(use #library as _;));
        }
    }
    uses.extend(complaints.into_compile_errors());
    uses
}

/// The text of the manifest of the crate that is being built, if cargo builds it.
fn manifest() -> Option<String> {
    let path = env::var_os("CARGO_MANIFEST_PATH").map(PathBuf::from);
    let in_folder = || Some(PathBuf::from(env::var_os("CARGO_MANIFEST_DIR")?).join("Cargo.toml"));
    fs::read_to_string(path.or_else(in_folder)?).ok()
}

/// Whether the manifest has that name anywhere but in a line that is a comment,
/// or in a table of the workspace. The name may still be no dependency: then the
/// compiler complains in its own words.
pub(crate) fn names(manifest: &str, name: &str) -> bool {
    let mut is_of_workspace = false;
    manifest.lines().any(|line| {
        let line = line.trim_start();
        if line.starts_with('[') {
            is_of_workspace = line.trim_start_matches('[').trim_start().starts_with("workspace");
        }
        let is_read = !is_of_workspace && !line.starts_with('#');
        let mut words = line.split(|c: char| !c.is_alphanumeric() && c != '-' && c != '_');
        is_read && words.any(|word| word.replace('-', "_") == name)
    })
}

/// Whether the file around the macro names it more than once: it may be a module,
/// or an import under that name.
fn is_named_elsewhere(library: &Ident) -> bool {
    let text = library.span().unwrap().local_file().and_then(|file| fs::read_to_string(file).ok());
    let tokens = text.and_then(|text| text.parse().ok());
    tokens.is_none_or(|tokens| count(tokens, &library.to_string()) > 1)
}

fn count(tokens: TokenStream, name: &str) -> usize {
    let counts = tokens.into_iter().map(|token| match token {
        TokenTree::Group(group) => count(group.stream(), name),
        token => usize::from(token.to_string() == name),
    });
    counts.sum()
}

//! Where a browser sees the scheduler.
//!
//! A proxy in front may strip the prefix, add one or rename it, so every address
//! that is given to a browser is relative to the one that it asked for. Only an
//! address without a slash at its end needs the name of its last segment, which a
//! proxy that renames it says in `X-Forwarded-Prefix`.

use axum::extract::{OriginalUri, Request};
use axum::http::{HeaderMap, Uri};

use super::own_server::OwnServer;

const FORWARDED_PREFIX: &str = "x-forwarded-prefix";

/// The last segment of the page's address; nothing if it ends in a slash or in the
/// page's file name.
pub(super) fn last_segment(path: &str, headers: &HeaderMap) -> Option<String> {
    let last = path.rsplit('/').next().filter(|last| !last.is_empty() && *last != INDEX)?;
    let forwarded = forwarded_prefix(headers);
    let outside = forwarded.as_deref().and_then(|prefix| prefix.rsplit('/').next());
    Some(outside.unwrap_or(last).to_owned())
}

/// The page's address with a slash, seen from the one without.
///
/// If a proxy stripped the prefix instead of renaming it, our own server is at the
/// root below that, and leads on from there.
pub(super) fn with_slash(last: &str, headers: &HeaderMap) -> String {
    format!("{}/", forwarded_prefix(headers).as_deref().unwrap_or(last))
}

/// The page's address, seen from the root of our own server, whose name it is given.
pub(super) fn from_root(name: &str, headers: &HeaderMap) -> String {
    match forwarded_prefix(headers) {
        // The root may have been asked for without a slash.
        Some(prefix) => format!("{prefix}/{name}/"),
        None => format!("{name}/"),
    }
}

/// The login, seen from the page.
pub(super) fn login(request: &Request) -> String {
    match last_segment(original(request).path(), request.headers()) {
        None => "login".to_owned(),
        Some(last) if request.extensions().get::<OwnServer>().is_some() => {
            with_slash(&last, request.headers())
        }
        Some(last) => format!("{last}/login"),
    }
}

/// The page by its file name, which leads to it wherever it is nested.
pub(super) const INDEX: &str = "index.html";

/// The page, seen from a path beside it.
pub(super) const fn home(has_slash: HasSlash) -> &'static str {
    match has_slash {
        HasSlash::Yes => "./",
        HasSlash::Unknown => INDEX,
    }
}

/// Whether the page is served with a slash at its end, which axum's `nest` does not do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HasSlash {
    Yes,
    Unknown,
}

/// The address that was asked for, before any prefix was taken away.
pub(super) fn original(request: &Request) -> &Uri {
    request.extensions().get::<OriginalUri>().map_or(request.uri(), |OriginalUri(uri)| uri)
}

/// The prefix outside of a proxy, without a slash at its end. Of several proxies,
/// the outermost comes first.
fn forwarded_prefix(headers: &HeaderMap) -> Option<String> {
    let mut prefix = String::new();
    for part in headers.get_all(FORWARDED_PREFIX) {
        for part in part.to_str().ok()?.split(',') {
            prefix.push_str(part.trim().trim_end_matches('/'));
        }
    }
    // It becomes an address: it must not lead to another site.
    let segments = prefix.strip_prefix('/')?;
    let is_plain = |segment: &str| {
        let is_sign = |sign: u8| sign.is_ascii_alphanumeric() || b"-._~!$&'()*+;=:@%".contains(&sign);
        !matches!(segment, "" | "." | "..") && segment.bytes().all(is_sign)
    };
    segments.split('/').all(is_plain).then_some(prefix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_forwarded_prefix_is_an_address_of_the_same_site_or_ignored() {
        let prefix = |values: &[&'static str]| {
            let pairs =
                values.iter().map(|value| (FORWARDED_PREFIX.parse().unwrap(), value.parse().unwrap()));
            forwarded_prefix(&pairs.collect())
        };
        for (values, expected) in [
            (&["/ops"][..], "/ops"),
            (&["/ops/"], "/ops"),
            (&["/a/b%20c"], "/a/b%20c"),
            (&["/outer, /inner"], "/outer/inner"),
            (&["/outer", "/inner/"], "/outer/inner"),
        ] {
            assert_eq!(prefix(values).as_deref(), Some(expected), "{values:?}");
        }
        for ignored in [
            "",
            "/",
            "ops",
            "//evil.example",
            "/\\evil.example",
            "https://evil.example",
            "/a//b",
            "/a/../b",
            "/a?b",
            "/a b",
        ] {
            assert_eq!(prefix(&[ignored]), None, "{ignored}");
        }
    }
}

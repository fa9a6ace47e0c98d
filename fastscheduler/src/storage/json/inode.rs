//! Which file a name leads to.

use std::fs::{self, File, Metadata};
use std::io;
use std::path::Path;

/// A file, whatever its names are. On systems other than Unix all are alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Inode {
    device: u64,
    number: u64,
}

impl Inode {
    pub(super) fn of(file: &File) -> io::Result<Self> {
        file.metadata().map(|known| inode(&known))
    }

    /// The file that a path leads to.
    pub(super) fn at(path: &Path) -> io::Result<Self> {
        fs::metadata(path).map(|known| inode(&known))
    }

    /// Whether a path leads to it. If that cannot be looked up, it may.
    pub(super) fn is_at(self, path: &Path) -> bool {
        match Self::at(path) {
            Ok(there) => there == self,
            Err(error) => error.kind() != io::ErrorKind::NotFound,
        }
    }
}

/// How many names an open file has.
pub(super) fn names(file: &File) -> io::Result<u64> {
    #[cfg(unix)]
    let names = |known: &Metadata| std::os::unix::fs::MetadataExt::nlink(known);
    #[cfg(not(unix))]
    let names = |_: &Metadata| 1;
    file.metadata().map(|known| names(&known))
}

#[cfg(unix)]
fn inode(known: &Metadata) -> Inode {
    use std::os::unix::fs::MetadataExt as _;
    Inode { device: known.dev(), number: known.ino() }
}

#[cfg(not(unix))]
fn inode(_: &Metadata) -> Inode {
    Inode { device: 0, number: 0 }
}

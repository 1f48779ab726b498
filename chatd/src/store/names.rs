//! Names for files that must not take the place of other files.

use std::path::{Path, PathBuf};

/// Returns `path`, then the same with `-2`, `-3` and so on at its end: the names to try until one is free.
pub(super) fn numbered(path: &Path) -> impl Iterator<Item = PathBuf> {
    let path = path.to_path_buf();
    let numbers = (2_u64..).map(Some);
    std::iter::once(None).chain(numbers).map(move |number| match number {
        None => path.clone(),
        Some(number) => with_suffix(&path, &format!("-{number}")),
    })
}

/// Returns the path with more at the end of its name, such as `-wal`.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

/// Returns whether there is anything of that name, even a link that leads nowhere.
pub(super) fn is_taken(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_numbered_from_the_second_on() {
        let names: Vec<_> = numbered(Path::new("/a/b.bak")).take(3).collect();
        assert_eq!(names, ["/a/b.bak", "/a/b.bak-2", "/a/b.bak-3"].map(PathBuf::from));
    }
}

//! Where a build keeps what the next one need not find out again. Macros run in the compiler's process,
//! whose arguments tell.

use std::fs;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

/// A file, and who wrote it: no other build may believe it.
pub(crate) struct Place {
    pub(crate) file: PathBuf,
    pub(crate) writer: String,
}

/// In the folder that cargo gives a crate with a build script, or else in the one that it gives the
/// compiler for incremental builds, or else, as in a release build, beside the libraries: `cargo clean`
/// removes all of them. An editor has none.
pub(crate) fn place(root: &Path, folder: &str) -> Option<Place> {
    let arguments = || std::env::args_os().filter_map(|argument| argument.into_string().ok());
    let kept_in = match std::env::var_os("OUT_DIR") {
        Some(out) => PathBuf::from(out),
        None => incremental(arguments()).or_else(|| beside_libraries(arguments()))?,
    };
    let libraries = ours(libraries(arguments()));
    let writer = written(&libraries)?;
    // The crates of a workspace, `cargo check` and `cargo build` share a folder.
    let mut hasher = DefaultHasher::new();
    (root, folder, libraries).hash(&mut hasher);
    let file = kept_in.join(format!("lokstra-{:016x}.checked", hasher.finish()));
    Some(Place { file, writer })
}

fn incremental(arguments: impl Iterator<Item = String>) -> Option<PathBuf> {
    let mut options = options(arguments, "-C");
    options.find_map(|option| option.strip_prefix("incremental=").map(PathBuf::from))
}

fn beside_libraries(arguments: impl Iterator<Item = String>) -> Option<PathBuf> {
    options(arguments, "--out-dir").next().map(|folder| folder.trim_start_matches('=').into())
}

/// The libraries that the crate uses itself.
fn libraries(arguments: impl Iterator<Item = String>) -> Vec<PathBuf> {
    let libraries = options(arguments, "--extern");
    libraries.filter_map(|library| library.split_once('=').map(|(_, path)| path.into())).collect()
}

/// The one that brings the macro, or all if a library of the user's does: each is built again when
/// the macro is, be it of another version, of other features or of changed sources.
fn ours(libraries: Vec<PathBuf>) -> Vec<PathBuf> {
    let is_ours = |path: &&PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str());
        name.is_some_and(|name| name.starts_with("liblokstra-"))
    };
    let ours: Vec<_> = libraries.iter().filter(is_ours).cloned().collect();
    if ours.is_empty() { libraries } else { ours }
}

/// When the libraries were built.
fn written(libraries: &[PathBuf]) -> Option<String> {
    let times = libraries.iter().map(|path| {
        let metadata = fs::metadata(path).ok()?;
        let time = metadata.modified().ok()?.duration_since(UNIX_EPOCH).ok()?;
        Some(format!("{} {}", time.as_nanos(), metadata.len()))
    });
    let times: Vec<_> = times.collect::<Option<_>>()?;
    (!times.is_empty()).then(|| times.join(", "))
}

/// The values of an option: `-C x` and `-Cx`.
fn options(
    mut arguments: impl Iterator<Item = String>,
    name: &str,
) -> impl Iterator<Item = String> {
    std::iter::from_fn(move || {
        loop {
            match arguments.next()?.strip_prefix(name) {
                Some("") => return arguments.next(),
                Some(value) => return Some(value.to_owned()),
                None => {}
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(line: &str) -> impl Iterator<Item = String> {
        line.split(' ').map(str::to_owned)
    }

    #[test]
    fn the_folder_of_incremental_builds_is_an_argument_of_the_compiler() {
        for line in ["rustc -C metadata=1 -C incremental=/t/inc -L x", "rustc -Cincremental=/t/inc"]
        {
            assert_eq!(incremental(arguments(line)), Some("/t/inc".into()), "{line}");
        }
    }

    #[test]
    fn a_build_that_is_not_incremental_has_no_such_folder() {
        for line in
            ["rustc -C opt-level=3 --cfg incremental=x", "rust-analyzer-proc-macro-srv", "-C"]
        {
            assert_eq!(incremental(arguments(line)), None, "{line}");
        }
    }

    #[test]
    fn a_release_build_has_the_folder_of_its_libraries() {
        for line in ["rustc -C opt-level=3 --out-dir /t/deps -L x", "rustc --out-dir=/t/deps"] {
            assert_eq!(beside_libraries(arguments(line)), Some("/t/deps".into()), "{line}");
        }
    }

    #[test]
    fn the_library_that_brings_the_macro_is_known_by_its_name_and_else_any_may_be() {
        let line = "rustc --extern own=/d/libown-1.rlib --extern priv:l=/d/liblokstra-2.rlib -L x";
        let found = libraries(arguments(line));
        assert_eq!(found, ["/d/libown-1.rlib", "/d/liblokstra-2.rlib"].map(PathBuf::from));
        assert_eq!(ours(found), [PathBuf::from("/d/liblokstra-2.rlib")]);
        let others =
            vec![PathBuf::from("/d/libown-1.rlib"), PathBuf::from("/d/liblokstra_core-1.rlib")];
        assert_eq!(ours(others.clone()), others);
    }

    #[test]
    fn without_a_library_nobody_knows_who_wrote_the_file() {
        assert_eq!(written(&[]), None);
        assert_eq!(written(&["/nowhere/liblokstra-1.rlib".into()]), None);
        assert!(written(&[std::env::current_exe().unwrap()]).is_some());
    }
}

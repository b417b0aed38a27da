//! From a folder, on a disk or in memory, to its files and their text, before any rule.

pub(crate) mod decode;
pub(crate) mod folder;
pub(crate) mod layout;
pub(crate) mod parallel;

/// One spelling for `migrations`, `./migrations` and `migrations/`.
pub(crate) fn normalized(folder: &str) -> String {
    let folder = folder.replace('\\', "/");
    let absolute = folder.starts_with('/');
    let parts: Vec<_> = folder.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
    match (absolute, parts.join("/")) {
        (true, path) => format!("/{path}"),
        (false, path) if path.is_empty() => ".".to_owned(),
        (false, path) => path,
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_folder_has_one_spelling() {
        for (given, path) in [
            ("migrations", "migrations"),
            ("./migrations/", "migrations"),
            ("db//migrations/.", "db/migrations"),
            ("../migrations", "../migrations"),
            ("/srv/migrations/", "/srv/migrations"),
            (".", "."),
            ("", "."),
        ] {
            assert_eq!(super::normalized(given), path, "{given}");
        }
    }
}

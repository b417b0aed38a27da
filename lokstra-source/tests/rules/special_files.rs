//! Links, devices, folders in place of files, and what lies outside of the folder.

use crate::files::SQL;
use crate::folder::folder;
use insta::assert_snapshot;
use lokstra_source::Loader;

/// With a good migration, 002 of which the up script is a link there.
#[cfg(unix)]
fn linked(target: &str) -> tempfile::TempDir {
    let root = folder(&[
        ("001_a.up.sql", SQL),
        ("001_a.down.sql", SQL),
        ("002_b.down.sql", SQL),
        ("../.env", "DB_PASSWORD=hunter2\n$hunter2$"),
        ("../shared.sql", "CREATE TABLE shared ();"),
    ]);
    let link = root.path().join("migrations/002_b.up.sql");
    std::os::unix::fs::symlink(target, link).unwrap();
    root
}

#[cfg(unix)]
#[test]
fn what_is_no_regular_file_is_not_opened() {
    let root = linked("/dev/zero");
    assert_snapshot!(Loader::new(root.path(), "migrations").load().unwrap_err(), @"
    error: migrations/002_b.up.sql: cannot be read: not a regular file [unreadable]
      help: put a regular file there, or remove it
    ");
    for name in ["002_b.up.sql", "migration.yaml", "lokstra.lock"] {
        let path = root.path().join("migrations").join(name);
        std::fs::remove_file(&path).ok();
        let made = std::process::Command::new("mkfifo").arg(&path).status().unwrap();
        assert!(made.success());
        let told = Loader::new(root.path(), "migrations").load().unwrap_err().to_string();
        let expected = format!("migrations/{name}: cannot be read: not a regular file");
        assert!(told.contains(&expected), "{told}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_link_to_a_file_of_the_kernel_is_an_error_and_not_read() {
    let root = linked("/proc/version");
    for name in ["002_b.up.sql", "migration.yaml", "lokstra.lock"] {
        let path = root.path().join("migrations").join(name);
        if !path.exists() {
            std::os::unix::fs::symlink("/proc/kmsg", &path).unwrap();
        }
        let told = Loader::new(root.path(), "migrations").load().unwrap_err().to_string();
        let expected = format!("migrations/{name}: cannot be read: ");
        assert!(told.contains(&expected) && !told.contains("Linux"), "{told}");
        std::fs::remove_file(&path).unwrap();
    }
}

#[test]
fn a_folder_named_like_a_file_is_an_error() {
    for name in ["002_d.up.sql", "002_d.sql", "migration.yaml", "lokstra.lock"] {
        let root = folder(&[("001_a.up.sql", SQL), ("001_a.down.sql", SQL)]);
        std::fs::create_dir(root.path().join("migrations").join(name)).unwrap();
        let told = Loader::new(root.path(), "migrations").load().unwrap_err().to_string();
        let expected = format!(
            "error: migrations/{name}: this is a folder, not a file [unreadable]\n  \
             help: rename the folder, or put a file of this name in its place"
        );
        assert_eq!(told, expected);
    }
}

#[cfg(unix)]
#[test]
fn a_file_without_an_end_is_refused_by_its_length() {
    let root = linked("../endless");
    let endless = std::fs::File::create(root.path().join("endless")).unwrap();
    endless.set_len(1 << 40).unwrap();
    assert_snapshot!(Loader::new(root.path(), "migrations").load().unwrap_err(), @"
    error: migrations/002_b.up.sql: cannot be read: longer than 128 MiB [unreadable]
      help: split it, or remove it
    ");
    std::fs::remove_file(root.path().join("migrations/002_b.up.sql")).unwrap();
    let endless = std::fs::File::create(root.path().join("migrations/migration.yaml")).unwrap();
    endless.set_len(2 << 20).unwrap();
    let told = Loader::new(root.path(), "migrations").load().unwrap_err().to_string();
    assert!(told.contains("migration.yaml: cannot be read: longer than 1 MiB"), "{told}");
}

#[cfg(unix)]
#[test]
fn no_line_of_a_file_outside_of_the_folder_is_shown() {
    let root = linked("../.env");
    assert_snapshot!(Loader::new(root.path(), "migrations").load().unwrap_err(), @"
    error: migrations/002_b.up.sql:2:1: the text here has a problem and is not shown: a link leads out of the folder to this file [unterminated]
      help: inspect the file that the link leads to, or put a copy into the folder
    ");
    for name in ["lokstra.lock", "migration.yaml", "002_b.down.sql"] {
        let path = root.path().join("migrations").join(name);
        std::fs::remove_file(&path).ok();
        std::os::unix::fs::symlink("../.env", path).unwrap();
        let told = Loader::new(root.path(), "migrations").load().unwrap_err();
        let text =
            format!("{told} {:?}", told.iter().map(|it| (it.message(), it.help())).next_back());
        assert!(text.contains(name) && !text.contains("hunter2"), "{text}");
    }
    std::fs::create_dir(root.path().join("other")).unwrap();
    std::fs::copy(root.path().join(".env"), root.path().join("other/migration.yaml")).unwrap();
    std::os::unix::fs::symlink("../other", root.path().join("migrations/01_x")).unwrap();
    let told = Loader::new(root.path(), "migrations").load().unwrap_err().to_string();
    assert!(told.contains("01_x/migration.yaml") && !told.contains("hunter2"), "{told}");
}

#[cfg(unix)]
#[test]
fn a_link_leads_to_a_script() {
    assert_eq!(
        Loader::new(linked("../shared.sql").path(), "migrations").load().unwrap().warnings,
        []
    );
    let root = linked("001_a.down.sql");
    std::os::unix::fs::symlink("migrations", root.path().join("link")).unwrap();
    std::fs::write(root.path().join("migrations/001_a.down.sql"), "SELEC 1;").unwrap();
    let told = Loader::new(root.path(), "link").load().unwrap_err().to_string();
    assert!(told.contains("SELEC 1;"), "a link within the folder: {told}");
}

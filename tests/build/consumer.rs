//! A new user: a crate somewhere else that depends on `lokstra` by path and embeds its own folder.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use lokstra_scratch::Server;
use tempfile::TempDir;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The first code of this kind in the README, as it stands there.
fn readme(kind: &str) -> String {
    let readme = fs::read_to_string(Path::new(ROOT).join("README.md")).unwrap();
    let (_, rest) = readme.split_once(&format!("```{kind}\n")).unwrap();
    rest.split_once("```").unwrap().0.to_owned()
}

fn crate_with_migrations(name: &str) -> TempDir {
    let dir = TempDir::new().unwrap();
    write_crate(name, dir.path());
    dir
}

fn write_crate(name: &str, dir: &Path) {
    let manifest = format!(
        "[package]\nname = {name:?}\nversion = \"0.1.0\"\nedition = \"2024\"\n\n\
         [dependencies]\nlokstra = {{ path = {ROOT:?} }}\n\n[workspace]\n"
    );
    fs::write(dir.join("Cargo.toml"), manifest).unwrap();
    // The same versions as ours, so that nothing is looked up.
    fs::copy(Path::new(ROOT).join("Cargo.lock"), dir.join("Cargo.lock")).unwrap();
    fs::create_dir_all(dir.join("src")).unwrap();
    fs::write(dir.join("src/main.rs"), readme("rust,no_run")).unwrap();
    fs::create_dir(dir.join("migrations")).unwrap();
    for (name, sql) in [
        ("001_create_users.up.sql", "CREATE TABLE users (id bigint PRIMARY KEY);\n"),
        ("001_create_users.down.sql", "DROP TABLE users;\n"),
    ] {
        fs::write(dir.join("migrations").join(name), sql).unwrap();
    }
}

fn target() -> std::path::PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("consumer")
}

fn build(dir: &Path) -> Output {
    Command::new(env!("CARGO"))
        .args(["build", "--color", "never"])
        .current_dir(dir)
        .env("CARGO_TARGET_DIR", target())
        .output()
        .unwrap()
}

fn built(dir: &Path) -> String {
    let output = build(dir);
    let shown = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{shown}");
    shown
}

fn run(name: &str, url: &str) -> String {
    let elsewhere = TempDir::new().unwrap();
    let output = Command::new(target().join("debug").join(name))
        .current_dir(elsewhere.path())
        .env("DATABASE_URL", url)
        .output()
        .unwrap();
    let shown = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{shown}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn a_crate_elsewhere_rebuilds_with_its_migrations_and_runs_without_them() {
    let dir = crate_with_migrations("consumer");
    let file = |name: &str| dir.path().join("migrations").join(name);
    built(dir.path());
    assert!(!built(dir.path()).contains("Compiling"), "nothing has changed");

    // Edited.
    fs::write(file("001_create_users.up.sql"), "CREATE TABLE users (id int PRIMARY KEY);\n")
        .unwrap();
    assert!(built(dir.path()).contains("Compiling consumer"));
    // Renamed.
    for direction in ["up", "down"] {
        let from = file(&format!("001_create_users.{direction}.sql"));
        fs::rename(from, file(&format!("002_create_people.{direction}.sql"))).unwrap();
    }
    assert!(built(dir.path()).contains("Compiling consumer"));
    // Removed.
    fs::remove_file(file("002_create_people.down.sql")).unwrap();
    let output = build(dir.path());
    let shown = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success());
    assert!(shown.contains("create migrations/002_create_people.down.sql"), "{shown}");
    // And right again.
    fs::write(file("002_create_people.down.sql"), "DROP TABLE users;\n").unwrap();
    built(dir.path());

    let database = Server::shared().unwrap().database().unwrap();
    drop(dir);
    let shown = run("consumer", database.url());
    assert!(shown.starts_with("migrations: 1 applied, now at version 002\n"), "{shown}");
    assert_eq!(run("consumer", database.url()), "migrations: nothing to do, at version 002\n");
}

#[test]
fn a_crate_in_a_folder_with_an_unusual_name_builds_and_is_rebuilt() {
    let parent = TempDir::new().unwrap();
    let dir = parent.path().join(r#"it's "my" \folder, ä"#);
    fs::create_dir(&dir).unwrap();
    write_crate("oddly", &dir);
    built(&dir);
    fs::write(dir.join("migrations/001_create_users.down.sql"), "DROP TABLE public.users;\n")
        .unwrap();
    assert!(built(&dir).contains("Compiling oddly"));
    assert!(!built(&dir).contains("Compiling"), "nothing has changed");
}

/// Both files of a migration.
fn add(dir: &Path, name: &str) {
    for direction in ["up", "down"] {
        let path = dir.join("migrations").join(format!("{name}.{direction}.sql"));
        fs::write(path, "SELECT 1;\n").unwrap();
    }
}

#[test]
fn a_new_file_is_reported_by_the_old_program_and_found_by_a_build_script() {
    let dir = crate_with_migrations("newcomer");
    let database = Server::shared().unwrap().database().unwrap();
    built(dir.path());
    add(dir.path(), "002_new");
    // Stable Rust watches files, not folders.
    assert!(!built(dir.path()).contains("Compiling"));
    let shown = run("newcomer", database.url());
    insta::assert_snapshot!(shown.split_once("\n  warning: ").unwrap().1, @r#"
    the program is older than its migrations: migrations/002_new.down.sql is not in the binary, migrations/002_new.up.sql is not in the binary
        help: build again after touching the source file with embed_migrations!, or add a build.rs with println!("cargo:rerun-if-changed=migrations");
    "#);

    fs::write(dir.path().join("build.rs"), readme("rs")).unwrap();
    built(dir.path());
    let shown = run("newcomer", database.url());
    assert!(shown.contains("now at version 002") && !shown.contains("warning"), "{shown}");
    add(dir.path(), "003_newer");
    assert!(built(dir.path()).contains("Compiling newcomer"));
    assert!(run("newcomer", database.url()).contains("now at version 003"));
}

/// A workspace with one member, `services/api`.
fn workspace(name: &str) -> (TempDir, std::path::PathBuf) {
    let root = TempDir::new().unwrap();
    let member = root.path().join("services/api");
    fs::create_dir_all(&member).unwrap();
    write_crate(name, &member);
    let manifest = fs::read_to_string(member.join("Cargo.toml")).unwrap();
    fs::write(member.join("Cargo.toml"), manifest.replace("\n[workspace]\n", "")).unwrap();
    fs::rename(member.join("Cargo.lock"), root.path().join("Cargo.lock")).unwrap();
    let manifest = "[workspace]\nmembers = [\"services/api\"]\nresolver = \"3\"\n";
    fs::write(root.path().join("Cargo.toml"), manifest).unwrap();
    (root, member)
}

#[test]
fn an_error_in_a_member_names_its_file_from_the_root_of_the_workspace() {
    let (root, member) = workspace("member");
    fs::write(member.join("migrations/001_create_users.up.sql"), "CREATE TABLE users (;\n")
        .unwrap();
    fs::remove_file(member.join("migrations/001_create_users.down.sql")).unwrap();
    for folder in [root.path(), member.as_path()] {
        let output = build(folder);
        let shown = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success());
        assert!(shown.contains("services/api/migrations/001_create_users.up.sql:1:"), "{shown}");
        let help = "help: create services/api/migrations/001_create_users.down.sql;";
        assert!(shown.contains(help), "{shown}");
        let errors = shown.split_once("error").unwrap().1;
        assert!(!errors.contains(&*root.path().to_string_lossy()), "{shown}");
    }
}

#[test]
fn the_remedy_for_a_stale_build_names_a_folder_outside_of_the_crate() {
    let (root, member) = workspace("outside");
    fs::rename(member.join("migrations"), root.path().join("migrations")).unwrap();
    let program = readme("rust,no_run").replace("!(\"migrations\")", "!(\"../../migrations\")");
    fs::write(member.join("src/main.rs"), program).unwrap();
    built(&member);
    add(root.path(), "002_new");
    let database = Server::shared().unwrap().database().unwrap();
    let shown = run("outside", database.url());
    let remedy = "add a build.rs with println!(\"cargo:rerun-if-changed=../../migrations\");";
    assert!(
        shown.contains("the program is older than its migrations") && shown.contains(remedy),
        "{shown}"
    );
    // As typed, it works.
    let script = readme("rs").replace("=migrations", "=../../migrations");
    fs::write(member.join("build.rs"), script).unwrap();
    built(&member);
    add(root.path(), "003_newer");
    assert!(built(&member).contains("Compiling outside"));
}

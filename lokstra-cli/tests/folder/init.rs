//! From an empty crate to one that migrates its database.

use std::fs;
use std::path::Path;
use std::process::Command;

use crate::project::{Project, shown};
use insta::assert_snapshot;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// As `cargo init` leaves it.
fn project() -> Project {
    let project = Project::new(&[]);
    fs::remove_dir(project.path("migrations")).unwrap();
    let manifest =
        "[package]\nname = \"begun\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\n";
    project.write("Cargo.toml", manifest);
    fs::create_dir(project.path("src")).unwrap();
    project.write("src/main.rs", "fn main() {\n    println!(\"Hello, world!\");\n}\n");
    project
}

/// What was printed under this heading.
fn printed<'t>(shown: &'t str, heading: &str) -> &'t str {
    let (_, rest) = shown.split_once(heading).unwrap();
    rest.split_once('\n').unwrap().1
}

#[test]
fn init_makes_the_files_and_prints_the_lines() {
    let project = project();
    assert_snapshot!(project.lokstra_alone("migration init"), @r#"
    created  migrations/migration.yaml
    created  migrations/001_create_users.up.sql
    created  migrations/001_create_users.down.sql
    created  migrations/lokstra.lock
    created  build.rs

    # Cargo.toml, under [dependencies]
    lokstra = { version = "0.1", features = ["cli"] }

    // src/main.rs
    use std::process::ExitCode;

    use lokstra::{Error, Migrations, Pools, Summary, embed_migrations};

    static MIGRATIONS: Migrations = embed_migrations!("migrations");

    fn main() -> ExitCode {
        // The command: `program migration status`.
        if let Some(exit) = lokstra::cli::run(&MIGRATIONS) {
            return exit.into();
        }
        // At boot, before serving.
        match migrate() {
            Ok(summary) => println!("{summary}"),
            Err(error) => {
                eprintln!("{error}");
                return ExitCode::FAILURE;
            }
        }
        ExitCode::SUCCESS
    }

    /// Applies what is pending. DATABASE_URL says where.
    fn migrate() -> Result<Summary, Error> {
        MIGRATIONS.up_pools(&Pools::from_env()?)
    }

    #[cfg(test)]
    mod tests {
        #[test]
        fn the_migrations_are_current() {
            lokstra::testing::assert_current(&super::MIGRATIONS);
        }
    }
    "#);
    assert_eq!(
        project.files("migrations"),
        ["001_create_users.down.sql", "001_create_users.up.sql", "lokstra.lock", "migration.yaml"]
    );
    assert!(!project.lokstra_alone("migration lint").contains("exit code"));
}

#[test]
fn a_second_time_it_changes_nothing_and_says_so() {
    let project = project();
    project.lokstra_alone("migration init");
    project.write("migrations/migration.yaml", "description: mine\n");
    let shown = project.lokstra_alone("migration init -name create_orders");
    assert_snapshot!(shown.split_once("\n\n").unwrap().0, @"
    kept     migrations, which has migrations
    kept     build.rs, which exists
    nothing was changed
    ");
    let settings = fs::read_to_string(project.path("migrations/migration.yaml")).unwrap();
    assert_eq!(settings, "description: mine\n");
    assert_eq!(project.files("migrations").len(), 4);
}

#[test]
fn a_build_script_that_is_there_stays_and_its_line_is_printed() {
    let project = project();
    project.write("build.rs", "fn main() {}\n");
    let shown = project.lokstra_alone("migration init");
    assert!(shown.contains("kept     build.rs, which exists"), "{shown}");
    assert_eq!(
        printed(&shown, "// build.rs").lines().next().unwrap(),
        "    println!(\"cargo:rerun-if-changed=migrations\");"
    );
    assert_eq!(fs::read_to_string(project.path("build.rs")).unwrap(), "fn main() {}\n");
}

#[test]
fn outside_of_a_crate_nothing_is_made() {
    let project = Project::new(&[]);
    assert_snapshot!(project.lokstra_alone("migration init -dir m"), @"
    -- standard error --
    error: there is no Cargo.toml here
      help: run it in the folder of a crate (`cargo init` creates one); without a crate: lokstra migration create NAME
    -- exit code 3 --
    ");
    assert!(!project.path("m").exists());
}

#[test]
fn the_lines_make_a_crate_that_compiles_tests_and_migrates() {
    let project = project();
    let shown = project.lokstra_alone("migration init");
    let line = printed(&shown, "# Cargo.toml").lines().next().unwrap();
    let by_path = line.replace("version = \"0.1\"", &format!("path = {ROOT:?}"));
    assert_ne!(by_path, line);
    let manifest = fs::read_to_string(project.path("Cargo.toml")).unwrap();
    project.write("Cargo.toml", &format!("{manifest}{by_path}\n\n[workspace]\n"));
    project.write("src/main.rs", printed(&shown, "// src/main.rs"));
    // The same versions as ours, so that nothing is looked up.
    fs::copy(Path::new(ROOT).join("Cargo.lock"), project.path("Cargo.lock")).unwrap();
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("consumer");
    let cargo = |verb: &[&str]| {
        let mut command = Command::new(env!("CARGO"));
        command.args(verb).current_dir(project.dir.path()).env("CARGO_TARGET_DIR", &target);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    cargo(&["test"]);
    cargo(&["build"]);
    let run = |arguments: &[&str]| {
        let mut command = Command::new(target.join("debug/begun"));
        command.env("DATABASE_URL", project.database.url());
        self::shown(command.args(arguments), &project.database)
    };
    assert_snapshot!(run(&[]), @"
    migrations: 1 applied, now at version 001
      up   001_create_users (… ms)
    1 succeeded, 0 failed, 0 skipped
    ");
    assert_snapshot!(run(&["migration", "status"]), @"
    Migration Status:
    =================
    [✓] 001: create_users

    Total: 1 migration, 1 applied, 0 pending
    ");
}

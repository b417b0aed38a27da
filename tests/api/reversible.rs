//! `assert_reversible`, in the tests of a program that embeds migrations.

use std::process::Command;

use lokstra::testing::assert_reversible;
use lokstra::{Migrations, embed_migrations};

use lokstra_test_support::{column, database, set};

static ECOMMERCE: Migrations = embed_migrations!("migrations");

/// Chooses what the test does in a process of its own, whose environment names a server or does not.
const ROLE: &str = "LOKSTRA_TEST_ROLE";

fn again(test: impl Fn()) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .args(["--exact", lokstra_test_support::name_of(test), "--nocapture"])
        .env(ROLE, "child");
    command.env_remove("LOKSTRA_TEST_URL").env_remove("DATABASE_URL");
    command
}

fn is_child() -> bool {
    std::env::var_os(ROLE).is_some()
}

#[test]
fn every_down_of_the_example_undoes_its_up_on_a_throw_away_server() {
    if is_child() {
        return assert_reversible(&ECOMMERCE);
    }
    let test = every_down_of_the_example_undoes_its_up_on_a_throw_away_server;
    let output = again(test).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn it_works_beside_the_database_of_the_environment_and_inside_tokio() {
    if is_child() {
        let runtime = tokio::runtime::Runtime::new().unwrap();
        return runtime.block_on(async { assert_reversible(&ECOMMERCE) });
    }
    let database = database();
    let test = it_works_beside_the_database_of_the_environment_and_inside_tokio;
    let output = again(test)
        .env("LOKSTRA_SCRATCH_BIN", "/nowhere")
        .env("DATABASE_URL", database.url())
        .output();
    let output = output.unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let touched = column(&mut database.client().unwrap(), "SELECT to_regclass('users')");
    assert_eq!(touched, "NULL");
}

#[test]
fn the_panic_says_what_is_not_undone() {
    if is_child() {
        return assert_reversible(&set(&[("001_a", "CREATE TABLE a ();", "SELECT 1;")]));
    }
    let database = database();
    let mut child = again(the_panic_says_what_is_not_undone);
    let output = child.env("LOKSTRA_TEST_URL", database.url()).output().unwrap();
    let shown = String::from_utf8(output.stderr).unwrap();
    let panic: Vec<_> = shown.lines().skip_while(|line| !line.contains("undo its up")).collect();
    let panic = panic.join("\n").replace(&format!("SQL {}", database.server().version()), "SQL …");
    let shown = panic.split("\nnote: ").next().unwrap().split("\nstack ").next().unwrap();
    insta::assert_snapshot!(shown, @r#"
    a down does not undo its up
    migrations/001_a.down.sql: 001_a is not undone by its down
      table public.a is still there
        help: DROP TABLE public.a;
      so it cannot be applied again: relation "a" already exists
    migrations: of 1 migration verified, 1 is not reversible: 001 (PostgreSQL …)
    "#);
}

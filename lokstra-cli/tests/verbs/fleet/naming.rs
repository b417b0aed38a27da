//! What `-targets` names, and what of it is shown.

use insta::assert_snapshot;

use super::{Fleet, UP};
use crate::project::{Project, output_of};

#[test]
fn no_password_is_shown() {
    let fleet = Fleet::new(&["001_a"]);
    fleet.project.write(
        "targets.txt",
        "postgres://someone:hunter2@127.0.0.1:1/shop\n\
         acme host=127.0.0.1 port=1 dbname=acme password=hunter2\n\
         wrong postgres://someone:hunter2@/extra@127.0.0.1:1/shop\n\
         postgres:/someone:hunter2@127.0.0.1/shop\n",
    );
    for arguments in ["", " -json"] {
        let shown = fleet.lokstra(&format!("{UP} -connect-wait 0s{arguments}"));
        assert!(shown.contains("127.0.0.1:1/shop") && shown.contains("acme"), "{shown}");
        assert!(!shown.contains("hunter2"), "{shown}");
    }
    let shown = fleet.lokstra(&format!("{UP} -connect-wait 0s"));
    assert_snapshot!(shown, @"
    0 done, 4 failed
    -- standard error --
    127.0.0.1:1/shop: failed: no connection to 127.0.0.1:1/shop: error connecting to server: Connection refused (os error 111)
    acme: failed: no connection to 127.0.0.1:1/acme: error connecting to server: Connection refused (os error 111)
    wrong: failed: the connection string cannot be used: it is neither a URL nor a list of key=value
    targets.txt:4: failed: the connection string cannot be used: it is neither a URL nor a list of key=value
    error: not done: 4 of 4 targets
      127.0.0.1:1/shop: no connection to 127.0.0.1:1/shop: error connecting to server: Connection refused (os error 111)
          help: check that the server runs and listens there; inside a container, `localhost` is the container itself and not its host
      acme: no connection to 127.0.0.1:1/acme: error connecting to server: Connection refused (os error 111)
          help: check that the server runs and listens there; inside a container, `localhost` is the container itself and not its host
      wrong: the connection string cannot be used: it is neither a URL nor a list of key=value
          help: it looks like postgres://user:password@host:5432/database, where `@`, `:`, `/`, `?` and `%` of a password are percent-encoded (`@` as %40), or like host=… dbname=… password='…'
      targets.txt:4: the connection string cannot be used: it is neither a URL nor a list of key=value
          help: it looks like postgres://user:password@host:5432/database, where `@`, `:`, `/`, `?` and `%` of a password are percent-encoded (`@` as %40), or like host=… dbname=… password='…'
      help: run the same command again to continue: a finished target costs a connection and one query
    -- exit code 2 --
    ");
}

#[test]
fn a_file_of_targets_that_cannot_be_meant_is_refused_before_anything_runs() {
    let fleet = Fleet::new(&["001_a"]);
    assert_snapshot!(fleet.lokstra("migration up -targets nowhere.txt"), @"
    -- standard error --
    error: nowhere.txt: the targets cannot be read: No such file or directory (os error 2)
      help: give -targets a file with a URL per line, optionally after a name, or pool:PATTERN
    -- exit code 3 --
    ");
    fleet.project.write("targets.txt", "# no target\n\n");
    assert_snapshot!(fleet.lokstra(UP), @"
    -- standard error --
    error: targets.txt: the file has no target
      help: write a URL, or a name and a URL, per line
    -- exit code 3 --
    ");
    let lines = fleet.lines();
    fleet.project.write("targets.txt", &format!("# ours\n{}\n{}\n", lines[0], lines[0]));
    assert_snapshot!(fleet.lokstra(UP), @"
    -- standard error --
    error: targets.txt:3: a is already the target of line 2
      help: delete one of the lines, or give them names: a word before the URL
    -- exit code 3 --
    ");
    assert_snapshot!(fleet.lokstra("migration up -targets pool:tenant_*"), @"
    -- standard error --
    error: no pool has a name like tenant_*
      pools: none
    -- exit code 3 --
    ");
    assert_snapshot!(fleet.lokstra("migration up -jobs 2"), @"
    -- standard error --
    error: the following required arguments were not provided:
      <-targets <FILE>|-schemas <QUERY>>

    Usage: lokstra migration up -jobs <N> <-targets <FILE>|-schemas <QUERY>>

    For more information, try '-help'.
    -- exit code 3 --
    ");
}

#[test]
fn pools_are_targets_by_a_pattern_or_by_a_line() {
    let fleet = Fleet::new(&["001_a"]);
    let with_pools = |arguments: &str| {
        let mut command = fleet.project.command();
        for (name, database) in ["TENANT_A", "TENANT_B", "MAIN"].iter().zip(&fleet.databases) {
            command.env(format!("LOKSTRA_DSN_{name}"), database.url());
        }
        command.env("LOKSTRA_DSN_TENANT_A_DIRECT", fleet.databases[0].url());
        let output = command.args(arguments.split(' ')).output().unwrap();
        output_of(output, &fleet.project.database)
    };
    assert_snapshot!(with_pools("migration up -targets pool:tenant_* -jobs 1"), @"
    tenant_a: 1 migration applied. Current version: 001 (… ms)
    tenant_b: 1 migration applied. Current version: 001 (… ms)
    2 done, 0 failed
    ");
    fleet.project.write("targets.txt", "main\ntenant_c\n");
    assert_snapshot!(with_pools(UP), @"
    main: 1 migration applied. Current version: 001 (… ms)
    1 done, 1 failed
    -- standard error --
    tenant_c: failed: database pool not found: `tenant_c`
    error: not done: 1 of 2 targets
      tenant_c: database pool not found: `tenant_c`
          pools: main, tenant_a, tenant_a_direct, tenant_b
          help: define it under `service-definitions` of config.yaml, or set LOKSTRA_DSN_TENANT_C
      help: run the same command again to continue: a finished target costs a connection and one query
    -- exit code 2 --
    ");
}

#[test]
fn a_folder_of_several_databases_asks_for_one() {
    let project = Project::new(&[]);
    project.add("migrations/01_main", &["001_a"]);
    project.add("migrations/02_log", &["001_a"]);
    project.write("migrations/01_main/migration.yaml", "dbpool-name: main\n");
    project.write("migrations/02_log/migration.yaml", "dbpool-name: log\n");
    project.write("targets.txt", &format!("a {}\n", project.database.url()));
    assert_snapshot!(project.lokstra_alone(UP), @"
    -- standard error --
    error: migrations has several databases
      databases: 01_main, 02_log
      help: choose one: -dir migrations/01_main
    -- exit code 3 --
    ");
    assert_snapshot!(project.lokstra_alone(&format!("{UP} -dir migrations/02_log")), @"
    a: 1 migration applied. Current version: 001 (… ms)
    1 done, 0 failed
    ");
}

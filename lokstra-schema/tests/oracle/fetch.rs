//! Migrations that published packages ship. They are not ours to keep: the packages are downloaded into a
//! cache outside of this repository, and only their names and versions are here.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

#[derive(Clone, Copy)]
enum Registry {
    Crates,
    Npm,
    PyPi,
}

use Registry::{Crates, Npm, PyPi};

/// Tables and schemas that the tool of a package makes before its migrations.
const GRAPHILE: &str = "CREATE SCHEMA graphile_worker; \
    CREATE TABLE graphile_worker.migrations (id int PRIMARY KEY, ts timestamptz DEFAULT now() NOT NULL);";
const SQLX: &str = "CREATE TABLE _sqlx_migrations (version bigint PRIMARY KEY, description text NOT NULL, \
    installed_on timestamptz NOT NULL DEFAULT now(), success boolean NOT NULL, checksum bytea NOT NULL, \
    execution_time bigint NOT NULL);";

/// What the migrations of these packages need.
pub(crate) fn made_before(set: &str) -> Option<&'static str> {
    match set {
        _ if set.contains("graphile") => Some(GRAPHILE),
        _ if set.contains("underway") => Some(SQLX),
        _ => None,
    }
}

/// Where a package is, its name, its version and the folder of its migrations.
const PACKAGES: &[(Registry, &str, &str, &str)] = &[
    (Crates, "apalis-postgres", "1.0.0", "migrations"),
    (Crates, "atuin-server-postgres", "18.20.1", "migrations"),
    (Crates, "atuin-server", "18.24.4", "src/db/postgres/migrations"),
    (Crates, "backie", "0.9.0", "migrations"),
    (Crates, "cala-ledger", "0.33.3", "migrations"),
    (Crates, "cdk-sql-common", "0.18.3", "src/mint/migrations/postgres"),
    (Crates, "cdk-sql-common", "0.18.3", "src/wallet/migrations/postgres"),
    (Crates, "cdk-sql-common", "0.18.3", "src/mint/auth/migrations/postgres"),
    (Crates, "eventually-postgres", "0.2.0", "src/migrations"),
    (Crates, "fang", "0.11.0", "postgres_migrations/migrations"),
    (Crates, "graphile_worker_migrations", "0.4.24", "src/sql"),
    (Crates, "job", "0.19.2", "migrations"),
    (Crates, "lemmy_server", "0.17.4", "migrations"),
    (
        Crates,
        "ockam_node",
        "0.139.0",
        "src/storage/database/migrations/node_migrations/sql/postgres",
    ),
    (Crates, "quickwit-metastore", "0.3.0", "migrations/postgresql"),
    (Crates, "sqlxmq", "0.6.0", "migrations"),
    (Crates, "underway", "0.2.0", "migrations"),
    (Crates, "zksync_dal", "29.13.0-non-semver-compat", "migrations"),
    (Crates, "zksync_prover_dal", "0.1.0", "migrations"),
    (Npm, "graphile-worker", "0.17.3", "sql"),
    (PyPi, "litellm-proxy-extras", "0.4.110", "litellm_proxy_extras/migrations"),
    (PyPi, "procrastinate", "3.10.0", "procrastinate/sql/migrations"),
];

/// The folders of all packages.
pub(crate) fn folders() -> Vec<PathBuf> {
    let folder = |&(registry, name, version, folder): &(Registry, &str, &str, &str)| {
        let folder = package(registry, name, version).join(folder);
        assert!(folder.is_dir(), "{} is not there", folder.display());
        folder
    };
    PACKAGES.iter().map(folder).collect()
}

/// What is in a package, in the cache.
fn package(registry: Registry, name: &str, version: &str) -> PathBuf {
    let cache = env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.or_else(|| Some(env::home_dir()?.join(".cache"))).unwrap();
    let cache = cache.join("lokstra-test-sets");
    let target = cache.join(format!("{name}-{version}").replace('/', "_"));
    if !target.is_dir() {
        fs::create_dir_all(&cache).unwrap();
        let staged = tempfile::TempDir::new_in(&cache).unwrap();
        let script = match registry {
            Crates => {
                "cargo info --quiet \"$0@$1\" >/dev/null && \
                 tar -xzf \"${CARGO_HOME:-$HOME/.cargo}\"/registry/cache/*/\"$0-$1.crate\" --strip-components 1"
            }
            Npm => "npm pack --silent \"$0@$1\" && tar -xzf ./*.tgz --strip-components 1",
            PyPi => "pip download --quiet --no-deps \"$0==$1\" && python3 -m zipfile -e ./*.whl .",
        };
        run(script, name, version, staged.path());
        // It appears whole or not at all; another process may have been faster.
        let _ = fs::rename(staged.path(), &target);
    }
    target
}

fn run(script: &str, name: &str, version: &str, folder: &Path) {
    let mut command = Command::new("sh");
    let output = command.args(["-c", script, name, version]).current_dir(folder).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} {version} cannot be fetched: {said}");
}

//! The example `service`, linked statically, in a root directory that holds nothing else: what an
//! image `FROM scratch` is.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use lokstra_scratch::{Server, ServerOptions};
use tempfile::TempDir;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

/// The static program, built in a crate of its own as its users would.
fn built() -> PathBuf {
    let dir = TempDir::new().unwrap();
    let manifest = format!(
        "[package]\nname = \"service\"\nversion = \"0.1.0\"\nedition = \"2024\"\n\n[dependencies]\n\
         lokstra = {{ path = {ROOT:?}, features = [\"cli\"] }}\n\n[workspace]\n"
    );
    fs::write(dir.path().join("Cargo.toml"), manifest).unwrap();
    let copy = |from: &str, to: &str| {
        let to = dir.path().join(to);
        fs::create_dir_all(to.parent().unwrap()).unwrap();
        fs::copy(Path::new(ROOT).join(from), to).unwrap();
    };
    // The same versions as ours, so that nothing is looked up.
    copy("Cargo.lock", "Cargo.lock");
    copy("examples/service.rs", "src/main.rs");
    for script in fs::read_dir(Path::new(ROOT).join("migrations")).unwrap() {
        let name = format!("migrations/{}", script.unwrap().file_name().display());
        copy(&name, &name);
    }
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("static");
    // Named, so that what runs while compiling, such as macros, is not linked statically.
    let host = format!("{}-unknown-linux-gnu", std::env::consts::ARCH);
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--target", &host])
        .current_dir(dir.path())
        .env("CARGO_TARGET_DIR", &target)
        // A static program does not find getrandom(2) by its name and would open /dev/urandom, which
        // a container has and this root has not.
        .env(
            "RUSTFLAGS",
            "-C target-feature=+crt-static --cfg getrandom_backend=\"linux_getrandom\"",
        )
        .status()
        .unwrap();
    assert!(status.success());
    target.join(host).join("debug/service")
}

/// Runs it with nothing but itself in sight.
fn in_an_empty_root(root: &Path, url: &str, arguments: &[&str]) -> Output {
    let mut command = Command::new("unshare");
    // A user who is not root becomes it in a namespace of its own, to be allowed to change the root.
    command.args(["--user", "--map-root-user", "chroot"]).arg(root).arg("/service");
    command.args(arguments).env_clear().env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
    command.env("DATABASE_URL", url).output().unwrap()
}

#[test]
fn a_static_service_carries_its_command_into_an_empty_root() {
    let root = TempDir::new().unwrap();
    fs::copy(built(), root.path().join("service")).unwrap();
    // Over TCP: its socket is not in the root.
    let server = Server::start(&ServerOptions::new().tcp(true)).unwrap();
    let database = server.database().unwrap();
    let url = database.tcp_url().unwrap();
    let run = |arguments: &[&str]| {
        let output = in_an_empty_root(root.path(), &url, arguments);
        let shown =
            String::from_utf8(output.stdout).unwrap() + &String::from_utf8(output.stderr).unwrap();
        (output.status.code(), shown)
    };
    let (code, shown) = run(&["migration", "status", "-exit-code"]);
    assert_eq!(code, Some(1), "{shown}");
    // The port and the database are others each time.
    let (shown, place) = shown.split_once("postgres at 127.0.0.1:").expect(&shown);
    assert!(place.ends_with(", user postgres\n"), "{place}");
    insta::assert_snapshot!(shown, @"
    Migration Status:
    =================
    [ ] 000: init_utilities
    [ ] 001: create_users
    [ ] 002: add_email_verified
    [ ] 003: create_orders
    [ ] 004: add_users_updated_trigger
    [ ] 005: backfill_email_verified

    Total: 6 migrations, 0 applied, 6 pending
    ");
    assert_eq!(run(&[]).0, Some(0));
    let (code, shown) = run(&["migration", "version"]);
    assert_eq!(code, Some(0), "{shown}");
    insta::assert_snapshot!(shown, @"Current version: 005");
    let (code, shown) = run(&["migration", "create", "more"]);
    assert_eq!(code, Some(3), "{shown}");
    insta::assert_snapshot!(shown, @"
    error: unrecognized subcommand 'create'

      tip: `create` needs the folder of migrations: run it there, with the program `lokstra`

    Usage: service migration [OPTIONS] <COMMAND>

    For more information, try '-help'.
    ");
    assert_eq!(fs::read_dir(root.path()).unwrap().count(), 1);
}

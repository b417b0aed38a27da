//! The macro that users call, which passes the path of this crate to the procedural one.

/// Reads and checks a folder of migrations while the program compiles, and embeds it.
///
/// The path is relative to the folder of `Cargo.toml`; `embed_migrations!()` means
/// `embed_migrations!("migrations")`. The value is a [`Migrations`](crate::Migrations), in a
/// `static`, a `const` or anywhere else.
///
/// ```
/// use lokstra::{Migrations, embed_migrations};
///
/// static MIGRATIONS: Migrations = embed_migrations!("migrations");
/// ```
///
/// # Layout
///
/// One database: `001_create_users.up.sql` and `001_create_users.down.sql` in the folder, and a
/// `migration.yaml` if there is something to say. Several databases: subfolders, each with such
/// files and a `migration.yaml`, which names its pool; they run in alphabetical order.
///
/// ```yaml
/// dbpool-name: db_main              # the pool; with several databases each names one
/// schema-table: schema_migrations   # the tracking table, in schema lokstra_core or `schema.table`
/// enabled: true                     # false: boot and library skip it, the command line runs it
/// description: Main application database
/// starts-from: empty                # the migrations create all that they use; or `existing`
/// names-check: deny                 # wrong names and keys are compile errors (default); `warn`, `off`
/// lint: warn                        # hazards are warnings, or `deny`: errors
/// verified: require                 # what `verify` has not run is an error; `warn`, `off` (default)
/// ```
///
/// A file is `{version}_{description}.{up|down}.sql`. The version has at least three digits,
/// zero-padded below 1000; the description consists of lower-case letters, digits and `_`. A script
/// runs in one transaction with its record in the history, unless its first line is
/// `-- lokstra: no-transaction`.
///
/// # Errors
///
/// Each problem of the folder is a compile error, and one build reports all of them: see the README.
/// A subfolder that holds SQL files and no `migration.yaml` is a warning, and so is a hazard under
/// `lint: warn`.
///
/// # Rebuilds
///
/// The program is built again when a file that was read is edited, renamed or removed. Stable Rust
/// cannot watch a folder: for a *new* file, touch the source, or add this `build.rs`:
///
/// ```
/// println!("cargo:rerun-if-changed=migrations");
/// ```
///
/// With a `build.rs`, a build also takes over what an earlier one checked; without one, each build checks
/// the whole folder.
#[macro_export]
macro_rules! embed_migrations {
    () => { $crate::__private::embed!($crate; "migrations") };
    ($folder:literal $(,)?) => { $crate::__private::embed!($crate; $folder) };
    ($($other:tt)*) => {
        ::core::compile_error!(
            "embed_migrations! expects a string literal: embed_migrations!(\"migrations\")"
        )
    };
}

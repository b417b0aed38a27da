//! Changes of a history that run no script: baselines, repairs, and the runs of another tool.
//!
//! ```no_run
//! # use lokstra::Migrations;
//! use lokstra::maintenance::Repair;
//!
//! # fn accept(migrations: &Migrations, client: &mut lokstra::postgres::Client)
//! #     -> Result<(), Box<dyn std::error::Error>> {
//! let repaired = migrations.migrator().repair(client, Repair::Accept("007".parse()?))?;
//! println!("{} is now {}", repaired.before, repaired.after);
//! # Ok(())
//! # }
//! ```

pub use lokstra_runtime::{Baseline, ImportedRun, RecordedRuns, Repair, Repaired};

//! What an [`Event`](crate::Event) carries: the session that a run waits for, and the script that runs.
//!
//! ```no_run
//! # use lokstra::{Event, Goal, Migrations, Pool};
//! # fn boot(migrations: &Migrations, pool: &Pool) -> Result<(), lokstra::Error> {
//! let mut migrator = migrations.migrator().on_event(|event| match event {
//!     Event::Waiting { holder: Some(holder), .. } => eprintln!("waiting for {holder}"),
//!     Event::StepFinished { step, .. } => eprintln!("done: {}", step.version),
//!     _ => {}
//! });
//! migrator.run_pool(pool, Goal::Latest)?;
//! # Ok(())
//! # }
//! ```

pub use lokstra_runtime::{ConnectionTarget, Holder, PlanStep};

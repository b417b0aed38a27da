//! What a run says of itself: the parts of a [`Report`](crate::Report) and of a plan.
//!
//! ```no_run
//! # use lokstra::{Goal, Migrations};
//! # fn plan(migrations: &Migrations, client: &mut lokstra::postgres::Client)
//! #     -> Result<(), lokstra::Error> {
//! let plan = migrations.migrator().plan(client, Goal::Latest)?;
//! for step in &plan.steps {
//!     println!("{}", step.script().path());
//! }
//! # Ok(())
//! # }
//! ```

pub use lokstra_runtime::{
    ConnectionTarget, DownNotStored, Outcome, Plan, PlanStep, Rollback, StepReport, Warning,
};

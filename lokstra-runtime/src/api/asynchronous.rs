//! The verbs for async programs: the blocking client works on a thread of tokio for blocking work.

use lokstra_connect::stop::Stop;
use lokstra_connect::{Pool, Pools};
use lokstra_core::Version;
use postgres::Client;

use crate::api::migrations::Migrations;
use crate::api::migrator::Migrator;
use crate::error::Error;
use crate::model::run::report::{Report, Summary};
use crate::model::run::step::Goal;
use crate::model::state::status::Status;

impl Migrations {
    /// Applies everything that is pending, without blocking the thread of the runtime.
    ///
    /// The target is a URL, a configuration of the client or a [`Pool`]. Options are those of a migrator: see
    /// [`Migrator::run_async`], which also says what it means to drop the future.
    ///
    /// ```no_run
    /// # async fn boot(migrations: lokstra_runtime::Migrations) -> Result<(), Box<dyn std::error::Error>> {
    /// let report = migrations.up_async(std::env::var("DATABASE_URL")?).await?;
    /// println!("{report}");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`up_url`](Migrations::up_url).
    ///
    /// # Panics
    ///
    /// Outside of a runtime of tokio.
    pub async fn up_async(&self, target: impl Into<Pool>) -> Result<Report, Error> {
        let (migrations, pool) = (self.clone(), target.into());
        let stop = Stop::new();
        let run = stop.clone();
        stopped_on_drop(stop, move || migrations.migrator().stop(run).run_pool(&pool, Goal::Latest))
            .await
    }

    /// Applies everything that is pending in every enabled database, without blocking the thread of the runtime.
    ///
    /// # Errors
    ///
    /// As [`up_pools`](Migrations::up_pools).
    ///
    /// # Panics
    ///
    /// Outside of a runtime of tokio.
    pub async fn up_pools_async(&self, pools: Pools) -> Result<Summary, Error> {
        let migrations = self.clone();
        let stop = Stop::new();
        let run = stop.clone();
        stopped_on_drop(stop, move || {
            migrations.migrator().stop(run).run_pools(&pools, Goal::Latest)
        })
        .await
    }

    /// Reports where every migration stands, without blocking the thread of the runtime.
    ///
    /// # Errors
    ///
    /// As [`status`](Migrations::status); also if there is no connection.
    ///
    /// # Panics
    ///
    /// Outside of a runtime of tokio.
    pub async fn status_async(&self, target: impl Into<Pool>) -> Result<Status, Error> {
        self.ask(target.into(), Migrations::status).await
    }

    /// Returns the newest applied version, without blocking the thread of the runtime; `None` where no migration is
    /// applied.
    ///
    /// # Errors
    ///
    /// As [`version`](Migrations::version); also if there is no connection.
    ///
    /// # Panics
    ///
    /// Outside of a runtime of tokio.
    pub async fn version_async(&self, target: impl Into<Pool>) -> Result<Option<Version>, Error> {
        self.ask(target.into(), Migrations::version).await
    }

    async fn ask<T: Send + 'static>(
        &self,
        pool: Pool,
        question: fn(&Migrations, &mut Client) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let migrations = self.clone();
        blocking(move || {
            let client = pool.connect();
            question(&migrations, &mut client?)
        })
        .await
    }
}

impl Migrator<'static> {
    /// Works towards the goal without blocking the thread of the runtime. Listeners are called on another thread.
    ///
    /// # Cancellation
    ///
    /// To drop the future asks the run to stop as [`Stop::finish_current`] does: the migration that is running is
    /// finished and recorded, and none is begun after it. The work continues behind the future until then, and the
    /// runtime waits for it when it is shut down. A handle of [`stop`](Migrator::stop) is asked with it.
    ///
    /// # Errors
    ///
    /// As [`run_pool`](Migrator::run_pool).
    ///
    /// # Panics
    ///
    /// Outside of a runtime of tokio.
    pub async fn run_async(mut self, target: impl Into<Pool>, goal: Goal) -> Result<Report, Error> {
        let (stop, pool) = (self.own_stop(), target.into());
        stopped_on_drop(stop, move || self.run_pool(&pool, goal)).await
    }

    /// Works towards the goal in every enabled database, or in the chosen one, as [`run_async`](Migrator::run_async)
    /// does in one.
    ///
    /// # Errors
    ///
    /// As [`run_pools`](Migrator::run_pools).
    ///
    /// # Panics
    ///
    /// Outside of a runtime of tokio.
    pub async fn run_pools_async(mut self, pools: Pools, goal: Goal) -> Result<Summary, Error> {
        let stop = self.own_stop();
        stopped_on_drop(stop, move || self.run_pools(&pools, goal)).await
    }

    /// The handle that was given to the run, or else a new one.
    fn own_stop(&mut self) -> Stop {
        if !self.options.stop.can_be_asked() {
            self.options.stop = Stop::new();
        }
        self.options.stop.clone()
    }
}

async fn stopped_on_drop<T: Send + 'static>(
    stop: Stop,
    work: impl FnOnce() -> T + Send + 'static,
) -> T {
    let mut asking = AskOnDrop(Some(stop));
    let done = blocking(work).await;
    asking.0 = None;
    done
}

/// Asks a run to stop once its future is dropped.
struct AskOnDrop(Option<Stop>);

impl Drop for AskOnDrop {
    fn drop(&mut self) {
        if let Some(stop) = &self.0 {
            stop.finish_current();
        }
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // Only a runtime that is shut down drops work, and with it this future.
            Err(_) => std::future::pending().await,
        },
    }
}

//! What the code calls that `#[lokstra::test]` generates.

use std::process::ExitCode;

use lokstra_runtime::Migrations;
use lokstra_runtime::postgres::Client;

use crate::database::TestDatabase;
use crate::error::TestError;
use crate::template::Template;

/// What a parameter of a test is made from.
pub struct Slot {
    database: TestDatabase,
    client: Option<Client>,
}

/// A type of a parameter.
#[diagnostic::on_unimplemented(
    message = "a test cannot take a `{Self}`",
    label = "not a database",
    note = "help: take `TestDatabase`, `&TestDatabase` or `&mut Client` of lokstra::testing and \
            lokstra::postgres, and connect other clients to its `url()`"
)]
pub trait Argument<'s> {
    /// Makes the value.
    fn of(slot: &'s mut Slot) -> Self;
}

impl Argument<'_> for TestDatabase {
    fn of(slot: &mut Slot) -> TestDatabase {
        slot.database.clone()
    }
}

impl<'s> Argument<'s> for &'s TestDatabase {
    fn of(slot: &'s mut Slot) -> &'s TestDatabase {
        &slot.database
    }
}

impl<'s> Argument<'s> for &'s mut Client {
    fn of(slot: &'s mut Slot) -> &'s mut Client {
        slot.client.insert(slot.database.client())
    }
}

/// What a test returns.
#[diagnostic::on_unimplemented(
    message = "a test cannot return `{Self}`",
    note = "help: return nothing, or a `Result`"
)]
pub trait Outcome {
    /// Whether the test has failed.
    fn is_failure(&self) -> bool;
}

impl Outcome for () {
    fn is_failure(&self) -> bool {
        false
    }
}

impl<T: Outcome, E> Outcome for Result<T, E> {
    fn is_failure(&self) -> bool {
        self.as_ref().map_or(true, Outcome::is_failure)
    }
}

impl Outcome for ExitCode {
    fn is_failure(&self) -> bool {
        *self != ExitCode::SUCCESS
    }
}

/// A test under way, with its databases.
pub struct Case<const N: usize> {
    slots: [Slot; N],
}

/// What the attribute says.
#[derive(Clone, Copy)]
pub struct Settings<'a, const N: usize> {
    /// The set.
    pub migrations: &'a Migrations,
    /// The name of the database of each parameter, where names are given.
    pub databases: [Option<&'a str>; N],
    /// Files, with their text.
    pub rows: &'a [(&'a str, &'a str)],
}

impl<const N: usize> Case<N> {
    /// Creates the databases.
    #[track_caller]
    pub fn begin(settings: Settings<'_, N>) -> Case<N> {
        match Case::create(settings) {
            Ok(case) => case,
            Err(error) => panic!("{error}"),
        }
    }

    /// Creates the databases of a test that passes by a panic. It must not pass because there are none: then
    /// it ends without one.
    pub fn begin_to_panic(settings: Settings<'_, N>) -> Option<Case<N>> {
        let case = Case::create(settings).map_err(|error| eprintln!("{error}")).ok()?;
        case.slots.iter().for_each(|slot| slot.database.is_to_panic());
        Some(case)
    }

    fn create(settings: Settings<'_, N>) -> Result<Case<N>, TestError> {
        let mut failed = None;
        let slots = settings.databases.map(|name| {
            let mut template = Template::new(settings.migrations);
            for (path, sql) in settings.rows {
                template = template.rows(*path, *sql);
            }
            if let Some(name) = name {
                template = template.database(name);
            }
            // The first error is the one that is shown.
            let created = if failed.is_none() { template.create() } else { return None };
            let database = created.map_err(|error| failed = Some(error)).ok()?;
            Some(Slot { database, client: None })
        });
        match failed {
            Some(error) => Err(error),
            None => Ok(Case { slots: slots.map(|slot| slot.expect("none has failed")) }),
        }
    }

    /// Returns one slot for each parameter.
    pub fn slots(&mut self) -> &mut [Slot; N] {
        &mut self.slots
    }

    /// Ends the test, whose databases go unless it failed.
    pub fn end<R: Outcome>(self, outcome: R) -> R {
        if outcome.is_failure() {
            self.slots.iter().for_each(|slot| slot.database.failed());
        }
        outcome
    }
}

/// Runs an async test on a runtime of its own.
#[cfg(feature = "tokio")]
pub fn block_on<F: Future>(test: F) -> F::Output {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.expect("a runtime needs a file descriptor").block_on(test)
}

/// Runs an async test on a runtime of its own.
#[cfg(feature = "tokio")]
#[doc(hidden)]
#[macro_export]
macro_rules! __block_on {
    ($test:expr) => {
        $crate::harness::block_on($test)
    };
}

/// Says what is missing to run an async test.
#[cfg(not(feature = "tokio"))]
#[doc(hidden)]
#[macro_export]
macro_rules! __block_on {
    ($test:expr) => {
        ::core::compile_error!(
            "an async test needs a runtime\n  help: enable the feature `tokio` of lokstra, or write \
             #[tokio::test] below #[lokstra::test(…)]"
        )
    };
}

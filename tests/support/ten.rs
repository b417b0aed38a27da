//! Ten migrations, of which the second to the tenth go in one message.

use lokstra::{Error, Event, Goal, Migrations, Pool, Report, Stop};

use super::support::built;

/// One of them has this script.
pub(crate) fn ten(at: i64, sql: &str) -> Migrations {
    ten_with(&[(at, sql)])
}

pub(crate) fn ten_with(scripts: &[(i64, &str)]) -> Migrations {
    built(10, |nth| {
        let own = scripts.iter().find(|(at, _)| *at == nth);
        own.map_or_else(|| format!("CREATE TABLE t{nth} ()"), |(_, sql)| (*sql).to_owned())
    })
}

pub(crate) fn run(
    set: &Migrations,
    url: &str,
    stop: &Stop,
    listen: impl FnMut(&Event<'_>) + Send,
) -> Result<Report, Error> {
    let mut migrator = set.migrator().stop(stop.clone()).on_event(listen);
    migrator.run_pool(&Pool::from_url(url), Goal::Latest)
}

pub(crate) fn finishes(event: &Event<'_>, version: i64) -> bool {
    matches!(event, Event::Finished { step, .. } if step.version.get() == version)
}

pub(crate) fn runs(event: &Event<'_>, version: i64) -> bool {
    matches!(event, Event::Running { step, .. } if step.migration.version().get() == version)
}

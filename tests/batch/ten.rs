//! Ten migrations, of which the second to the tenth go in one message.

use lokstra::{Error, Event, Goal, Migrations, Pool, Report, Stop};

use lokstra_test_support::{build_set_unchecked, without_times};

/// One of them has this script.
pub(crate) fn ten(at: i64, sql: &str) -> Migrations {
    ten_with(&[(at, sql)])
}

pub(crate) fn ten_with(scripts: &[(i64, &str)]) -> Migrations {
    build_set_unchecked(10, |nth| {
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
    matches!(event, Event::StepFinished { step, .. } if step.version.get() == version)
}

pub(crate) fn runs(event: &Event<'_>, version: i64) -> bool {
    matches!(event, Event::StepStarted { step, .. } if step.migration.version().get() == version)
}

pub(crate) fn steps(report: &Report) -> Vec<i64> {
    report.steps.iter().map(|step| step.version.get()).collect()
}

/// The events from this migration on of a run that is asked to stop at this event.
pub(crate) fn stopped(
    set: &Migrations,
    url: &str,
    first: i64,
    stop_at: impl Fn(&Event<'_>) -> bool + Sync,
    ask: impl Fn(&Stop) + Sync,
) -> (String, Error) {
    let (stop, mut shown) = (Stop::new(), Vec::new());
    let error = run(set, url, &stop, |event| {
        shown.push(without_times(event));
        if stop_at(event) {
            ask(&stop);
        }
    })
    .unwrap_err();
    let from = shown.iter().position(|line| line.contains(&format!("{first:03}_a"))).unwrap();
    (shown[from..].join("\n"), error)
}

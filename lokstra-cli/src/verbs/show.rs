use lokstra_runtime::Status;

use crate::error::Error;
use crate::output;
use crate::target::Target;

/// `lokstra migration status`
pub(crate) fn status(target: &Target) -> Result<(), Error> {
    for (nth, status) in statuses(target)?.iter().enumerate() {
        if target.has_several() {
            let gap = if nth == 0 { "" } else { "\n" };
            output::line(format_args!("{gap}Database: {}", status.database))?;
        }
        output::line(status)?;
    }
    Ok(())
}

/// `lokstra migration version`
pub(crate) fn version(target: &Target) -> Result<(), Error> {
    for status in statuses(target)? {
        let current = current(status.current());
        if target.has_several() {
            output::line(format_args!("{}: {current}", status.database))?;
        } else {
            output::line(current)?;
        }
    }
    Ok(())
}

fn statuses(target: &Target) -> Result<Vec<Status>, Error> {
    let statuses = target.migrator().status_pools(&target.pools)?;
    for database in target.migrations.databases() {
        if target.is_asked_for(database.name())
            && !statuses.iter().any(|status| status.database == database.name())
        {
            output::talk(skipped(database.name()));
        }
    }
    Ok(statuses)
}

pub(crate) fn skipped(database: &str) -> String {
    format!("{database}: skipped: `enabled: false` in its migration.yaml; -dir or -db runs it")
}

/// `Current version: 002`
pub(crate) fn current(version: Option<lokstra_core::Version>) -> String {
    match version {
        Some(version) => format!("Current version: {version}"),
        None => "No migrations applied yet".to_owned(),
    }
}

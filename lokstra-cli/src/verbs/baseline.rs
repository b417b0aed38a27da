//! `baseline`: records migrations as applied, without running them.

use lokstra_core::printable_line;
use lokstra_runtime::Baseline;
use serde::Serialize;

use crate::call::{CommandContext, Verb, flags};
use crate::output::json::texts;
use crate::output::{CommandError, Exit};

pub(crate) const VERB: Verb = Verb {
    name: "baseline",
    about: "Record migrations as applied, without running them",
    details: "For a database that already has the schema of these migrations.",
    examples: &[("-to 003", "This database already has 001, 002 and 003")],
    flags: |command, program| {
        flags::on_database(command, program)
            .arg(flags::TO.arg().required(true))
            .args([flags::YES.arg(), flags::UNSUPPORTED_SERVER.arg()])
    },
    run: baseline,
};

fn baseline(context: &CommandContext<'_>) -> Result<Exit, CommandError> {
    let Some(to) = context.get(&flags::TO) else {
        return Ok(Exit::Usage);
    };
    let target = context.target()?;
    let (mut migrator, mut client) = target.connect_only()?;
    let planned = migrator.plan_baseline(&mut client, to)?;
    if !planned.recorded.is_empty() && !context.has(&flags::YES) {
        context
            .console
            .status("These migrations will be recorded as applied, without running them:");
        for (version, description) in &planned.recorded {
            context.console.status(format_args!("  {version}_{}", printable_line(description)));
        }
        context.confirm("Does this database have the schema of these migrations?")?;
    }
    let baseline = migrator.baseline_as_planned(&mut client, &planned)?;
    context.console.output(&baseline)?;
    context.console.document(|| BaselineDocument::from(&baseline))?;
    Ok(Exit::Done)
}

#[derive(Serialize)]
struct BaselineDocument {
    database: String,
    table: String,
    version: String,
    recorded: Vec<RecordedObject>,
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct RecordedObject {
    version: String,
    description: String,
}

impl From<&Baseline> for BaselineDocument {
    fn from(baseline: &Baseline) -> BaselineDocument {
        let recorded = baseline.recorded.iter().map(|(version, description)| RecordedObject {
            version: version.to_string(),
            description: description.clone(),
        });
        BaselineDocument {
            database: baseline.database.clone(),
            table: baseline.table.to_string(),
            version: baseline.version.to_string(),
            recorded: recorded.collect(),
            warnings: texts(&baseline.warnings),
        }
    }
}

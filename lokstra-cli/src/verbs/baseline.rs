//! `baseline`: records migrations as applied, without running them.

use lokstra_core::shown_line;
use lokstra_runtime::Baseline;
use serde_json::{Value, json};

use crate::call::{Call, Verb, flags};
use crate::output::{Error, Exit};

pub(crate) const VERB: Verb = Verb {
    name: "baseline",
    about: "Record migrations as applied, without running them",
    details: "For a database whose schema was made by other means and is that of these migrations.",
    examples: &[("-to 003", "001, 002 and 003 are in this database already")],
    flags: |command, program| {
        flags::on_database(command, program)
            .arg(flags::to("Up to this version, included").required(true))
            .arg(flags::yes())
    },
    run: baseline,
};

fn baseline(call: &Call<'_>) -> Result<Exit, Error> {
    let Some(to) = call.to() else {
        return Ok(Exit::Usage);
    };
    let target = call.target()?;
    let (mut migrator, mut client) = target.reach()?;
    let planned = migrator.plan_baseline(&mut client, to)?;
    if !planned.recorded.is_empty() && !call.has("yes") {
        call.console.talk("To be recorded as applied, without being run:");
        for (version, description) in &planned.recorded {
            call.console.talk(format_args!("  {version}_{}", shown_line(description)));
        }
        call.confirm("Is the schema of this database that of these migrations?")?;
    }
    let baseline = migrator.baseline_as_planned(&mut client, &planned)?;
    call.console.say(&baseline)?;
    call.console.document(|| object(&baseline))?;
    Ok(Exit::Done)
}

/// See docs/cli.md: programs rely on these keys.
fn object(baseline: &Baseline) -> Value {
    let recorded = baseline.recorded.iter().map(|(version, description)| {
        json!({ "version": version.to_string(), "description": description })
    });
    json!({
        "database": baseline.database,
        "table": baseline.table.to_string(),
        "version": baseline.version.to_string(),
        "recorded": recorded.collect::<Vec<_>>(),
        "warnings": baseline.warnings.iter().map(|warning| format!("{warning:#}")).collect::<Vec<_>>(),
    })
}

use std::io::{BufRead, IsTerminal, Write};

use lokstra_core::Version;
use lokstra_runtime::postgres::Client;
use lokstra_runtime::{Migrator, Repair, Repaired};

use crate::error::Error;
use crate::output;
use crate::target::Target;

/// `lokstra migration baseline -to 003`
pub(crate) fn baseline(target: &Target, to: Version, yes: bool) -> Result<(), Error> {
    let (mut migrator, mut client) = reach(target)?;
    let planned = migrator.plan_baseline(&mut client, to)?;
    if !planned.recorded.is_empty() && !yes {
        output::talk("To be recorded as applied, without being run:");
        for (version, description) in &planned.recorded {
            output::talk(format_args!("  {version}_{description}"));
        }
        confirm("Is the schema of this database that of these migrations?")?;
    }
    output::line(migrator.baseline(&mut client, to)?)
}

/// `lokstra migration repair`, with or without a flag that says what
pub(crate) fn repair(target: &Target, repair: Option<Repair>, yes: bool) -> Result<(), Error> {
    let (mut migrator, mut client) = reach(target)?;
    let Some(repair) = repair else {
        return list(&migrator.repairs(&mut client)?, &target.flags);
    };
    if yes {
        return output::line(migrator.repair(&mut client, repair)?);
    }
    output::line(migrator.plan_repair(&mut client, repair)?)?;
    output::talk("nothing was changed: -yes changes it");
    Ok(())
}

fn list(possible: &[Repaired], flags: &str) -> Result<(), Error> {
    if possible.is_empty() {
        return output::line("Nothing to repair");
    }
    for repaired in possible {
        let flag = repaired.repair.flag();
        output::line(format_args!(
            "{repaired}\n  do it:  lokstra migration repair {flag}{flags} -yes"
        ))?;
    }
    Ok(())
}

fn reach(target: &Target) -> Result<(Migrator<'_>, Client), Error> {
    let database = target.only()?;
    let client = target.pool(database)?.connect()?;
    Ok((target.migrator().database(database.name()), client))
}

/// Asks at the terminal. Without one the answer is no.
fn confirm(question: &str) -> Result<(), Error> {
    let mut input = std::io::stdin().lock();
    if !input.is_terminal() {
        return Err(Error::Unconfirmed { is_answer: false });
    }
    write!(std::io::stderr(), "{question} [y/N] ").and_then(|()| std::io::stderr().flush()).ok();
    let mut answer = String::new();
    input.read_line(&mut answer).ok();
    if matches!(answer.trim(), "y" | "Y" | "yes") {
        Ok(())
    } else {
        Err(Error::Unconfirmed { is_answer: true })
    }
}

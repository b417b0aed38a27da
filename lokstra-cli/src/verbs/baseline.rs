use crate::call::{Call, Verb};
use crate::error::Error;
use crate::exit::Exit;
use crate::flags;

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
            call.console.talk(format_args!("  {version}_{description}"));
        }
        call.confirm("Is the schema of this database that of these migrations?")?;
    }
    call.console.say(migrator.baseline(&mut client, to)?)?;
    Ok(Exit::Done)
}

use std::path::Path;

use lokstra_source::NextVersion;
use serde_json::json;

use crate::call::{Call, Verb};
use crate::error::Error;
use crate::exit::Exit;
use crate::flags;

pub(crate) const LOCK: Verb = Verb {
    name: "lock",
    about: "Write lokstra.lock, which makes changes of history fail the build",
    details: "",
    examples: &[("", "After the migrations of a branch are merged or deployed")],
    flags: |command, program| command.arg(flags::dir(program)),
    run: lock,
};

pub(crate) const RENUMBER: Verb = Verb {
    name: "renumber",
    about: "Move the migrations that are not locked to the end",
    details: "",
    examples: &[("", "After a merge in which both sides took the same version")],
    flags: |command, program| command.arg(flags::dir(program)),
    run: renumber,
};

fn lock(call: &Call<'_>) -> Result<Exit, Error> {
    let locked = lokstra_source::lock(Path::new(""), &call.dir())?;
    for (path, count) in &locked {
        let noun = if *count == 1 { "migration" } else { "migrations" };
        call.console.say(format_args!("{path}: {count} {noun} locked"))?;
    }
    let object = |(path, count): &(String, usize)| json!({ "path": path, "migrations": count });
    call.console.document(|| json!({ "locks": locked.iter().map(object).collect::<Vec<_>>() }))?;
    Ok(Exit::Done)
}

fn renumber(call: &Call<'_>) -> Result<Exit, Error> {
    let dir = call.dir();
    if let Ok(NextVersion::SeveralDatabases(databases)) =
        lokstra_source::next_version(Path::new(&dir))
    {
        return Err(Error::SeveralFolders { dir, databases });
    }
    let renamed = lokstra_source::renumber(Path::new(""), &dir)?;
    for (from, to) in &renamed {
        call.console.say(format_args!("{from} -> {to}"))?;
    }
    call.console.say(match renamed.len() {
        0 => "Nothing to do: what is not locked comes after what is",
        _ => "Next: lokstra migration lock",
    })?;
    let object = |(from, to): &(String, String)| json!({ "from": from, "to": to });
    call.console
        .document(|| json!({ "renamed": renamed.iter().map(object).collect::<Vec<_>>() }))?;
    Ok(Exit::Done)
}

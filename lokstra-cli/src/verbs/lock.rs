use std::path::Path;

use lokstra_source::NextVersion;

use crate::error::Error;
use crate::output;

/// `lokstra migration lock`
pub(crate) fn lock(dir: &str) -> Result<(), Error> {
    for (path, count) in lokstra_source::lock(Path::new(""), dir)? {
        let noun = if count == 1 { "migration" } else { "migrations" };
        output::line(format_args!("{path}: {count} {noun} locked"))?;
    }
    Ok(())
}

/// `lokstra migration renumber`
pub(crate) fn renumber(dir: &str) -> Result<(), Error> {
    if let Ok(NextVersion::SeveralDatabases(databases)) =
        lokstra_source::next_version(Path::new(dir))
    {
        return Err(Error::SeveralFolders { dir: dir.to_owned(), databases });
    }
    let renamed = lokstra_source::renumber(Path::new(""), dir)?;
    for (from, to) in &renamed {
        output::line(format_args!("{from} -> {to}"))?;
    }
    match renamed.len() {
        0 => output::line("Nothing to do: what is not locked comes after what is"),
        _ => output::line("Next: lokstra migration lock"),
    }
}

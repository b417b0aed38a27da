//! What a connection string leaves out: the service file, then the environment.
//! PostgreSQL documentation: *32.15. Environment Variables*, *32.17. The Connection Service File*.

use std::ffi::OsString;
use std::path::PathBuf;

use super::{Dsn, DsnError, Environment, Keyword, PasswordFile, syntax};
use lokstra_core::text::split_once;

impl Dsn {
    /// Fills in what is not said: from the service, if one is named, and then from `PG*` variables.
    pub(crate) fn with_defaults(mut self, environment: Environment<'_>) -> Result<Dsn, DsnError> {
        let service = self.get(Keyword::Service).map(str::to_owned);
        if let Some(name) =
            service.map_or_else(|| text(environment, "PGSERVICE"), |it| Ok(Some(it)))?
        {
            for (keyword, value) in service_file(&name, environment)?.values {
                self.set_default(keyword, &value);
            }
        }
        // A connection to a named host must not get the address of another.
        let names_host =
            [Keyword::Host, Keyword::Hostaddr].iter().any(|it| self.get(*it).is_some());
        for keyword in Keyword::all().filter(|keyword| !keyword.variable().is_empty()) {
            if names_host && matches!(keyword, Keyword::Host | Keyword::Hostaddr) {
                continue;
            }
            if self.get(keyword).is_none()
                && let Some(value) = text(environment, keyword.variable())?
            {
                self.set(keyword, &value);
            }
        }
        Ok(self)
    }

    /// The file of passwords to ask when no password is given.
    pub(crate) fn password_file(&self, environment: Environment<'_>) -> PasswordFile {
        let default = if cfg!(windows) {
            environment("APPDATA").map(|dir| PathBuf::from(dir).join("postgresql/pgpass.conf"))
        } else {
            home(environment).map(|home| home.join(".pgpass"))
        };
        let named = self.get(Keyword::Passfile).map(PathBuf::from);
        named.or(default).map_or(PasswordFile::Missing, PasswordFile::read)
    }
}

/// A variable; empty counts as not set. One that is no text must not, or it would lead elsewhere.
pub(super) fn text(environment: Environment<'_>, name: &str) -> Result<Option<String>, DsnError> {
    let value = environment(name).filter(|value| !value.is_empty());
    let text = value.map(OsString::into_string).transpose();
    text.map_err(|_| DsnError::NotUtf8 { variable: name.to_owned() })
}

/// A file of libpq in the home directory: `~/.postgresql/root.crt`.
pub(crate) fn home(environment: Environment<'_>) -> Option<PathBuf> {
    environment("HOME").filter(|home| !home.is_empty()).map(PathBuf::from)
}

fn service_file(name: &str, environment: Environment<'_>) -> Result<Dsn, DsnError> {
    let path = match environment("PGSERVICEFILE") {
        Some(path) => PathBuf::from(path),
        None => home(environment).unwrap_or_default().join(".pg_service.conf"),
    };
    let unknown = || DsnError::Service { path: path.clone() };
    let text = lokstra_core::files::read_text(&path, lokstra_core::files::MAX_SETTINGS_BYTES)
        .map_err(|_| unknown())?;
    let header = format!("[{name}]");
    let lines = text.lines().map(str::trim).skip_while(|line| *line != header);
    let mut dsn = Dsn::default();
    let mut is_there = false;
    for line in lines.take_while(|line| *line == header || !line.starts_with('[')) {
        is_there = true;
        if line == header || line.is_empty() || line.starts_with('#') {
            continue;
        }
        let (name, value) = split_once(line, "=").ok_or(DsnError::Syntax)?;
        syntax::set(&mut dsn, name.trim(), value.trim())?;
    }
    if is_there { Ok(dsn) } else { Err(unknown()) }
}

//! Connection strings as libpq writes them (PostgreSQL documentation: *32.1. Database Connection
//! Control Functions*). The parser of the client knows neither certificates nor `verify-full`, and
//! takes every keyword that it does not know for an error.

mod defaults;
mod error;
mod keywords;
mod password_file;
mod syntax;

use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;

#[cfg(feature = "rustls")]
pub(crate) use defaults::home;
pub use error::DsnError;
#[cfg(feature = "config")]
pub(crate) use error::file;
pub(crate) use keywords::Keyword;
#[cfg(feature = "config")]
pub(crate) use keywords::edits;
pub(crate) use password_file::{Login, PasswordFile};

use lokstra_core::text::{contains, split};

/// Looks up a variable of the environment.
pub(crate) type Environment<'e> = &'e dyn Fn(&str) -> Option<OsString>;

/// The variables of this process. The home directory is also found where `HOME` is not set.
pub(crate) fn process(name: &str) -> Option<OsString> {
    match name {
        "HOME" => std::env::home_dir().map(PathBuf::into_os_string),
        _ => std::env::var_os(name),
    }
}

/// The variable of this process that stands in for a keyword.
pub(crate) fn variable(keyword: Keyword) -> Result<Option<String>, DsnError> {
    defaults::text(&process, keyword.variable())
}

/// What a connection string says, by keyword. An empty value is the same as none.
#[derive(Clone, Default, PartialEq, Eq)]
pub(crate) struct Dsn {
    /// By keyword, each once: so few that a list is faster than a map.
    values: Vec<(Keyword, String)>,
    /// Keywords that are there and mean nothing to a server.
    of_drivers: Vec<String>,
}

impl Dsn {
    /// Reads a URL or a `key=value` string. An empty one leaves everything to the environment.
    pub(crate) fn parse(text: &str) -> Result<Dsn, DsnError> {
        let mut dsn = Dsn::default();
        syntax::read(text.trim(), &mut dsn)?;
        // A password with an `@` that is not percent-encoded would be in the host, and from there
        // in messages; that of `user= password=x` in the user.
        let is_displaced = |(keyword, value): &(Keyword, String)| {
            *keyword != Keyword::Password && contains(value, "password=")
        };
        if dsn.get(Keyword::Host).is_some_and(|host| contains(host, "@"))
            || dsn.values.iter().any(is_displaced)
        {
            return Err(DsnError::Syntax);
        }
        Ok(dsn)
    }

    /// Those that mean nothing to a server.
    pub(crate) fn of_drivers(&self) -> &[String] {
        &self.of_drivers
    }

    #[inline(never)]
    pub(crate) fn get(&self, keyword: Keyword) -> Option<&str> {
        self.values.iter().find(|(known, _)| *known == keyword).map(|(_, value)| value.as_str())
    }

    pub(crate) fn set(&mut self, keyword: Keyword, value: &str) {
        self.values.retain(|(known, _)| *known != keyword);
        if !value.is_empty() {
            let place = self.values.partition_point(|(known, _)| *known < keyword);
            self.values.insert(place, (keyword, value.to_owned()));
        }
    }

    fn set_default(&mut self, keyword: Keyword, value: &str) {
        if self.get(keyword).is_none() {
            self.set(keyword, value);
        }
    }

    /// A comma-separated value, as for several hosts; nothing where it is not given.
    pub(crate) fn list(&self, keyword: Keyword) -> Vec<&str> {
        self.get(keyword).map_or_else(Vec::new, |text| split(text, ",").map(str::trim).collect())
    }

    /// A whole number, or the error that says so.
    pub(crate) fn number(&self, keyword: Keyword) -> Result<Option<i64>, DsnError> {
        let Some(text) = self.get(keyword) else { return Ok(None) };
        let number = text.trim().parse().map_err(|_| keyword.expects("a whole number"))?;
        Ok(Some(number))
    }

    /// One that is not negative.
    pub(crate) fn count(&self, keyword: Keyword) -> Result<Option<u32>, DsnError> {
        let count = self.number(keyword)?.map(u32::try_from);
        count.transpose().map_err(|_| keyword.expects("a whole number"))
    }
}

impl fmt::Debug for Dsn {
    /// The keywords alone: values hold passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.values.iter().map(|(keyword, _)| keyword)).finish()
    }
}

#[cfg(test)]
mod tests;

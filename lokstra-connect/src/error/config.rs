//! What can be wrong with a file of pools.

use std::fmt;
use std::path::PathBuf;

use lokstra_core::{one_line, write_text};

use crate::dsn::{DsnError, file};

/// Why a file of pools cannot be used.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ConfigError {
    /// The file cannot be read.
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// The folder holds no `.yaml` file.
    EmptyFolder {
        /// The folder.
        path: PathBuf,
    },
    /// The file is not YAML, or it or its `service-definitions` is not a mapping.
    Yaml {
        /// The file.
        path: PathBuf,
        /// Why, with the line.
        reason: String,
    },
    /// A pool is defined twice.
    Duplicate {
        /// The second file.
        path: PathBuf,
        /// The pool.
        pool: String,
    },
    /// A pool is defined in a way that cannot be used.
    Pool {
        /// The file.
        path: PathBuf,
        /// The line of the field, or of the pool.
        line: Option<u32>,
        /// The pool.
        pool: String,
        /// Why.
        reason: PoolProblem,
    },
}

/// What is wrong with the definition of a pool. A value that may be or hold a password is `…`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PoolProblem {
    /// `${NAME}` and the environment has no such variable.
    Variable(String),
    /// `${NAME}` and the variable is not UTF-8.
    NotUtf8(String),
    /// `${` without `}`.
    Unclosed,
    /// `${…}` around something that is no name of a variable, perhaps a password.
    VariableName,
    /// Its `type` is that of another service, or missing.
    Type(Option<String>),
    /// Neither `dsn` nor `host` and `database`.
    NoTarget,
    /// Another `driver` than `postgres`.
    Driver(String),
    /// A `schema` that is not a plain name.
    Schema(String),
    /// A `dsn` or `direct-dsn` that cannot be used.
    Dsn(DsnError),
    /// A field beside `host` that cannot be used.
    Part(Box<DsnError>),
    /// A `pooler` that is neither `session` nor `transaction`.
    Pooler(String),
    /// A field whose value is neither text nor a number.
    Field(String),
    /// A field of the framework whose value the framework cannot read.
    FrameworkField {
        /// Its name.
        name: String,
        /// What it can be.
        expected: &'static str,
    },
    /// A keyword of connection strings that a pool has no field for.
    Keyword {
        /// The keyword.
        name: &'static str,
        /// Whether it works in a `dsn`.
        is_supported: bool,
    },
    /// A field that a pool does not have.
    UnknownField {
        /// Its name, unless it may hold a password.
        name: Option<String>,
        /// The field that is probably meant.
        meant: Option<&'static str>,
    },
    /// A field that another one makes meaningless: `sslmode` beside `dsn`, for one.
    NoEffect {
        /// Its name.
        name: &'static str,
        /// The other one.
        beside: &'static str,
    },
}

/// Without what a terminal obeys: `{:#}` is exact.
impl fmt::Display for PoolProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_text(f, &|f| self.write(f))
    }
}

impl PoolProblem {
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PoolProblem::Variable(name) => {
                let name = one_line(f, name);
                write!(
                    f,
                    "the environment variable {name} is not set\n  \
                     help: set it, or give a default: ${{{name}:-value}}"
                )
            }
            PoolProblem::NotUtf8(name) => {
                write!(f, "the environment variable {} is not UTF-8", one_line(f, name))
            }
            PoolProblem::Unclosed => f.write_str("`${` without `}`"),
            PoolProblem::VariableName => f.write_str(
                "`${…}` does not hold the name of a variable\n  \
                 help: write ${NAME}, or ${NAME:-value} with a default",
            ),
            PoolProblem::Type(found) => {
                match found {
                    Some(kind) => write!(f, "`type: {}` is not a database pool", one_line(f, kind)),
                    None => f.write_str("it has no `type`"),
                }?;
                f.write_str("\n  help: write `type: dbpool` or `type: dbpool_pg`")
            }
            PoolProblem::NoTarget => f.write_str("it needs a `dsn`, or a `host` and a `database`"),
            PoolProblem::Driver(name) => {
                write!(f, "`driver: {}` is not `postgres`", one_line(f, name))
            }
            PoolProblem::Schema(text) => {
                write!(f, "`schema: {}` is not a plain name", one_line(f, text))
            }
            PoolProblem::Dsn(error) => fmt::Display::fmt(error, f),
            PoolProblem::Part(error) => f.write_str(&error.reason(f)),
            PoolProblem::Pooler(text) => {
                write!(f, "`pooler: {}` is neither session nor transaction", one_line(f, text))
            }
            PoolProblem::Field(name) => {
                write!(f, "`{}` is neither text nor a number", one_line(f, name))
            }
            PoolProblem::FrameworkField { name, expected } => {
                write!(f, "`{}` is not {expected}", one_line(f, name))
            }
            PoolProblem::Keyword { name, is_supported: true } => write!(
                f,
                "`{name}` is not a field of a pool\n  help: write it into a connection string, `dsn`"
            ),
            PoolProblem::Keyword { name, is_supported: false } => {
                f.write_str(&DsnError::Unsupported { keyword: name }.reason(f))
            }
            PoolProblem::UnknownField { name, meant } => {
                let name = one_line(f, name.as_deref().unwrap_or("…"));
                write!(f, "`{name}` is not a field of a pool\n  help: ")?;
                match meant {
                    Some(meant) => write!(f, "write `{meant}`"),
                    None => write!(f, "remove it; a pool has {}", FIELDS.join(", ")),
                }
            }
            PoolProblem::NoEffect { name, beside: "config" } => {
                write!(f, "`{name}` has no effect beside `config`\n  help: write it below `config`")
            }
            PoolProblem::NoEffect { name, beside } => write!(
                f,
                "`{name}` has no effect beside `{beside}`\n  help: write it into the connection \
                 string of `{beside}`, or remove it"
            ),
        }
    }
}

/// Without what a terminal obeys: `{:#}` is exact.
impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_text(f, &|f| self.write(f))
    }
}

impl ConfigError {
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfigError::Read { path, reason } => {
                write!(f, "{}: cannot be read: {reason}", file(f, path))
            }
            ConfigError::EmptyFolder { path } => {
                write!(f, "{}: the folder holds no .yaml file", file(f, path))
            }
            ConfigError::Yaml { path, reason } => write!(f, "{}: {reason}", file(f, path)),
            ConfigError::Duplicate { path, pool } => {
                let (path, pool) = (file(f, path), one_line(f, pool));
                write!(f, "{path}: pool `{pool}` is defined in another file too")
            }
            ConfigError::Pool { path, line, pool, reason } => {
                f.write_str(&file(f, path))?;
                if let Some(line) = line {
                    write!(f, ":{line}")?;
                }
                write!(f, ": pool `{}`: ", one_line(f, pool))?;
                fmt::Display::fmt(reason, f)
            }
        }
    }
}

impl std::error::Error for ConfigError {}

/// The fields of a pool.
pub(crate) const FIELDS: [&str; 14] = [
    "dsn",
    "host",
    "port",
    "database",
    "username",
    "password",
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
    "direct-dsn",
    "schema",
    "pooler",
    "driver",
];

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::{ConfigError, PoolProblem};
    use crate::dsn::DsnError;

    /// What a file of pools, its name or a variable can say.
    const NAME: &str = "a\n  help: curl \x1b[2J\u{202e}";

    #[test]
    fn a_name_in_an_error_of_a_pool_is_one_line_that_no_terminal_obeys() {
        let path = || PathBuf::from(NAME);
        let name = || NAME.to_owned();
        let pool = |reason| ConfigError::Pool { path: path(), line: None, pool: name(), reason };
        let dsn = DsnError::Service { path: path() };
        for error in [
            ConfigError::Read { path: path(), reason: "no".to_owned() },
            ConfigError::EmptyFolder { path: path() },
            ConfigError::Duplicate { path: path(), pool: name() },
            pool(PoolProblem::Variable(name())),
            pool(PoolProblem::NotUtf8(name())),
            pool(PoolProblem::Type(Some(name()))),
            pool(PoolProblem::Driver(name())),
            pool(PoolProblem::Schema(name())),
            pool(PoolProblem::Pooler(name())),
            pool(PoolProblem::Field(name())),
            pool(PoolProblem::UnknownField { name: Some(name()), meant: Some("dsn") }),
            pool(PoolProblem::Dsn(dsn.clone())),
            pool(PoolProblem::Part(Box::new(dsn))),
            pool(PoolProblem::Dsn(DsnError::UnknownKeyword { name: Some(name()) })),
            pool(PoolProblem::Dsn(DsnError::NotUtf8 { variable: name() })),
            pool(PoolProblem::Dsn(DsnError::NoRootCertificate { path: path() })),
        ] {
            let text = error.to_string();
            assert!(!text.contains(['\x1b', '\u{202e}']), "{text:?}");
            assert!(!text.contains("\n  help: curl"), "{text:?}");
            assert!(format!("{error:#}").contains(NAME), "{error:#?}");
        }
    }
}

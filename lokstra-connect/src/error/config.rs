//! What can be wrong with a file of pools.

use std::fmt;
use std::path::PathBuf;

use crate::dsn::DsnError;

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
    /// A field whose value is neither a text nor a number.
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

impl fmt::Display for PoolProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PoolProblem::Variable(name) => write!(
                f,
                "the environment variable {name} is not set\n  \
                 help: set it, or give a default: ${{{name}:-value}}"
            ),
            PoolProblem::NotUtf8(name) => {
                write!(f, "the environment variable {name} is not UTF-8")
            }
            PoolProblem::Unclosed => f.write_str("`${` without `}`"),
            PoolProblem::VariableName => f.write_str(
                "`${…}` does not hold the name of a variable\n  \
                 help: write ${NAME}, or ${NAME:-value} with a default",
            ),
            PoolProblem::Type(found) => {
                match found {
                    Some(kind) => write!(f, "`type: {kind}` is no database pool"),
                    None => f.write_str("it has no `type`"),
                }?;
                f.write_str("\n  help: write `type: dbpool` or `type: dbpool_pg`")
            }
            PoolProblem::NoTarget => f.write_str("it needs a `dsn`, or a `host` and a `database`"),
            PoolProblem::Driver(name) => write!(f, "`driver: {name}` is not `postgres`"),
            PoolProblem::Schema(text) => write!(f, "`schema: {text}` is not a plain name"),
            PoolProblem::Dsn(error) => write!(f, "{error}"),
            PoolProblem::Part(error) => f.write_str(&error.reason()),
            PoolProblem::Pooler(text) => {
                write!(f, "`pooler: {text}` is neither session nor transaction")
            }
            PoolProblem::Field(name) => write!(f, "`{name}` is neither a text nor a number"),
            PoolProblem::FrameworkField { name, expected } => {
                write!(f, "`{name}` is not {expected}")
            }
            PoolProblem::Keyword { name, is_supported: true } => write!(
                f,
                "`{name}` is not a field of a pool\n  help: write it into a connection string, `dsn`"
            ),
            PoolProblem::Keyword { name, is_supported: false } => {
                f.write_str(&DsnError::Unsupported { keyword: name }.reason())
            }
            PoolProblem::UnknownField { name, meant } => {
                let name = name.as_deref().unwrap_or("…");
                write!(f, "`{name}` is not a field of a pool\n  help: ")?;
                match meant {
                    Some(meant) => write!(f, "write `{meant}`"),
                    None => write!(f, "take it out; a pool has {}", FIELDS.join(", ")),
                }
            }
            PoolProblem::NoEffect { name, beside: "config" } => {
                write!(f, "`{name}` has no effect beside `config`\n  help: write it below `config`")
            }
            PoolProblem::NoEffect { name, beside } => write!(
                f,
                "`{name}` has no effect beside `{beside}`\n  help: write it into the connection \
                 string of `{beside}`, or take it out"
            ),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfigError::Read { path, reason } => {
                write!(f, "{}: cannot be read: {reason}", path.display())
            }
            ConfigError::EmptyFolder { path } => {
                write!(f, "{}: the folder holds no .yaml file", path.display())
            }
            ConfigError::Yaml { path, reason } => write!(f, "{}: {reason}", path.display()),
            ConfigError::Duplicate { path, pool } => {
                write!(f, "{}: pool `{pool}` is defined in another file too", path.display())
            }
            ConfigError::Pool { path, line, pool, reason } => {
                write!(f, "{}", path.display())?;
                if let Some(line) = line {
                    write!(f, ":{line}")?;
                }
                write!(f, ": pool `{pool}`: {reason}")
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

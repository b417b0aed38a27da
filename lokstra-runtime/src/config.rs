//! Pools from `config.yaml`, as the Lokstra framework writes them.

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use lokstra_core::files;
use serde_yaml::{Mapping, Value};

use crate::dsn::{Dsn, DsnError, Environment, Keyword};
use crate::error::{Error, ErrorKind};
use crate::pools::{Pool, Pools, with_search_path};

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
    /// The file is not YAML, or `service-definitions` is not a mapping.
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
    /// A `pooler` that is neither `session` nor `transaction`.
    Pooler(String),
    /// A field whose value is neither a text nor a number.
    Field(String),
}

impl fmt::Display for PoolProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PoolProblem::Variable(name) => write!(
                f,
                "the environment variable {name} is not set\n  \
                 help: set it, or give a default: ${{{name}:-value}}"
            ),
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
            PoolProblem::Dsn(error) => fmt::Display::fmt(error, f),
            PoolProblem::Pooler(text) => {
                write!(f, "`pooler: {text}` is neither session nor transaction")
            }
            PoolProblem::Field(name) => write!(f, "`{name}` is neither a text nor a number"),
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
            ConfigError::Pool { path, pool, reason } => {
                write!(f, "{}: pool `{pool}`: {reason}", path.display())
            }
        }
    }
}

impl std::error::Error for ConfigError {}

impl Pools {
    /// The pools that `service-definitions` of a `config.yaml`, or of all `.yaml` files of a
    /// folder, defines: entries of type `dbpool` or `dbpool_pg`.
    ///
    /// ```yaml
    /// service-definitions:
    ///   db_main:
    ///     type: dbpool
    ///     driver: postgres
    ///     dsn: "postgres://user:${DB_PASSWORD}@${DB_HOST:-localhost}:5432/myapp"
    ///   db_orders:
    ///     type: dbpool_pg
    ///     config:
    ///       host: localhost
    ///       port: 5432
    ///       database: orders
    ///       username: app
    ///       password: ${DB_PASSWORD}
    ///       sslmode: disable
    ///       schema: orders
    /// ```
    ///
    /// # Errors
    ///
    /// If a file cannot be read or is not such YAML. What is wrong within one pool, such as a
    /// variable that is not set, is an error when that pool is used.
    pub fn from_config(path: impl AsRef<Path>) -> Result<Pools, Error> {
        read(path.as_ref(), &|name| std::env::var(name).ok())
            .map_err(|error| Error::new(ErrorKind::Config(error)))
    }
}

fn read(path: &Path, environment: Environment<'_>) -> Result<Pools, ConfigError> {
    let mut pools = Pools::new();
    let mut seen = BTreeSet::new();
    for file in files(path)? {
        let text = files::read_text(&file, files::LONGEST_SETTINGS)
            .map_err(|error| ConfigError::Read { path: file.clone(), reason: reason(&error) })?;
        let services =
            services(&text).map_err(|reason| ConfigError::Yaml { path: file.clone(), reason })?;
        for (name, definition) in services {
            let Some(name) = name.as_str().map(str::to_owned) else { continue };
            let kind = definition.get("type").and_then(Value::as_str);
            if !kind.is_some_and(|kind| POOL_TYPES.contains(&kind)) {
                let reason = PoolProblem::Type(kind.map(|kind| told(kind, &definition)));
                let (path, pool) = (file.clone(), name.clone());
                pools = pools.with_other(&name, ConfigError::Pool { path, pool, reason });
                continue;
            }
            if !seen.insert(name.clone()) {
                return Err(ConfigError::Duplicate { path: file, pool: name });
            }
            let pool = match pool(&definition, environment) {
                Ok(pool) => pool,
                Err(reason) => Pool::broken(ConfigError::Pool {
                    path: file.clone(),
                    pool: name.clone(),
                    reason,
                }),
            };
            pools = pools.with(&name, pool);
        }
    }
    Ok(pools)
}

/// Of an error of the system, without its number.
fn reason(error: &std::io::Error) -> String {
    match error.raw_os_error() {
        Some(_) => error.kind().to_string(),
        None => error.to_string(),
    }
}

/// The file itself, or the YAML files of a folder, by name.
fn files(path: &Path) -> Result<Vec<PathBuf>, ConfigError> {
    if !path.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let unreadable =
        |error: std::io::Error| ConfigError::Read { path: path.to_owned(), reason: reason(&error) };
    let mut files = Vec::new();
    for entry in path.read_dir().map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        if file.extension().is_some_and(|extension| extension == "yaml" || extension == "yml") {
            files.push(file);
        }
    }
    files.sort();
    if files.is_empty() {
        Err(ConfigError::EmptyFolder { path: path.to_owned() })
    } else {
        Ok(files)
    }
}

/// `service-definitions` of a file; an empty file has none.
fn services(text: &str) -> Result<Mapping, String> {
    let document: Value = serde_yaml::from_str(text).map_err(|error| error.to_string())?;
    match document.get(SERVICES) {
        None | Some(Value::Null) => match misspelt(text, &document) {
            Some((key, line)) => Err(format!("line {line}: `{key}` must be `{SERVICES}`")),
            None => Ok(Mapping::new()),
        },
        Some(Value::Mapping(services)) => Ok(services.clone()),
        Some(_) => Err(format!("`{SERVICES}` is not a mapping of names to services")),
    }
}

/// A key that can only be meant for [`SERVICES`], and its line. Others belong to the framework.
fn misspelt<'d>(text: &str, document: &'d Value) -> Option<(&'d str, usize)> {
    let plain = |key: &str| key.replace(['-', '_', ' '], "").to_ascii_lowercase();
    let is_meant = |key: &&str| {
        *key != SERVICES && matches!(&*plain(key), "servicedefinition" | "servicedefinitions")
    };
    let key = document.as_mapping()?.keys().filter_map(Value::as_str).find(is_meant)?;
    let begins = |line: &str| line.trim_start_matches(['"', '\'']).starts_with(key);
    Some((key, text.lines().position(begins).unwrap_or_default() + 1))
}

/// The types of services that are pools of PostgreSQL.
const POOL_TYPES: [&str; 2] = ["dbpool", "dbpool_pg"];

const SERVICES: &str = "service-definitions";

/// The fields of a pool, with their variables replaced.
struct Fields<'a> {
    definition: &'a Value,
    environment: Environment<'a>,
}

impl Fields<'_> {
    /// A text or a number (a password or a port may be written as one); empty means absent.
    fn get(&self, name: &str) -> Result<Option<String>, PoolProblem> {
        let text = match self.definition.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(text)) => expand(text, self.environment)?,
            Some(Value::Number(number)) => number.to_string(),
            Some(_) => return Err(PoolProblem::Field(name.to_owned())),
        };
        Ok(Some(text).filter(|text| !text.is_empty()))
    }
}

/// The value of a field, for an error; not what came from the environment, nor what may be a connection
/// string that got there: nobody may read their passwords.
fn told(value: &str, definition: &Value) -> String {
    let is_secret = ["://", "@", "="].iter().any(|sign| value.contains(sign));
    if is_secret || !holds(definition, value) { "…" } else { value }.to_owned()
}

/// Whether this text stands in the definition as it is.
fn holds(definition: &Value, text: &str) -> bool {
    match definition {
        Value::String(value) => value == text,
        Value::Number(value) => value.to_string() == text,
        Value::Mapping(fields) => fields.values().any(|value| holds(value, text)),
        _ => false,
    }
}

fn pool(definition: &Value, environment: Environment<'_>) -> Result<Pool, PoolProblem> {
    let outer = Fields { definition, environment };
    if let Some(driver) = outer.get("driver")?
        && driver != "postgres"
        && driver != "postgresql"
    {
        return Err(PoolProblem::Driver(told(&driver, definition)));
    }
    let fields = Fields { definition: definition.get("config").unwrap_or(definition), environment };
    let mut dsn = match fields.get("dsn")? {
        Some(dsn) => Dsn::parse(&dsn).map_err(PoolProblem::Dsn)?,
        None => from_parts(&fields)?,
    };
    let direct = fields.get("direct-dsn")?.map(|dsn| Dsn::parse(&dsn)).transpose();
    let mut direct = direct.map_err(PoolProblem::Dsn)?;
    if let Some(schema) = fields.get("schema")? {
        let schema: lokstra_core::Identifier =
            schema.parse().map_err(|_| PoolProblem::Schema(told(&schema, definition)))?;
        for dsn in [Some(&mut dsn), direct.as_mut()].into_iter().flatten() {
            let options = with_search_path(dsn.get(Keyword::Options), &schema);
            dsn.set(Keyword::Options, &options);
        }
    }
    let pool = Pool::from_dsn(dsn);
    let pool = match fields.get("pooler")?.as_deref() {
        None | Some("transaction") => pool,
        Some("session") => pool.session_pooler(true),
        Some(other) => return Err(PoolProblem::Pooler(told(other, definition))),
    };
    Ok(match direct {
        Some(direct) => pool.direct(Pool::from_dsn(direct)),
        None => pool,
    })
}

fn from_parts(fields: &Fields<'_>) -> Result<Dsn, PoolProblem> {
    let (Some(host), Some(database)) = (fields.get("host")?, fields.get("database")?) else {
        return Err(PoolProblem::NoTarget);
    };
    let mut dsn = Dsn::default();
    dsn.set(Keyword::Host, &host);
    dsn.set(Keyword::Dbname, &database);
    for (field, keyword) in [
        ("port", Keyword::Port),
        ("username", Keyword::User),
        ("password", Keyword::Password),
        ("sslmode", Keyword::SslMode),
        ("sslrootcert", Keyword::SslRootCert),
        ("sslcert", Keyword::SslCert),
        ("sslkey", Keyword::SslKey),
    ] {
        if let Some(value) = fields.get(field)? {
            dsn.set(keyword, &value);
        }
    }
    Ok(dsn)
}

/// Replaces `${NAME}` and `${NAME:-default}`.
fn expand(text: &str, environment: Environment<'_>) -> Result<String, PoolProblem> {
    let mut expanded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("${") {
        let (inside, after) = after.split_once('}').ok_or(PoolProblem::Unclosed)?;
        let (name, default) = match inside.split_once(":-") {
            Some((name, default)) => (name, Some(default.to_owned())),
            None => (inside, None),
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || !name.chars().all(is_name) {
            return Err(PoolProblem::VariableName);
        }
        let value = environment(name).filter(|value| !value.is_empty()).or(default);
        expanded.push_str(before);
        expanded.push_str(&value.ok_or_else(|| PoolProblem::Variable(name.to_owned()))?);
        rest = after;
    }
    expanded.push_str(rest);
    Ok(expanded)
}

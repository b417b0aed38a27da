//! One pool: its fields, and what they may be.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_yaml::Value;

use super::SERVICES;
use super::line::line_of;
use crate::dsn::{Dsn, DsnError, Environment, Keyword, edits};
use crate::error::config::FIELDS;
use crate::error::{ConfigError, PoolProblem};
use crate::pools::pool::{Pool, with_search_path};

/// What says where the database is, unless `dsn` does.
const TARGET: [&str; 9] = [
    "host",
    "port",
    "database",
    "username",
    "password",
    "sslmode",
    "sslrootcert",
    "sslcert",
    "sslkey",
];

/// What the framework's pool reads and one connection has no use for, without `-` and `_`, and what it can
/// be. A file that is shared with a program of the framework has them.
const OF_THE_FRAMEWORK: [(&str, &str); 10] = [
    ("dependson", NAMES),
    ("maxconnections", COUNT),
    ("maxconns", COUNT),
    ("maxcons", COUNT),
    ("maxidletime", DURATION),
    ("maxlifetime", DURATION),
    ("minconnections", COUNT),
    ("minconns", COUNT),
    ("mincons", COUNT),
    ("rlscontext", CONTEXT),
];

const NAMES: &str = "a list of names of services";
const COUNT: &str = "a whole number";
const DURATION: &str = "a duration, such as 30m";
const CONTEXT: &str = "a mapping of names to values";

/// What other programs call a field.
const OTHER_WORDS: [(&str, &str); 9] = [
    ("url", "dsn"),
    ("uri", "dsn"),
    ("user", "username"),
    ("pass", "password"),
    ("dbname", "database"),
    ("db", "database"),
    ("hostname", "host"),
    ("ssl", "sslmode"),
    ("sslca", "sslrootcert"),
];

/// Why a definition cannot be used, and where.
pub(super) struct Wrong {
    is_in_config: bool,
    field: Option<String>,
    pub(super) reason: PoolProblem,
}

impl Wrong {
    /// From the pool to the field.
    pub(super) fn keys(&self) -> impl Iterator<Item = &str> {
        let config = self.is_in_config.then_some("config");
        config.into_iter().chain(self.field.as_deref())
    }
}

/// The fields of a pool, with their variables replaced.
struct Fields<'a> {
    definition: &'a Value,
    /// Below `config`.
    is_in_config: bool,
    environment: Environment<'a>,
}

impl Fields<'_> {
    /// A text or a number (a password or a port may be written as one); empty means absent.
    fn get(&self, name: &'static str) -> Result<Option<String>, Wrong> {
        let text = match self.definition.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(text)) => {
                expand(text, self.environment).map_err(|reason| self.wrong(name, reason))?
            }
            Some(Value::Number(number)) => number.to_string(),
            Some(_) => return Err(self.wrong(name, PoolProblem::Field(name.to_owned()))),
        };
        Ok(Some(text).filter(|text| !text.is_empty()))
    }

    fn wrong(&self, field: &str, reason: PoolProblem) -> Wrong {
        Wrong { is_in_config: self.is_in_config, field: Some(field.to_owned()), reason }
    }

    /// Refuses what would be ignored without a word, which may be what asks for TLS, and what the framework
    /// would refuse.
    fn check(&self, is_known: impl Fn(&str) -> Result<(), PoolProblem>) -> Result<(), Wrong> {
        for (name, value) in self.definition.as_mapping().into_iter().flatten() {
            let text = match name {
                Value::String(name) => name.clone(),
                Value::Number(number) => number.to_string(),
                _ => String::new(),
            };
            match is_known(&text) {
                Err(PoolProblem::NoEffect { .. }) if value.is_null() => {}
                Err(reason) => return Err(self.wrong(&text, reason)),
                Ok(()) => {}
            }
            if let Some(expected) = framework_field(&text).filter(|it| !is_of_kind(value, it)) {
                let reason = PoolProblem::FrameworkField { name: text.clone(), expected };
                return Err(self.wrong(&text, reason));
            }
        }
        Ok(())
    }
}

/// The value of a field, for an error; not what came from the environment, nor what may be a connection
/// string that got there: their passwords must not be shown.
pub(super) fn redacted(value: &str, definition: &Value) -> String {
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

pub(super) fn pool(
    definition: &Value,
    environment: Environment<'_>,
    origin: &Origin,
) -> Result<Pool, Wrong> {
    let outer = Fields { definition, is_in_config: false, environment };
    let config = definition.get("config").filter(|config| !config.is_null());
    let fields = match config {
        Some(definition) => Fields { definition, is_in_config: true, environment },
        None => Fields { definition, is_in_config: false, environment },
    };
    if config.is_some() {
        outer.check(|name| match known(&FIELDS, name) {
            Some(name) if name != "driver" => Err(PoolProblem::NoEffect { name, beside: "config" }),
            _ => is_field(name, &["type", "config"]),
        })?;
    }
    let url = fields.get("dsn")?;
    let around = if config.is_some() { &[][..] } else { &["type", "config"] };
    fields.check(|name| match known(&TARGET, name) {
        Some(name) if url.is_some() => Err(PoolProblem::NoEffect { name, beside: "dsn" }),
        _ => is_field(name, around),
    })?;
    for fields in [&outer, &fields] {
        if let Some(driver) = fields.get("driver")?
            && driver != "postgres"
            && driver != "postgresql"
        {
            let reason = PoolProblem::Driver(redacted(&driver, definition));
            return Err(fields.wrong("driver", reason));
        }
    }
    let has_url = url.is_some();
    let read = |field, url: &str| {
        Dsn::parse(url).map_err(|error| fields.wrong(field, PoolProblem::Dsn(error)))
    };
    let mut dsn = match url {
        Some(url) => read("dsn", &url)?,
        None => from_parts(&fields)?,
    };
    let direct = fields.get("direct-dsn")?;
    let mut direct = direct.map(|url| read("direct-dsn", &url)).transpose()?;
    if let Some(schema) = fields.get("schema")? {
        let schema: lokstra_core::Identifier = schema.parse().map_err(|_| {
            fields.wrong("schema", PoolProblem::Schema(redacted(&schema, definition)))
        })?;
        for dsn in [Some(&mut dsn), direct.as_mut()].into_iter().flatten() {
            let options = with_search_path(dsn.get(Keyword::Options), &schema);
            dsn.set(Keyword::Options, &options);
        }
    }
    let pool = Pool::from_dsn(dsn, if has_url { origin.with_url("dsn") } else { origin.clone() });
    let pool = match fields.get("pooler")?.as_deref() {
        None | Some("transaction") => pool,
        Some("session") => pool.session_pooler(true),
        Some(other) => {
            return Err(fields.wrong("pooler", PoolProblem::Pooler(redacted(other, definition))));
        }
    };
    Ok(match direct {
        Some(direct) => pool.direct(Pool::from_dsn(direct, origin.with_url("direct-dsn"))),
        None => pool,
    })
}

fn known(fields: &[&'static str], name: &str) -> Option<&'static str> {
    fields.iter().copied().find(|field| *field == name)
}

fn is_field(name: &str, around: &[&str]) -> Result<(), PoolProblem> {
    if known(&FIELDS, name).is_some() || around.contains(&name) || framework_field(name).is_some() {
        return Ok(());
    }
    let plain = plain(name);
    let is_same = |field: &&&str| self::plain(field) == plain;
    let other_word = OTHER_WORDS.iter().find(|(word, _)| *word == plain).map(|(_, field)| *field);
    let mut meant = FIELDS.iter().find(is_same).copied().or(other_word);
    if meant.is_none() {
        let near = FIELDS.iter().map(|field| (edits(&plain, &self::plain(field)), *field));
        let near = near.min().filter(|(distance, _)| *distance <= 2);
        // A keyword of connection strings is no misspelt field: another may not do what it asks for.
        let written = name.replace('-', "_").to_ascii_lowercase();
        let keyword = Keyword::nearest(&written).filter(|(keyword, _)| {
            near.is_none_or(|(distance, _)| edits(&written, keyword) < distance)
        });
        meant = match keyword {
            Some((keyword, is_supported)) => match field_of(keyword) {
                Some(field) => Some(field),
                None => return Err(PoolProblem::Keyword { name: keyword, is_supported }),
            },
            None => near.map(|(_, field)| field),
        };
    }
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    let is_shown = !name.is_empty() && name.len() <= 40 && name.chars().all(is_plain);
    Err(PoolProblem::UnknownField { name: is_shown.then(|| name.to_owned()), meant })
}

fn plain(name: &str) -> String {
    name.replace(['-', '_', ' '], "").to_ascii_lowercase()
}

/// Whether this can only be a misspelt `wanted`.
pub(super) fn is_meant_for(name: &str, wanted: &str) -> bool {
    edits(&plain(name), &plain(wanted)) <= 2
}

/// What a field of the framework can be.
fn framework_field(name: &str) -> Option<&'static str> {
    let plain = plain(name);
    OF_THE_FRAMEWORK.iter().find(|(field, _)| *field == plain).map(|(_, expected)| *expected)
}

fn is_of_kind(value: &Value, expected: &str) -> bool {
    let is_variable = |text: &str| text.contains("${");
    match (value, expected) {
        (Value::Null, _)
        | (Value::Mapping(_), CONTEXT)
        | (Value::String(_), NAMES)
        | (Value::Number(_), DURATION) => true,
        (Value::Sequence(names), NAMES) => names.iter().all(Value::is_string),
        (Value::Number(number), COUNT) => number.is_u64(),
        (Value::String(text), COUNT) => is_variable(text) || text.parse::<u32>().is_ok(),
        (Value::String(text), DURATION) => {
            is_variable(text) || text.starts_with(|c: char| c.is_ascii_digit())
        }
        _ => false,
    }
}

/// Where a pool is defined, for what only shows when it is used.
#[derive(Clone)]
pub(crate) struct Origin {
    path: PathBuf,
    text: Arc<str>,
    pool: String,
    /// The field with the connection string, if it is one.
    url: Option<&'static str>,
}

impl Origin {
    pub(super) fn new(path: &Path, text: &str, pool: &str) -> Origin {
        Origin { path: path.to_owned(), text: text.into(), pool: pool.to_owned(), url: None }
    }

    /// For the connection string of this field.
    pub(crate) fn with_url(&self, url: &'static str) -> Origin {
        Origin { url: Some(url), ..self.clone() }
    }

    /// The error of a field, if it is about one: what the environment adds is not from here.
    pub(crate) fn error(&self, dsn: &Dsn, error: &DsnError) -> Option<ConfigError> {
        let keyword = error.keyword()?;
        let is_said = Keyword::all().any(|it| it.name() == keyword && dsn.get(it).is_some());
        let field = self.url.or_else(|| field_of(keyword)).filter(|_| is_said)?;
        let line = [&[SERVICES, &self.pool, "config", field][..], &[SERVICES, &self.pool, field]]
            .into_iter()
            .find_map(|keys| line_of(&self.text, keys));
        let reason = match self.url {
            Some(_) => PoolProblem::Dsn(error.clone()),
            None => PoolProblem::Part(Box::new(error.clone())),
        };
        let (path, pool) = (self.path.clone(), self.pool.clone());
        Some(ConfigError::Pool { path, line, pool, reason })
    }
}

/// Beside `host` and `database`.
const OPTIONAL: [(&str, Keyword); 7] = [
    ("port", Keyword::Port),
    ("username", Keyword::User),
    ("password", Keyword::Password),
    ("sslmode", Keyword::SslMode),
    ("sslrootcert", Keyword::SslRootCert),
    ("sslcert", Keyword::SslCert),
    ("sslkey", Keyword::SslKey),
];

/// The field that says what a keyword says.
fn field_of(keyword: &str) -> Option<&'static str> {
    let here = [("host", Keyword::Host), ("database", Keyword::Dbname)].into_iter().chain(OPTIONAL);
    here.filter(|(_, it)| it.name() == keyword).map(|(field, _)| field).next()
}

fn from_parts(fields: &Fields<'_>) -> Result<Dsn, Wrong> {
    let (Some(host), Some(database)) = (fields.get("host")?, fields.get("database")?) else {
        return Err(Wrong { is_in_config: false, field: None, reason: PoolProblem::NoTarget });
    };
    let mut dsn = Dsn::default();
    dsn.set(Keyword::Host, &host);
    dsn.set(Keyword::Dbname, &database);
    for (field, keyword) in OPTIONAL {
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
        let value = environment(name).map(OsString::into_string).transpose();
        let value = value.map_err(|_| PoolProblem::NotUtf8(name.to_owned()))?;
        let value = value.filter(|value| !value.is_empty()).or(default);
        expanded.push_str(before);
        expanded.push_str(&value.ok_or_else(|| PoolProblem::Variable(name.to_owned()))?);
        rest = after;
    }
    expanded.push_str(rest);
    Ok(expanded)
}

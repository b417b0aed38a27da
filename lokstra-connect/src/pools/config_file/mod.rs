//! Pools from `config.yaml`, as the Lokstra framework writes them.

mod definition;
mod line;

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use lokstra_core::files;
use serde_yaml::{Mapping, Value};

pub(super) use self::definition::Origin;
use self::definition::{is_meant_for, pool, redacted};
use self::line::line_of;
use crate::dsn::Environment;
use crate::error::{ConfigError, ConnectError, PoolProblem};
use crate::pools::{Pool, Pools};

impl Pools {
    /// Reads the pools that `service-definitions` of a `config.yaml`, or of all `.yaml` files of a
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
    /// YAML's merge keys (`<<: *secure`) work. A field that is unknown, or that another one makes
    /// meaningless (`sslmode` beside `dsn`), is an error: it may ask for TLS. The fields that tune the pool of
    /// the framework, such as `max_conns`, are accepted and mean nothing here.
    ///
    /// The environment wins over the file, as it does on the command line: `LOKSTRA_DSN_DB_MAIN` in place of
    /// the definition of `db_main`, and all else that [`from_env`](Pools::from_env) reads.
    ///
    /// # Errors
    ///
    /// If a file cannot be read or is not such YAML. What is wrong within one pool, such as a
    /// variable that is not set, is an error when that pool is used.
    pub fn from_config(path: impl AsRef<Path>) -> Result<Pools, ConnectError> {
        let file =
            read(path.as_ref(), &|name: &str| -> Option<OsString> { std::env::var_os(name) })
                .map_err(|error| ConnectError::Config(Box::new(error)))?;
        Ok(file.merge(Pools::from_env()?))
    }
}

fn read(path: &Path, environment: Environment<'_>) -> Result<Pools, ConfigError> {
    let mut pools = Pools::new();
    let mut seen = BTreeSet::new();
    for file in files(path)? {
        let text = files::read_text(&file, files::MAX_SETTINGS_BYTES)
            .map_err(|error| ConfigError::Read { path: file.clone(), reason: reason(&error) })?;
        let services =
            services(&text).map_err(|reason| ConfigError::Yaml { path: file.clone(), reason })?;
        for (name, definition) in services {
            let Some(name) = name.as_str().map(str::to_owned) else { continue };
            let kind = definition.get("type").and_then(Value::as_str);
            if !kind.is_some_and(|kind| POOL_TYPES.contains(&kind)) {
                let reason = PoolProblem::Type(kind.map(|kind| redacted(kind, &definition)));
                let line = line_of(&text, &[SERVICES, &name]);
                let (path, pool) = (file.clone(), name.clone());
                pools = pools.with_other(&name, ConfigError::Pool { path, line, pool, reason });
                continue;
            }
            if !seen.insert(name.clone()) {
                return Err(ConfigError::Duplicate { path: file, pool: name });
            }
            let origin = Origin::new(&file, &text, &name);
            let pool = match pool(&definition, environment, &origin) {
                Ok(pool) => pool,
                Err(wrong) => {
                    let keys = [SERVICES, &name].into_iter().chain(wrong.keys());
                    Pool::broken(ConfigError::Pool {
                        path: file.clone(),
                        line: line_of(&text, &keys.collect::<Vec<_>>()),
                        pool: name.clone(),
                        reason: wrong.reason,
                    })
                }
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
    if !matches!(document, Value::Mapping(_) | Value::Null) {
        return Err(format!(
            "the file is not a mapping of keys to values\n  help: begin it with `{SERVICES}:`"
        ));
    }
    let mut layers = Vec::new();
    with_merged(&document, &mut layers);
    if let Some(key) = layers.iter().find_map(|layer| misspelt(layer)) {
        let line = line_of(text, &[key]).map_or_else(String::new, |line| format!("line {line}: "));
        return Err(format!("{line}`{key}` must be `{SERVICES}`"));
    }
    match layers.iter().find_map(|layer| layer.get(SERVICES)) {
        None | Some(Value::Null) => Ok(Mapping::new()),
        Some(services @ Value::Mapping(_)) => {
            let mut services = services.clone();
            while has_merge_key(&services) {
                services.apply_merge().map_err(|error| error.to_string())?;
            }
            match services {
                Value::Mapping(services) => Ok(services),
                _ => Ok(Mapping::new()),
            }
        }
        Some(_) => Err(format!("`{SERVICES}` is not a mapping of names to services")),
    }
}

/// A mapping and what `<<` brings into it; the first that has a key wins.
fn with_merged<'v>(value: &'v Value, layers: &mut Vec<&'v Mapping>) {
    match value {
        Value::Mapping(fields) => {
            layers.push(fields);
            fields.get("<<").into_iter().for_each(|merged| with_merged(merged, layers));
        }
        Value::Sequence(values) => values.iter().for_each(|value| with_merged(value, layers)),
        _ => {}
    }
}

/// `<<`, also in what another one has brought in.
fn has_merge_key(value: &Value) -> bool {
    match value {
        Value::Mapping(fields) => fields.contains_key("<<") || fields.values().any(has_merge_key),
        Value::Sequence(values) => values.iter().any(has_merge_key),
        Value::Tagged(tagged) => has_merge_key(&tagged.value),
        _ => false,
    }
}

/// A key that can only be meant for [`SERVICES`]. Others belong to the framework, or are put aside, as
/// `.service-definitions` and `service-definitions-2` are.
fn misspelt(document: &Mapping) -> Option<&str> {
    let is_aside = |key: &str| {
        key.starts_with(['.', 'x']) || key.ends_with(|last: char| last.is_ascii_digit())
    };
    let is_misspelt =
        |key: &&str| *key != SERVICES && !is_aside(key) && is_meant_for(key, SERVICES);
    document.keys().filter_map(Value::as_str).find(is_misspelt)
}

/// The types of services that are pools of PostgreSQL.
const POOL_TYPES: [&str; 2] = ["dbpool", "dbpool_pg"];

const SERVICES: &str = "service-definitions";

#[cfg(test)]
mod tests;

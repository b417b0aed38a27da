//! The settings of a folder: `migration.yaml`.

use std::fmt;

use lokstra_core::TableName;
use lokstra_schema::StartsFrom;
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_yaml::Value;

use crate::problem::{Code, Problem};
use crate::read::decode::decode;
use crate::read::folder::File;

const KEYS: [&str; 8] = [
    "dbpool-name",
    "schema-table",
    "enabled",
    "description",
    "lint",
    "names-check",
    "starts-from",
    "verified",
];

/// The settings of a folder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) pool: Option<String>,
    pub(crate) table: TableName,
    pub(crate) enabled: bool,
    pub(crate) description: Option<String>,
    pub(crate) lint: Option<Level>,
    pub(crate) verified: VerifiedLevel,
    /// How a name that the server would refuse is reported.
    pub(crate) names_check: Level,
    /// What a database holds before the first migration.
    pub(crate) starts_from: StartsFrom,
}

/// How a hazard, or a name that the server would refuse, is reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    Off,
    Warn,
    Deny,
}

/// What the build says of a migration without a valid mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VerifiedLevel {
    /// Nothing.
    Off,
    /// A warning.
    Warn,
    /// An error.
    Require,
}

impl Default for Settings {
    fn default() -> Settings {
        Settings {
            pool: None,
            table: TableName::default(),
            enabled: true,
            description: None,
            lint: None,
            verified: VerifiedLevel::Off,
            names_check: Level::Deny,
            starts_from: StartsFrom::Unknown,
        }
    }
}

/// The keys and values in their order, duplicates included: a map would lose them.
struct Entries(Vec<(Value, Value)>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Entries, D::Error> {
        struct Collect;

        impl<'de> Visitor<'de> for Collect {
            type Value = Entries;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("lines such as `dbpool-name: db_main`")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }

        deserializer.deserialize_any(Collect)
    }
}

/// Reads the file, and adds what is wrong with it to the problems.
pub(crate) fn read(file: &File, problems: &mut Vec<Problem>) -> Settings {
    let mut settings = Settings::default();
    let Some(text) = decode(file, problems) else { return settings };
    if text.lines().all(|line| matches!(line.trim_start().chars().next(), None | Some('#'))) {
        return settings;
    }
    // Not a derived type: that would add a proc macro to every build, and report one wrong key at a
    // time.
    let entries = match serde_yaml::from_str::<Entries>(&text) {
        Ok(entries) => entries.0,
        Err(error) => {
            problems.push(syntax(file, &text, &error));
            return settings;
        }
    };
    let mut reader = Reader { file, text: &text, problems };
    let mut seen: Vec<String> = Vec::new();
    for (key, value) in entries {
        let key = name_of(&key);
        let nth = seen.iter().filter(|earlier| **earlier == key).count();
        let offset = reader.offset(&key, nth);
        if nth > 0 {
            let message = format!("`{key}` appears twice");
            reader.problem(Code::YamlDuplicate, offset, message, "remove one of the two lines");
        }
        match key.as_str() {
            "dbpool-name" => settings.pool = reader.text_value(&key, value, offset),
            "description" => settings.description = reader.text_value(&key, value, offset),
            "enabled" => settings.enabled = reader.bool_value(&key, &value, offset),
            "schema-table" => {
                if let Some(name) = reader.text_value(&key, value, offset) {
                    settings.table = reader.table(&name, offset);
                }
            }
            "lint" => settings.lint = reader.level(&value, offset),
            "verified" => settings.verified = reader.verified(&value, offset),
            "names-check" => settings.names_check = reader.names_check(&value, offset),
            "starts-from" => settings.starts_from = reader.starts_from(&value, offset),
            _ => reader.unknown(&key, offset),
        }
        seen.push(key);
    }
    settings
}

struct Reader<'a> {
    file: &'a File,
    text: &'a str,
    problems: &'a mut Vec<Problem>,
}

impl Reader<'_> {
    fn problem(&mut self, code: Code, offset: usize, message: String, help: impl Into<String>) {
        let problem = Problem::new(code, &self.file.path, message, help);
        self.problems.push(problem.at(self.text, offset));
    }

    /// The offset of the nth occurrence of a key. The parser has offsets only for its own errors.
    fn offset(&self, key: &str, nth: usize) -> usize {
        let mut start = 0;
        let lines = self.text.split_inclusive('\n').filter_map(|line| {
            let at = start;
            start += line.len();
            let rest = line.trim_start_matches([' ', '"', '\'', '{']).strip_prefix(key)?;
            rest.trim_start_matches(['"', '\'', ' ']).starts_with(':').then_some(at)
        });
        lines.take(nth + 1).last().unwrap_or(0)
    }

    fn text_value(&mut self, key: &str, value: Value, offset: usize) -> Option<String> {
        match value {
            Value::String(text) if !text.trim().is_empty() => Some(text),
            other => {
                let message = format!("`{key}` is {}, and must be text", kind(&other));
                self.problem(
                    Code::YamlType,
                    offset,
                    message,
                    format!("write, for example, `{key}: {}`", example(key)),
                );
                None
            }
        }
    }

    fn bool_value(&mut self, key: &str, value: &Value, offset: usize) -> bool {
        value.as_bool().unwrap_or_else(|| {
            let message = format!("`{key}` is {}, and must be true or false", kind(value));
            self.problem(
                Code::YamlType,
                offset,
                message,
                format!("write, for example, `{key}: {}`", example(key)),
            );
            true
        })
    }

    fn level(&mut self, value: &Value, offset: usize) -> Option<Level> {
        match value.as_str() {
            Some("off") => Some(Level::Off),
            Some("warn") => Some(Level::Warn),
            Some("deny") => Some(Level::Deny),
            _ => {
                let message = format!("`lint` is {}, and must be off, warn or deny", kind(value));
                let help = "write `lint: warn` to see hazards while compiling, or `lint: deny` to make \
                     them errors";
                self.problem(Code::LintLevel, offset, message, help);
                None
            }
        }
    }

    fn names_check(&mut self, value: &Value, offset: usize) -> Level {
        match value.as_str() {
            Some("off") => Level::Off,
            Some("warn") => Level::Warn,
            Some("deny") => Level::Deny,
            _ => {
                let message =
                    format!("`names-check` is {}, and must be off, warn or deny", kind(value));
                let help = "write `names-check: off` to build without the check of names and keys, or \
                            remove the line";
                self.problem(Code::YamlType, offset, message, help);
                Level::Deny
            }
        }
    }

    fn verified(&mut self, value: &Value, offset: usize) -> VerifiedLevel {
        match value.as_str() {
            Some("off") => VerifiedLevel::Off,
            Some("warn") => VerifiedLevel::Warn,
            Some("require") => VerifiedLevel::Require,
            _ => {
                let message =
                    format!("`verified` is {}, and must be off, warn or require", kind(value));
                let help = "write `verified: warn` to see while compiling what `lokstra migration \
                            verify` has not run, or `verified: require` to make it an error";
                self.problem(Code::VerifiedLevel, offset, message, help);
                VerifiedLevel::Off
            }
        }
    }

    fn starts_from(&mut self, value: &Value, offset: usize) -> StartsFrom {
        match value.as_str() {
            Some("empty") => StartsFrom::Empty,
            Some("existing") => StartsFrom::Existing,
            _ => {
                let message =
                    format!("`starts-from` is {}, and must be empty or existing", kind(value));
                let help = "write `starts-from: empty` if the migrations create everything that they use, or \
                     `starts-from: existing`";
                self.problem(Code::YamlType, offset, message, help);
                StartsFrom::Unknown
            }
        }
    }

    fn table(&mut self, name: &str, offset: usize) -> TableName {
        let reason = match name.parse() {
            Ok(table) => return table,
            Err(reason) => reason,
        };
        let reason: lokstra_core::IdentifierError = reason;
        let message = format!("`schema-table: {name}` is not a valid name of a table: {reason}");
        let help =
            "write a name such as schema_migrations, or audit.schema_migrations with its schema";
        self.problem(Code::TableName, offset, message, help);
        TableName::default()
    }

    fn unknown(&mut self, key: &str, offset: usize) {
        let plain = |text: &str| text.to_lowercase().replace(['_', ' ', '-'], "");
        let help = match KEYS.iter().find(|known| plain(known) == plain(key)) {
            Some(known) => format!("write `{known}`"),
            None => format!("use one of: {}", KEYS.join(", ")),
        };
        self.problem(Code::YamlKey, offset, format!("there is no setting `{key}`"), help);
    }
}

fn syntax(file: &File, text: &str, error: &serde_yaml::Error) -> Problem {
    let message = error.to_string();
    // lokstra shows the place itself.
    let message = message.split(" at line ").next().unwrap_or(&message);
    let help = "write YAML (https://yaml.org), such as `dbpool-name: db_main`";
    let problem = Problem::new(Code::Yaml, &file.path, message, help);
    match error.location() {
        Some(location) => problem.at(text, location.index()),
        None => problem,
    }
}

fn name_of(key: &Value) -> String {
    match key {
        Value::String(text) => text.clone(),
        other => serde_yaml::to_string(other).unwrap_or_default().trim().to_owned(),
    }
}

fn kind(value: &Value) -> String {
    match value {
        Value::Null => "empty".to_owned(),
        Value::String(text) if text.trim().is_empty() => "empty".to_owned(),
        Value::String(text) => format!("the text `{text}`"),
        Value::Bool(value) => format!("`{value}`"),
        Value::Number(number) => format!("the number {number}"),
        Value::Sequence(_) => "a list".to_owned(),
        Value::Mapping(_) | Value::Tagged(_) => "a mapping".to_owned(),
    }
}

fn example(key: &str) -> &'static str {
    match key {
        "dbpool-name" => "db_main",
        "schema-table" => "schema_migrations",
        "enabled" => "false",
        _ => "Main application database",
    }
}

//! The two forms of a connection string: URL and `key=value`.

use std::borrow::Cow;

use super::keywords::Meaning;
use super::{Dsn, DsnError, Keyword};
use lokstra_core::text::{contains, find, split, split_once};

pub(super) fn is_url(text: &str) -> bool {
    text.starts_with("postgres://") || text.starts_with("postgresql://")
}

pub(super) fn read(text: &str, dsn: &mut Dsn) -> Result<(), DsnError> {
    if contains(text, "\0") {
        return Err(DsnError::Syntax);
    }
    match split_once(text, "://") {
        Some((_, rest)) if is_url(text) => url(rest, dsn),
        _ => pairs(text, dsn),
    }
}

/// `[user[:password]@][host][:port][,…][/database][?key=value[&…]]`
fn url(rest: &str, dsn: &mut Dsn) -> Result<(), DsnError> {
    let authority_end = find(rest, "/").unwrap_or(rest.len());
    let rest = match find(&rest[..authority_end], "@") {
        Some(at) => {
            let (user, password) = match split_once(&rest[..at], ":") {
                Some((user, password)) => (user, Some(password)),
                None => (&rest[..at], None),
            };
            dsn.set(Keyword::User, &decoded(user)?);
            dsn.set(Keyword::Password, &decoded(password.unwrap_or_default())?);
            &rest[at + 1..]
        }
        None => rest,
    };
    let (place, parameters) = split_once(rest, "?").unwrap_or((rest, ""));
    // The end of a password with a `/` that is not percent-encoded.
    if contains(place, "@") {
        return Err(DsnError::Syntax);
    }
    let (hosts, database) = split_once(place, "/").unwrap_or((place, ""));
    let (mut names, mut ports) = (String::new(), String::new());
    for (nth, host) in split(hosts, ",").enumerate() {
        let (name, port) = host_and_port(host)?;
        if nth > 0 {
            names.push(',');
            ports.push(',');
        }
        names.push_str(&decoded(name)?);
        ports.push_str(port);
    }
    // As many commas, and nothing between them, say nothing.
    for (keyword, list) in [(Keyword::Host, names), (Keyword::Port, ports)] {
        if list.contains(|letter| letter != ',') {
            dsn.set(keyword, &list);
        }
    }
    dsn.set(Keyword::Dbname, &decoded(database)?);
    // With an `@` in them, or behind a password, a parameter can be a part of a password.
    let mut may_be_secret = contains(parameters, "@");
    for parameter in split(parameters, "&").filter(|parameter| !parameter.is_empty()) {
        let (name, value) = split_once(parameter, "=").ok_or(DsnError::Syntax)?;
        if contains(value, "=") {
            return Err(DsnError::Syntax);
        }
        let (name, value) = (decoded(name)?, decoded(value)?);
        // As JDBC writes it, which libpq also takes.
        match (name.as_ref(), value.as_ref()) {
            ("ssl", "true") => dsn.set(Keyword::SslMode, "require"),
            _ => set(dsn, &name, &value).map_err(|error| named(error, &name, may_be_secret))?,
        }
        may_be_secret |= name == Keyword::Password.name();
    }
    Ok(())
}

fn host_and_port(text: &str) -> Result<(&str, &str), DsnError> {
    if let Some(rest) = text.strip_prefix('[') {
        let (address, port) = split_once(rest, "]").ok_or(DsnError::Syntax)?;
        return match (port.is_empty(), port.strip_prefix(':')) {
            (true, _) => Ok((address, "")),
            (_, Some(port)) => Ok((address, port)),
            _ => Err(DsnError::Syntax),
        };
    }
    Ok(split_once(text, ":").unwrap_or((text, "")))
}

/// `%41` is `A`. A `+` is a `+`.
fn decoded(text: &str) -> Result<Cow<'_, str>, DsnError> {
    if !contains(text, "%") {
        return Ok(Cow::Borrowed(text));
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let mut digit = || char::from(rest.next()?).to_digit(16).and_then(|d| u8::try_from(d).ok());
        bytes.push(match byte {
            b'%' => {
                let (high, low) = (digit(), digit());
                high.zip(low).map(|(high, low)| high << 4 | low).ok_or(DsnError::Syntax)?
            }
            byte => byte,
        });
    }
    let text = String::from_utf8(bytes).map_err(|_| DsnError::Syntax)?;
    if contains(&text, "\0") { Err(DsnError::Syntax) } else { Ok(Cow::Owned(text)) }
}

/// `key = value key='a value'`; a backslash takes the next character as it is.
fn pairs(text: &str, dsn: &mut Dsn) -> Result<(), DsnError> {
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let (name, after) = split_once(rest, "=").ok_or(DsnError::Syntax)?;
        let name = name.trim_end();
        if name.is_empty() || name.contains(char::is_whitespace) {
            return Err(DsnError::Syntax);
        }
        let after = after.trim_start();
        let is_quoted = after.starts_with('\'');
        let mut value = String::new();
        let mut letters = after.char_indices().skip(usize::from(is_quoted));
        let end = loop {
            match letters.next() {
                Some((at, '\'')) if is_quoted => break at + 1,
                Some((at, letter)) if !is_quoted && letter.is_whitespace() => break at,
                Some((_, '\\')) => value.extend(letters.next().map(|(_, letter)| letter)),
                Some((_, letter)) => value.push(letter),
                None if is_quoted => return Err(DsnError::Syntax),
                None => break after.len(),
            }
        };
        // Behind a password with a space that is not quoted, this can be a part of it.
        // So can all of it, where nothing is known.
        let may_be_secret = dsn.get(Keyword::Password).is_some()
            || dsn.values.is_empty() && Keyword::nearest(name).is_none();
        set(dsn, name, &value).map_err(|error| named(error, name, may_be_secret))?;
        rest = after[end..].trim_start();
    }
    Ok(())
}

pub(super) fn set(dsn: &mut Dsn, name: &str, value: &str) -> Result<(), DsnError> {
    match Keyword::meaning(name, value)? {
        Meaning::Known(keyword) => dsn.set(keyword, value),
        Meaning::OfDriver => dsn.of_drivers.push(name.to_owned()),
        Meaning::WithoutEffect => {}
    }
    Ok(())
}

/// Names the keyword that is not known.
fn named(error: DsnError, name: &str, may_be_secret: bool) -> DsnError {
    let is_letter =
        |c: u8| c.is_ascii_alphabetic() || matches!(c, b'_' | b'-' | b'.' | b'[' | b']');
    let is_plain = name.len() <= 40 && name.bytes().all(is_letter);
    match error {
        DsnError::UnknownKeyword { .. } if is_plain && !may_be_secret => {
            DsnError::UnknownKeyword { name: Some(name.to_owned()) }
        }
        error => error,
    }
}

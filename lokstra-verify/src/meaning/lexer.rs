//! SQL as the words that PostgreSQL reads, without what stands between them.

/// What the text is made of. Two texts with the same tokens mean the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Token {
    /// A word in lower case, a number or a sign.
    Plain(String),
    /// A quoted name or a literal, as it is written.
    Exact(String),
    /// What stands between dollar quotes.
    Dollar(String),
}

impl Token {
    pub(crate) fn is(&self, word: &str) -> bool {
        matches!(self, Token::Plain(plain) if plain == word)
    }
}

/// Reads all of a text; None if something in it does not end.
pub(crate) fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            _ if first.is_whitespace() => first.len_utf8(),
            '-' if rest.starts_with("--") => rest.find('\n').unwrap_or(rest.len()),
            '/' if rest.starts_with("/*") => {
                let length = comment(rest)?;
                // A hint: extensions read it.
                if rest.starts_with("/*+") {
                    tokens.push(Token::Exact(rest[..length].to_owned()));
                }
                length
            }
            '\'' | '"' => {
                let length = quoted(rest, false)?;
                tokens.push(Token::Exact(rest[..length].to_owned()));
                length
            }
            '$' => match dollar(rest) {
                Some((body, length)) => {
                    tokens.push(Token::Dollar(body.to_owned()));
                    length
                }
                None if opens_dollar(rest).is_some() => return None,
                None => plain(&mut tokens, rest, 1 + word(&rest[1..])),
            },
            _ if is_word(first) => {
                let length = word(rest);
                let (prefix, behind) = rest.split_at(length);
                match prefix.to_ascii_lowercase().as_str() {
                    "e" | "b" | "x" | "n" if behind.starts_with('\'') => {
                        let escapes = prefix.eq_ignore_ascii_case("e");
                        exact(&mut tokens, rest, length + quoted(behind, escapes)?)
                    }
                    "u" if behind.starts_with("&'") || behind.starts_with("&\"") => {
                        exact(&mut tokens, rest, length + 1 + quoted(&behind[1..], false)?)
                    }
                    _ => plain(&mut tokens, rest, length),
                }
            }
            _ if OPERATORS.contains(first) => plain(&mut tokens, rest, operator(rest)),
            ':' | '.' if rest[1..].starts_with([first, '=']) => plain(&mut tokens, rest, 2),
            _ => plain(&mut tokens, rest, first.len_utf8()),
        };
        rest = &rest[length..];
    }
    Some(tokens)
}

fn plain(tokens: &mut Vec<Token>, rest: &str, length: usize) -> usize {
    let text = match &rest[..length] {
        "!=" => "<>".to_owned(),
        text => text.to_ascii_lowercase(),
    };
    tokens.push(Token::Plain(text));
    length
}

fn exact(tokens: &mut Vec<Token>, rest: &str, length: usize) -> usize {
    tokens.push(Token::Exact(rest[..length].to_owned()));
    length
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || !c.is_ascii()
}

/// A word or a number: `1.5`, and of `1..10` the 1.
fn word(text: &str) -> usize {
    let is_number = text.starts_with(|c: char| c.is_ascii_digit());
    let mut characters = text.char_indices().peekable();
    while let Some((at, c)) = characters.next() {
        let is_point = is_number && c == '.' && characters.peek().is_none_or(|next| next.1 != '.');
        if !(is_word(c) || is_point || c == '$' && at > 0 && !is_number) {
            return at;
        }
    }
    text.len()
}

/// Comments nest.
fn comment(text: &str) -> Option<usize> {
    let (mut depth, mut at) = (0, 0);
    loop {
        let rest = &text[at..];
        if rest.starts_with("/*") {
            (depth, at) = (depth + 1, at + 2);
        } else if rest.starts_with("*/") {
            (depth, at) = (depth - 1, at + 2);
            if depth == 0 {
                return Some(at);
            }
        } else {
            at += rest.chars().next()?.len_utf8();
        }
    }
}

/// The length of a literal or a quoted name; a quote in it is written twice.
fn quoted(text: &str, escapes: bool) -> Option<usize> {
    let quote = text.chars().next()?;
    let mut characters = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = characters.next() {
        if c == '\\' && escapes {
            characters.next();
        } else if c == quote {
            if characters.peek().is_none_or(|next| next.1 != quote) {
                return Some(at + 1);
            }
            characters.next();
        }
    }
    None
}

/// The length of `$` or `$tag$`, but not of the `$` of `$1`.
fn opens_dollar(text: &str) -> Option<usize> {
    let tag = text.strip_prefix('$')?.split_once('$')?.0;
    let is_tag = !tag.starts_with(|c: char| c.is_ascii_digit()) && tag.chars().all(is_word);
    is_tag.then(|| tag.len() + 2)
}

fn dollar(text: &str) -> Option<(&str, usize)> {
    let opening = opens_dollar(text)?;
    let (tag, rest) = text.split_at(opening);
    let body = rest.split_once(tag)?.0;
    Some((body, 2 * opening + body.len()))
}

pub(crate) const OPERATORS: &str = "+-*/<>=~!@#%^&|`?";

/// As the server's lexer has it: an operator ends where a comment begins, and with a `+` or `-` only
/// if there is a sign in it that no operator of the standard has.
fn operator(text: &str) -> usize {
    let end = text.find(|c| !OPERATORS.contains(c)).unwrap_or(text.len());
    let mut run = &text[..end];
    for comment in ["--", "/*"] {
        run = run.split_once(comment).map_or(run, |(before, _)| before);
    }
    if !run.contains(|c| "~!@#%^&|`?".contains(c)) {
        let end = run.trim_end_matches(['+', '-']).len();
        return end.max(1);
    }
    run.len()
}

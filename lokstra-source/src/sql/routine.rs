//! Routines in PL/pgSQL that end the transaction: `COMMIT` in a `DO` block or in a procedure.

use squawk_lexer::{LiteralKind, TokenKind};

use super::forbidden::significant;

/// A call of a procedure, or the end of a transaction, that a body certainly reaches.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Certain {
    /// `COMMIT` or `ROLLBACK`, at this offset of the body.
    End(usize),
    /// `CALL` of this procedure.
    Call(String, usize),
}

/// The offset at which a `DO` block certainly ends the transaction.
pub(super) fn commits(statement: &str) -> Option<usize> {
    ends(statement, &[])
}

/// The offset at which a `DO` block certainly ends the transaction, itself or by calling one of these
/// procedures.
pub(crate) fn ends(statement: &str, procedures: &[String]) -> Option<usize> {
    let body = Body::of(statement)?;
    body.certain().into_iter().find_map(|certain| match certain {
        Certain::End(at) => Some(body.offset(at)),
        Certain::Call(name, at) => procedures.contains(&name).then(|| body.offset(at)),
    })
}

/// The range of the body of a routine in SQL, if it is a text.
#[cfg(feature = "sql-check")]
pub(super) fn sql_body(statement: &str) -> Option<std::ops::Range<usize>> {
    let mut words = statement.split_ascii_whitespace();
    let is_create = words.next().is_some_and(|word| word.eq_ignore_ascii_case("create"));
    let is_routine = words.take(3).any(|word| {
        ["function", "procedure"].iter().any(|routine| word.eq_ignore_ascii_case(routine))
    });
    let body = (is_create && is_routine).then(|| Body::in_language(statement, "sql"))??;
    Some(body.start..body.start + body.text.len())
}

/// The effect of a statement on the procedures that are known to end the transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// Creates a procedure: its name, and whether it certainly ends the transaction.
    Creates(String, bool),
    /// Drops, renames or replaces a procedure in a way that is not followed.
    Forgets(String),
    /// Calls a procedure.
    Calls(String),
}

/// Finds the effect of a statement, if it has one.
pub(crate) fn effect(statement: &str, procedures: &[String]) -> Option<Effect> {
    let tokens: Vec<_> = significant(statement).take(16).collect();
    let word = |nth: usize| tokens.get(nth).map_or("", |(_, text, _)| *text);
    let is = |nth: usize, expected: &str| word(nth).eq_ignore_ascii_case(expected);
    if is(0, "call") {
        return Some(Effect::Calls(name(&tokens[1..])?));
    }
    let nth = match () {
        () if is(0, "create") && is(1, "or") && is(2, "replace") => 3,
        () if ["create", "drop", "alter"].iter().any(|verb| is(0, verb)) => 1,
        () => return None,
    };
    if !is(nth, "procedure") && !is(nth, "routine") {
        return None;
    }
    let exists = if is(nth + 1, "if") && is(nth + 2, "exists") { 2 } else { 0 };
    let name = name(tokens.get(nth + 1 + exists..)?)?;
    if !is(0, "create") {
        return Some(Effect::Forgets(name));
    }
    let is_certain = ends(statement, procedures).is_some();
    Some(Effect::Creates(name, is_certain))
}

/// The last part of a name.
fn name(tokens: &[(TokenKind, &str, usize)]) -> Option<String> {
    let mut last = None;
    for pair in tokens.chunks(2) {
        let (kind, text, _) = pair[0];
        last = Some(match kind {
            TokenKind::Ident => text.to_ascii_lowercase(),
            TokenKind::QuotedIdent { uescape: false, .. } => {
                text.trim_matches('"').replace("\"\"", "\"")
            }
            _ => return None,
        });
        if pair.get(1).is_none_or(|(kind, ..)| *kind != TokenKind::Dot) {
            break;
        }
    }
    last
}

/// The body of a routine in PL/pgSQL.
struct Body<'a> {
    text: &'a str,
    /// The offset of the body in the statement.
    start: usize,
}

impl<'a> Body<'a> {
    /// Finds the body; `None` for another language, or a text whose quotes are doubled.
    fn of(statement: &'a str) -> Option<Body<'a>> {
        Body::in_language(statement, "plpgsql")
    }

    fn in_language(statement: &'a str, expected: &str) -> Option<Body<'a>> {
        let tokens: Vec<_> = significant(statement).collect();
        let is_do = tokens.first()?.1.eq_ignore_ascii_case("do");
        let language = tokens.windows(2).find(|pair| {
            pair[0].0 == TokenKind::Ident && pair[0].1.eq_ignore_ascii_case("language")
        });
        match language {
            Some(pair) if !pair[1].1.trim_matches(['\'', '"']).eq_ignore_ascii_case(expected) => {
                return None;
            }
            None if !is_do => return None,
            _ => {}
        }
        let is_text = |(nth, (kind, ..)): (usize, &(TokenKind, &str, usize))| {
            let is_body = matches!(
                kind,
                TokenKind::Literal {
                    kind: LiteralKind::DollarQuotedString { .. } | LiteralKind::Str { .. }
                }
            );
            // Behind `LANGUAGE`, a text is its name.
            is_body && (nth == 0 || !tokens[nth - 1].1.eq_ignore_ascii_case("language"))
        };
        let is_after_as = |nth: usize| is_do || tokens[nth - 1].1.eq_ignore_ascii_case("as");
        let (nth, (kind, text, start)) = tokens
            .iter()
            .enumerate()
            .find(|(nth, token)| is_text((*nth, token)) && is_after_as(*nth))?;
        let opening = match kind {
            TokenKind::Literal { kind: LiteralKind::Str { .. } } => 1,
            _ => text[1..].find('$')? + 2,
        };
        // A text that continues in the next line is not followed.
        let next = tokens.get(nth + 1).map(|(kind, ..)| *kind);
        if matches!(next, Some(TokenKind::Literal { .. } | TokenKind::Comma)) {
            return None;
        }
        let text = text.get(opening..text.len().checked_sub(opening)?)?;
        (!text.contains("''")).then_some(Body { text, start: start + opening })
    }

    fn offset(&self, at: usize) -> usize {
        self.start + at
    }

    /// What the body certainly reaches, in order. A block with an `EXCEPTION` is left out: it catches
    /// the error, and no mode of a script lets it commit.
    fn certain(&self) -> Vec<Certain> {
        let tokens: Vec<_> = significant(self.text).collect();
        let word = |nth: usize| {
            let token = tokens.get(nth).filter(|(kind, ..)| *kind == TokenKind::Ident);
            token.map(|(_, text, _)| text.to_ascii_lowercase()).unwrap_or_default()
        };
        let mut found = Vec::new();
        // The open blocks, and whether each certainly runs.
        let mut open: Vec<bool> = Vec::new();
        let mut is_start = true;
        let mut in_declarations = word(0) == "declare";
        let mut nth = 0;
        while nth < tokens.len() {
            let here = if is_start { word(nth) } else { String::new() };
            let is_certain = !open.is_empty() && open.iter().all(|certain| *certain);
            is_start = false;
            match here.as_str() {
                "declare" => in_declarations = true,
                "begin" => {
                    in_declarations = false;
                    open.push(true);
                    is_start = true;
                }
                _ if in_declarations => {}
                // What follows may not be reached, or is caught.
                "exception" => return Vec::new(),
                "exit" | "continue" | "return" => break,
                "if" | "case" | "while" | "for" | "foreach" => {
                    open.push(Self::is_run_once(&tokens, nth));
                }
                "loop" => {
                    open.push(true);
                    is_start = true;
                }
                "end" => {
                    open.pop();
                    // In `END IF` and `END LOOP`, the second word opens nothing.
                    nth += 1;
                    continue;
                }
                "commit" | "rollback" if is_certain && is_end(&tokens[nth + 1..]) => {
                    found.push(Certain::End(tokens[nth].2));
                }
                "call" if is_certain => {
                    let called = name(&tokens[nth + 1..]);
                    found.extend(called.map(|name| Certain::Call(name, tokens[nth].2)));
                }
                _ => {}
            }
            // A statement begins behind these. `THEN` and `ELSE` of an expression are harmless.
            let is_boundary = tokens[nth].0 == TokenKind::Semi
                || matches!(word(nth).as_str(), "then" | "else" | "loop")
                || tokens[nth].1 == ">>";
            is_start |= is_boundary || is_label_end(&tokens, nth);
            nth += 1;
        }
        // An exception section catches what is above it.
        let has_handler = tokens.windows(2).any(|pair| {
            pair[0].1.eq_ignore_ascii_case("exception") && pair[1].1.eq_ignore_ascii_case("when")
        });
        if has_handler { Vec::new() } else { found }
    }

    /// Whether a loop runs at least once: `FOR i IN 1..10 LOOP`, `WHILE true LOOP`.
    fn is_run_once(tokens: &[(TokenKind, &str, usize)], nth: usize) -> bool {
        let end = tokens[nth..].iter().position(|(_, text, _)| text.eq_ignore_ascii_case("loop"));
        let Some(end) = end else { return false };
        let head: String =
            tokens[nth..nth + end].iter().flat_map(|(_, text, _)| [*text, " "]).collect();
        let head = head.to_ascii_lowercase();
        if head.trim_end() == "while true" {
            return true;
        }
        let range = head.strip_prefix("for ").and_then(|rest| rest.split_once(" in "));
        let bounds = range.and_then(|(_, range)| range.split_once(".."));
        bounds.is_some_and(|(from, to)| {
            let (from, to) = (from.trim().parse::<i64>(), to.trim().parse::<i64>());
            matches!((from, to), (Ok(from), Ok(to)) if from <= to)
        })
    }
}

/// Whether this may follow `COMMIT` in PL/pgSQL; otherwise the word is the name of a variable.
fn is_end(rest: &[(TokenKind, &str, usize)]) -> bool {
    let chains = [&["and", "chain"][..], &["and", "no", "chain"], &[]];
    chains.iter().any(|chain| {
        rest.get(chain.len()).is_some_and(|(kind, ..)| *kind == TokenKind::Semi)
            && chain.iter().zip(rest).all(|(word, (_, text, _))| text.eq_ignore_ascii_case(word))
    })
}

/// Whether a label ends here (`>>`).
fn is_label_end(tokens: &[(TokenKind, &str, usize)], nth: usize) -> bool {
    nth > 0 && tokens[nth].0 == TokenKind::Gt && tokens[nth - 1].0 == TokenKind::Gt
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_that_a_block_must_come_to_is_found() {
        for (statement, at) in [
            ("DO $$ BEGIN PERFORM 1; COMMIT; END $$", "COMMIT"),
            (
                "do $x$\n<<a>>\nDECLARE commit int := 1;\nBEGIN\n rollback;\nEND\n$x$ LANGUAGE plpgsql",
                "rollback",
            ),
            ("DO LANGUAGE 'plpgsql' 'BEGIN COMMIT AND CHAIN; END'", "COMMIT"),
            ("DO $$ BEGIN BEGIN /* a */ COMMIT; END; END $$", "COMMIT"),
            (
                "DO $$ BEGIN FOR i IN 1..10 LOOP INSERT INTO a VALUES (i); COMMIT; END LOOP; END $$",
                "COMMIT",
            ),
            ("DO $$ BEGIN LOOP COMMIT; EXIT; END LOOP; END $$", "COMMIT"),
            ("DO $$ BEGIN IF a THEN b := 1; END IF; COMMIT; END $$", "COMMIT"),
            ("DO $$ BEGIN a := CASE WHEN b THEN 1 ELSE 2 END; COMMIT; END $$", "COMMIT"),
        ] {
            assert_eq!(commits(statement), statement.find(at), "{statement}");
        }
    }

    #[test]
    fn a_variable_that_is_called_commit_ends_nothing() {
        for statement in [
            "DO $$ DECLARE rollback int; BEGIN rollback := 1; END $$",
            "DO $$ DECLARE commit int; BEGIN commit = 1; END $$",
            "DO $$ DECLARE commit int[]; BEGIN commit[1] := 1; END $$",
            "DO $$ DECLARE commit record; BEGIN PERFORM 1; commit.a := 1; END $$",
            "DO $$ BEGIN a := CASE WHEN b THEN commit ELSE rollback END; END $$",
            "DO $$ BEGIN a := CASE WHEN b THEN commit AND chain ELSE b END; END $$",
        ] {
            assert_eq!(commits(statement), None, "{statement}");
        }
        let statement = "DO $$ BEGIN commit := 1; ROLLBACK AND NO /* a */ CHAIN; END $$";
        assert_eq!(commits(statement), statement.find("ROLLBACK"));
    }

    #[test]
    fn a_commit_that_may_not_be_come_to_is_left_to_the_server() {
        for statement in [
            "DO $$ BEGIN IF false THEN COMMIT; END IF; END $$",
            "DO $$ BEGIN LOOP UPDATE a SET b = 1; EXIT WHEN NOT FOUND; COMMIT; END LOOP; END $$",
            "DO $$ BEGIN FOR r IN SELECT 1 LOOP COMMIT; END LOOP; END $$",
            "DO $$ BEGIN RETURN; COMMIT; END $$",
            "DO $$ BEGIN COMMIT; EXCEPTION WHEN others THEN NULL; END $$",
            "DO $$ BEGIN BEGIN COMMIT; EXCEPTION WHEN others THEN NULL; END; END $$",
            "DO $$ BEGIN EXECUTE 'COMMIT'; END $$",
            "DO $$ BEGIN RAISE NOTICE 'a; COMMIT;'; END $$",
            "DO $$ BEGIN -- COMMIT;\n END $$",
            "DO $$ BEGIN CASE a WHEN 1 THEN COMMIT; END CASE; END $$",
            "DO LANGUAGE plpython3u $$ BEGIN COMMIT; END $$",
            "DO $$ BEGIN FOR i IN 2..1 LOOP COMMIT; END LOOP; END $$",
        ] {
            assert_eq!(commits(statement), None, "{statement}");
        }
    }

    #[test]
    fn procedures_are_followed_by_name() {
        let known = ["p".to_owned()];
        let creates = |name: &str, commits| Some(Effect::Creates(name.to_owned(), commits));
        for (statement, expected) in [
            (
                "CREATE PROCEDURE s.\"P\"() LANGUAGE plpgsql AS $$ BEGIN COMMIT; END $$",
                creates("P", true),
            ),
            (
                "CREATE OR REPLACE PROCEDURE q() AS $$ BEGIN CALL p(); END $$ LANGUAGE plpgsql",
                creates("q", true),
            ),
            ("CREATE PROCEDURE q() LANGUAGE sql AS 'SELECT 1'", creates("q", false)),
            ("CALL public.p(1)", Some(Effect::Calls("p".to_owned()))),
            ("DROP PROCEDURE IF EXISTS p", Some(Effect::Forgets("p".to_owned()))),
            ("ALTER ROUTINE p() RENAME TO q", Some(Effect::Forgets("p".to_owned()))),
            ("CREATE FUNCTION f() RETURNS int LANGUAGE sql RETURN 1", None),
        ] {
            assert_eq!(effect(statement, &known), expected, "{statement}");
        }
    }
}

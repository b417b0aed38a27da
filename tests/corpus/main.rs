//! The build's idea of SQL against the server's: over the SQL that comes with PostgreSQL, the same
//! SQL with faults put into it, and scripts that are glued from its statements.
//!
//! docs/testing.md has the long forms.

mod bison;
mod fetch;
mod glue;
mod grammar;
mod judge;
mod keywords;
mod linter;
mod mutation;
mod psql;
mod scripts;
mod sentences;

use std::cell::{Cell, RefCell};
use std::fmt::Write;

use judge::{Runner, Server, Verdict, is_about_syntax, problems};
use lokstra_test_support::database;
use mutation::KINDS;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use scripts::{SCRIPTS, is_long, valid_statements};

/// Where a statement ends: at a `;` of the highest level. The server tells of each piece that it is
/// one statement, which it cannot say of two. Was a statement cut in two, the first half lacks a
/// closing parenthesis, quote or END, and is refused: then it is one with what follows it.
#[test]
fn every_script_is_split_where_the_server_splits_it() {
    let database = database();
    let mut server = Server::new(&database);
    let mut wrong = Vec::new();
    let (mut taken, mut refused) = (0, 0);
    for script in SCRIPTS.iter() {
        let mut end = 0;
        for (nth, piece) in script.pieces.iter().enumerate() {
            let between = &script.text[end..piece.range.start];
            if server.judge(between) != Verdict::Nothing {
                wrong.push(format!("{}: left out: {between}", script.path.display()));
            }
            end = piece.range.end;
            match piece.verdict {
                Verdict::One => taken += 1,
                Verdict::Refused(_) => {
                    refused += 1;
                    let rest = &script.pieces[nth + 1..];
                    let halves = rest.iter().take(20).map(|next| piece.range.start..next.range.end);
                    wrong.extend(halves.map(|range| &script.text[range]).find_map(|sql| {
                        let is_cut = server.judge(sql) == Verdict::One;
                        is_cut.then(|| format!("{}: cut: {sql}", script.path.display()))
                    }));
                }
                Verdict::Nothing | Verdict::Many => {
                    let sql = &script.text[piece.range.clone()];
                    wrong.push(format!("{}: more than one: {sql}", script.path.display()));
                }
            }
        }
        let rest = &script.text[end..];
        if server.judge(rest) != Verdict::Nothing {
            wrong.push(format!("{}: left out: {rest}", script.path.display()));
        }
    }
    assert_eq!(wrong, Vec::<String>::new());
    println!("{} scripts, {taken} statements, {refused} refused by the server", SCRIPTS.len());
    assert!(taken > 1_000, "{taken} statements");
    assert!(refused * 20 <= taken, "{refused} of {taken} refused: is this SQL for this server?");
}

#[test]
fn no_statement_that_the_server_accepts_is_refused() {
    let statements = valid_statements();
    let found = problems(&statements);
    let about_syntax = |nth: &usize| found[nth].iter().any(is_about_syntax);
    let suspects = found.keys().filter(|nth| about_syntax(nth)).map(|nth| &*statements[*nth]);
    // Some are there to be refused.
    let (alarms, unknown) = Runner::new(&database()).taken(suspects.collect());
    println!(
        "{} different statements, {unknown} for the server to look up, {} false alarms",
        statements.len(),
        alarms.len()
    );
    assert!(alarms.is_empty(), "{}", alarms.join("\n\n"));
}

#[test]
fn no_script_is_refused_for_what_the_server_accepts_in_it() {
    // What the server refuses, or what no migration may hold, is not for us.
    let mut scripts = Vec::new();
    for script in SCRIPTS.iter() {
        let unchecked = |nth| format!("-- lokstra: no-syntax-check\n{}", script.sql(nth));
        let pieces: Vec<_> = (0..script.pieces.len()).map(unchecked).collect();
        let refused = problems(&pieces);
        // What the build refuses of these, it refuses alone as well: that is another test.
        let alone: Vec<_> = (0..script.pieces.len()).map(|nth| script.sql(nth)).collect();
        let wrong = problems(&alone);
        let mut text = script.text.clone();
        for (nth, piece) in script.pieces.iter().enumerate() {
            let forbidden = |found: &Vec<_>| !found.iter().any(is_about_syntax);
            let is_wrong = wrong.get(&nth).is_some_and(|found| found.iter().any(is_about_syntax));
            if refused.get(&nth).is_some_and(forbidden) || is_wrong || piece.verdict != Verdict::One
            {
                let blank = " ".repeat(piece.range.len());
                text.replace_range(piece.range.clone(), &blank);
            }
        }
        if !lokstra_source::statements(&text).is_empty() {
            scripts.push((&script.path, text));
        }
    }
    let texts: Vec<_> = scripts.iter().map(|(_, text)| text).collect();
    let mut alarms = Vec::new();
    for (nth, problems) in problems(&texts) {
        let found = problems.into_iter().filter(is_about_syntax);
        alarms.extend(found.map(|problem| format!("{}: {problem}", scripts[nth].0.display())));
    }
    println!("{} scripts with a statement, {} false alarms", scripts.len(), alarms.len());
    assert!(alarms.is_empty(), "{}", alarms.join("\n\n"));
}

/// How many of each kind of fault the build misses, and what the server says of those.
#[test]
fn what_the_server_cannot_parse_is_a_compile_error() {
    let database = database();
    let mut server = Server::new(&database);
    let statements = valid_statements();
    let short: Vec<_> = statements.iter().filter(|sql| sql.len() < 400).collect();
    let mut report = String::new();
    let mut is_over = false;
    for (nth_kind, kind) in KINDS.iter().enumerate() {
        // Each kind in other statements: all of them in all kinds take minutes.
        let mut broken: Vec<_> = short
            .iter()
            .enumerate()
            .filter(|(nth, _)| nth % KINDS.len() == nth_kind)
            .filter_map(|(nth, sql)| kind.put_into(sql, nth))
            .filter_map(|sql| match server.judge(&sql) {
                Verdict::Refused(why) => Some((sql, why)),
                _ => None,
            })
            .collect();
        broken.sort();
        broken.dedup();
        let texts: Vec<_> = broken.iter().map(|(sql, _)| format!("{sql};\n")).collect();
        let caught = problems(&texts);
        let missed: Vec<_> =
            broken.iter().enumerate().filter(|(nth, _)| !caught.contains_key(nth)).collect();
        is_over |= missed.len() * 1_000 > kind.budget(is_long()) * broken.len();
        assert!(broken.len() > 50, "{}: {}", kind.name, broken.len());
        writeln!(report, "{}: missed {} of {}", kind.name, missed.len(), broken.len()).unwrap();
        for (_, (sql, why)) in missed {
            writeln!(report, "  {why}: {}", sql.replace('\n', " ")).unwrap();
        }
    }
    println!("{report}");
    assert!(!is_over, "over the budget of its kind:\n{report}");
}

/// Whatever the server can parse is, by our splitter, one statement a piece and nothing between. Most
/// of what is glued here can be parsed.
#[test]
fn glued_scripts_are_split_where_the_server_splits_them() {
    let database = database();
    let server = RefCell::new(Server::new(&database));
    let statements: &'static [&'static str] = valid_statements().leak();
    let (tried, taken) = (Cell::new(0), Cell::new(0));
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    let result = runner.run(&glue::script(statements), |script| {
        let judge = |sql: &str| server.borrow_mut().judge(sql);
        tried.set(tried.get() + 1);
        let whole = judge(&script);
        let pieces = lokstra_source::statements(&script);
        let found = match pieces.len() {
            0 => Verdict::Nothing,
            1 => Verdict::One,
            _ => Verdict::Many,
        };
        if matches!(whole, Verdict::Refused(_)) {
            return Ok(());
        }
        taken.set(taken.get() + 1);
        prop_assert_eq!(found, whole);
        let mut end = 0;
        for piece in pieces {
            prop_assert_eq!(judge(&script[end..piece.start]), Verdict::Nothing);
            prop_assert_eq!(judge(&script[piece.clone()]), Verdict::One);
            end = piece.end;
        }
        prop_assert_eq!(judge(&script[end..]), Verdict::Nothing);
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    println!("{} scripts, {} of them parsed by the server", tried.get(), taken.get());
    assert!(taken.get() * 2 > tried.get(), "{} of {}", taken.get(), tried.get());
}

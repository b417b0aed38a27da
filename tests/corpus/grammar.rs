//! The build against the grammar of the server: sentences that are made of its rules, and each keyword in
//! each place of a name.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use crate::bison::{Bison, keywords};
use crate::fetch::RELEASES;
use crate::judge::{Runner, Server, Verdict, is_about_syntax, problems};
use crate::keywords::PLACES;
use crate::scripts::is_long;
use crate::sentences::{Random, Sentences};
use lokstra_test_support::{column, database};

/// Rules that the server always refuses: it says so behind its grammar, or the crate has them for
/// parameters where the server takes none.
const NEVER: [&str; 25] = [
    "AexprConst: ConstInterval '(' Iconst ')' PARAM",
    "AexprConst: ConstInterval PARAM opt_interval",
    "AexprConst: ConstTypename PARAM",
    "AexprConst: func_name '(' func_arg_list opt_sort_clause ')' PARAM",
    "AexprConst: func_name PARAM",
    "AlterEnumStmt: ALTER TYPE_P any_name DROP VALUE_P Sconst",
    "AlterOptRoleElem: ENCRYPTED PASSWORD PARAM",
    "AlterOptRoleElem: PASSWORD PARAM",
    "AlterOptRoleElem: UNENCRYPTED PASSWORD Sconst",
    "CreateAssertionStmt: CREATE ASSERTION any_name CHECK '(' a_expr ')' ConstraintAttributeSpec",
    "a_expr: UNIQUE opt_unique_null_treatment select_with_parens",
    "a_expr: UNIQUE select_with_parens",
    "create_extension_opt_item: FROM NonReservedWord_or_Sconst",
    "extract_list: PARAM FROM a_expr",
    "key_match: MATCH PARTIAL",
    "limit_clause: LIMIT select_limit_value ',' select_offset_value",
    "oper_argtypes: '(' Typename ')'",
    "row: ROW '(' ')'",
    "set_rest_more: CATALOG_P Sconst",
    "set_rest_more: ROLE PARAM",
    "set_rest_more: SCHEMA PARAM",
    "set_rest_more: SESSION AUTHORIZATION PARAM",
    "stmt: CreateAssertionStmt",
    "var_value: PARAM",
    "zone_value: PARAM",
];

/// Rules whose words must be certain ones, or whose parts as many, which the grammar does not say.
const BY_HAND: [(&str, &str); 31] = [
    ("AlterOptRoleElem: IDENT", "ALTER ROLE a SUPERUSER"),
    ("ConstraintAttributeElem: ENFORCED", "CREATE TABLE a (CHECK (b) ENFORCED)"),
    ("ConstraintAttributeElem: NOT ENFORCED", "CREATE TABLE a (CHECK (b) NOT ENFORCED)"),
    ("ConstraintAttributeElem: NO INHERIT", "ALTER TABLE a ADD CHECK (b) NO INHERIT"),
    ("ConstraintAttributeElem: NOT VALID", "ALTER TABLE a ADD CHECK (b) NOT VALID"),
    ("CreateOptRoleElem: IN_P GROUP_P role_list", "CREATE ROLE a IN GROUP b"),
    ("OptPartitionSpec: PartitionSpec", PARTITIONED),
    ("PartitionBoundSpec: FOR VALUES WITH", HASH_PARTITION),
    ("PartitionSpec: ", PARTITIONED),
    ("PublicationObjSpec: ColId indirection", "CREATE PUBLICATION a FOR TABLE b, c.d (e)"),
    ("PublicationObjSpec: extended_relation_expr", "CREATE PUBLICATION a FOR TABLE b, ONLY c"),
    ("RowSecurityDefaultPermissive: AS IDENT", "CREATE POLICY a ON b AS RESTRICTIVE"),
    ("a_expr: row OVERLAPS row", OVERLAPS),
    ("hash_partbound: ", HASH_PARTITION),
    ("hash_partbound_elem: ", HASH_PARTITION),
    ("indirection: ", "SELECT a[1][2]"),
    ("indirection_el: '.' '*'", "SELECT (a).*"),
    ("indirection_el: '['", "SELECT a[1], b[1:2]"),
    (
        "limit_clause: FETCH first_or_next row_or_rows",
        "SELECT 1 ORDER BY 1 FETCH FIRST ROW WITH TIES",
    ),
    ("limit_clause: FETCH first_or_next select_fetch_first_value", WITH_TIES),
    ("json_encoding_clause_opt: ENCODING", "SELECT JSON_ARRAY(a FORMAT JSON ENCODING utf8)"),
    ("json_format_clause: ", "SELECT JSON(a FORMAT JSON ENCODING utf8)"),
    ("json_table", JSON_TABLE),
    ("opt_slice_bound: ", "SELECT a[:]"),
    ("part_elem: ", PARTITIONED),
    ("part_params: ", PARTITIONED),
    ("path_opt: ", JSON_TABLE),
    ("row: ", OVERLAPS),
    ("table_ref: LATERAL_P json_table", LATERAL_JSON_TABLE),
    ("table_ref: json_table", JSON_TABLE),
    (
        "xmltable_column_option",
        "SELECT 1 FROM xmltable('a' PASSING b COLUMNS c int PATH 'd' NOT NULL)",
    ),
];

const HASH_PARTITION: &str =
    "CREATE TABLE a PARTITION OF b FOR VALUES WITH (MODULUS 2, REMAINDER 1)";
const PARTITIONED: &str = "CREATE TABLE a (b int) PARTITION BY RANGE (b, (c), d(e))";
const JSON_TABLE: &str = "SELECT 1 FROM JSON_TABLE(a, '$' AS b COLUMNS (
    c FOR ORDINALITY, d int PATH '$', e int EXISTS PATH '$', f text FORMAT JSON PATH '$',
    NESTED PATH '$' AS g COLUMNS (h int), NESTED '$' COLUMNS (i int)))";
const LATERAL_JSON_TABLE: &str = "SELECT 1 FROM LATERAL JSON_TABLE(a, '$' COLUMNS (b int))";
const OVERLAPS: &str = "SELECT (1, 2) OVERLAPS ROW (3, 4)";
const WITH_TIES: &str = "SELECT 1 ORDER BY 1 FETCH FIRST 2 ROWS WITH TIES";

#[test]
fn the_tables_of_the_build_are_those_of_postgresql() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("lokstra-grammar/data");
    for release in &RELEASES {
        let [parser, words] = release.parser();
        let file = Bison::read(&parser).file(&keywords(&words));
        let path = folder.join(format!("{}.tables", release.postgresql));
        if env::var_os("LOKSTRA_WRITE_GRAMMAR").is_some() {
            fs::write(&path, &file).unwrap();
        }
        assert!(fs::read(&path).unwrap() == file, "{} differs", path.display());
    }
}

#[test]
fn no_random_sentence_that_the_server_accepts_is_refused() {
    let seed = env::var("LOKSTRA_TEST_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(42);
    let database = database();
    let version = column(&mut database.client().unwrap(), "SHOW server_version_num");
    let version = version.parse::<u32>().unwrap() / 10_000;
    let (mut server, mut runner) = (Server::new(&database), Runner::with_tables(&database));
    // In the short form the server's own grammar, or the newest before it.
    let own = RELEASES.iter().rposition(|it| it.postgresql <= version).unwrap();
    let (releases, rounds) =
        if is_long() { (&RELEASES[..], 20) } else { (&RELEASES[own..=own], 1) };
    let mut untaken = Vec::new();
    for (nth, release) in releases.iter().enumerate() {
        let mut sentences = Sentences::new(release, seed + nth as u64);
        let judged = judge(&mut sentences, rounds, &mut server);
        let suspects = alarms(judged.taken.iter());
        let (checked, (alarms, unknown)) = (suspects.len(), runner.taken(suspects));
        println!(
            "{checked} refused behind the grammar, {unknown} of them for the server to look up"
        );
        println!(
            "grammar of {}: {} rules, {} of them taken; {} sentences, {} taken, {} false alarms; \
             {} refused, {} of them not by the build",
            release.postgresql,
            judged.rules,
            judged.rules - judged.untaken.len(),
            judged.tried,
            judged.taken.len(),
            alarms.len(),
            judged.wrong.len(),
            judged.wrong.len() - refused(judged.wrong.iter().map(String::as_str)).len(),
        );
        assert!(alarms.is_empty(), "seed {seed}: {}", alarms.join("\n"));
        if release.postgresql == version {
            untaken = judged.untaken;
        }
    }
    assert!(untaken.is_empty(), "seed {seed}: rules in no sentence: {untaken:#?}");
}

#[derive(Default)]
struct Judged {
    tried: usize,
    taken: BTreeSet<String>,
    /// What the server calls a syntax error, at most one for each rule.
    wrong: BTreeSet<String>,
    rules: usize,
    untaken: Vec<String>,
}

/// Makes sentences with each rule; a rule that the server has not taken is tried again.
fn judge(sentences: &mut Sentences, rounds: u32, server: &mut Server) -> Judged {
    let mut judged = Judged::default();
    for rule in sentences.rules() {
        let mut name = sentences.rule(rule);
        // With `?` a rule is the crate's own, for parameters.
        if NEVER.contains(&&*name) || name.contains("'?'") {
            continue;
        }
        judged.rules += 1;
        let mut is_taken = false;
        let by_hand = BY_HAND.iter().find(|(rule, _)| name.starts_with(rule));
        for attempt in 0..=rounds.max(300) {
            if attempt >= rounds && is_taken {
                break;
            }
            // What is deep is often refused.
            let budget = [8, 6, 4, 3, 2][attempt as usize % 5];
            let sentence = match by_hand {
                Some((_, sentence)) if attempt == rounds => (*sentence).to_owned(),
                _ => sentences.with(rule, budget),
            };
            if sentence.len() > 2_000 {
                continue;
            }
            judged.tried += 1;
            match server.judge(&sentence) {
                Verdict::One => {
                    is_taken = true;
                    judged.taken.insert(sentence);
                }
                Verdict::Nothing => is_taken = true,
                Verdict::Refused(why) if attempt == 0 && why.starts_with("syntax error") => {
                    judged.wrong.insert(sentence);
                }
                verdict if by_hand.is_some() && attempt == rounds => {
                    write!(name, " (by hand: {verdict:?})").unwrap();
                }
                Verdict::Refused(_) | Verdict::Many => {}
            }
        }
        if !is_taken {
            judged.untaken.push(name);
        }
    }
    judged
}

/// What may stand behind each other without a space, and be read in more than one way.
const PIECES: &str = "+ - * / < > = ~ ! @ # % ^ & | ` ? : :: := => .. . 1 1.5 .5 1. 1e 1e5 0x1f 1_000 1a $1 \
    $1a a \"a\" U&\"a\" 'b' E'c\\'' U&'z' N'n' B'1' X'f' $$w$$ $a$w$a$ ( ) [ ] , ; --x\u{a0}'\u{a0} /*y*/ NOT IN \
    UESCAPE '!' WITH IS NULL";

#[test]
fn nothing_is_refused_for_how_its_tokens_are_written() {
    let database = database();
    let mut server = Server::new(&database);
    let pieces: Vec<_> = PIECES.split(' ').map(|piece| piece.replace("\u{a0}", "\n")).collect();
    let mut random = Random::new(7);
    let (mut taken, mut tried) = (BTreeSet::new(), 0);
    while taken.len() < if is_long() { 20_000 } else { 1_000 } {
        tried += 1;
        let mut sql = "SELECT a".to_owned();
        for _ in 0..=random.below(7) {
            sql.push_str(["", "", " ", "\n"][random.below(4)]);
            sql.push_str(&pieces[random.below(pieces.len())]);
        }
        if server.judge(&sql) == Verdict::One {
            taken.insert(sql);
        }
    }
    let suspects = refused(taken.iter().map(String::as_str));
    let (alarms, _) = Runner::new(&database).taken(suspects);
    println!("{tried} texts, {} taken, {} false alarms", taken.len(), alarms.len());
    assert!(alarms.is_empty(), "{}", alarms.join("\n----\n"));
}

#[test]
fn no_keyword_is_refused_where_the_server_accepts_it() {
    let database = database();
    let words = column(&mut database.client().unwrap(), "SELECT word FROM pg_get_keywords()");
    let mut server = Server::new(&database);
    let places: Vec<_> = PLACES.lines().filter(|line| !line.is_empty()).collect();
    let step = if is_long() { 1 } else { 20 };
    let (mut taken, mut wrong) = (Vec::new(), Vec::new());
    for (nth_word, word) in words.split(' ').enumerate() {
        for (_, place) in places.iter().enumerate().filter(|(nth, _)| (nth + nth_word) % step == 0)
        {
            let sql = place.replace('?', word);
            match server.judge(&sql) {
                Verdict::One => taken.push(sql),
                Verdict::Refused(_) => wrong.push(sql),
                _ => {}
            }
        }
    }
    let (suspects, caught) = (alarms(taken.iter()), refused(wrong.iter().map(String::as_str)));
    let (alarms, _) = Runner::new(&database).taken(suspects);
    let missed = wrong.len() - caught.len();
    let (taken, wrong) = (taken.len(), wrong.len());
    println!("{taken} taken, {} false alarms; {wrong} refused, {missed} missed", alarms.len());
    assert!(alarms.is_empty(), "{}", alarms.join("\n"));
    // Another version may take it: a keyword that is reserved here and none there.
    assert!(missed * 10 <= wrong, "{missed} of {wrong}");
}

/// The two lists that the build is tested with: of the first the server refuses each, and of the second
/// none for what it reads.
#[test]
fn what_is_refused_behind_the_grammar_is_refused_by_the_server() {
    let database = database();
    let mut runner = Runner::new(&database);
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("lokstra-grammar/data");
    let wrong = fs::read_to_string(folder.join("refused.sql")).unwrap();
    let (taken, unknown) = runner.taken(wrong.lines().collect());
    assert_eq!((taken, unknown), (Vec::<&str>::new(), 0));
    let right = fs::read_to_string(folder.join("taken.sql")).unwrap();
    let mut server = Server::new(&database);
    for sql in right.lines() {
        assert_eq!(server.judge(sql), Verdict::One, "{sql}");
    }
}

/// Of statements of which the build should refuse none, those that it does refuse.
fn alarms<'a>(statements: impl Iterator<Item = &'a String>) -> Vec<&'a str> {
    // What has data in it ends the check of a script.
    let (alone, many): (Vec<&str>, _) =
        statements.map(String::as_str).partition(|sql| sql.starts_with("COPY"));
    let mut suspects = alone;
    let groups: Vec<_> = many.chunks(100).collect();
    let scripts: Vec<_> = groups.iter().map(|group| group.join("\n;\n")).collect();
    for (nth, found) in problems(&scripts) {
        if found.iter().any(is_about_syntax) {
            suspects.extend(groups[nth]);
        }
    }
    refused(suspects.into_iter())
}

/// Those of which the build says that they are no SQL.
fn refused<'a>(statements: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let statements: Vec<_> = statements.collect();
    let mut refused = Vec::new();
    for some in statements.chunks(1_000) {
        let found: BTreeMap<_, _> = problems(some);
        let wrong = found.iter().filter(|(_, problems)| problems.iter().any(is_about_syntax));
        refused.extend(wrong.map(|(nth, _)| some[*nth]));
    }
    refused
}

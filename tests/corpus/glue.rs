//! Scripts that no person would write: statements from the corpus and hard ones, glued with all that may
//! stand between statements, and sometimes broken.

use proptest::prelude::*;
use proptest::sample::{Index, select};

/// A script of some statements, of which these are known.
pub(crate) fn script(statements: &'static [&'static str]) -> impl Strategy<Value = String> {
    let corpus = any::<Index>().prop_map(|nth| (*nth.get(statements)).to_owned());
    let statement = prop_oneof![3 => corpus, 4 => hard_statement()];
    let glued = prop::collection::vec((statement, gap()), 1..6);
    let stray = prop::option::weighted(0.25, (any::<Index>(), select(STRAY.as_slice())));
    (glued, stray).prop_map(|(parts, stray)| {
        let mut script = parts.into_iter().flat_map(<[String; 2]>::from).collect::<String>();
        if let Some((at, stray)) = stray {
            let at = script.floor_char_boundary(at.index(script.len() + 1));
            script.insert_str(at, stray);
        }
        script
    })
}

const STRAY: [&str; 18] = [
    ";",
    "'",
    "\"",
    "$$",
    "$a$",
    "/*",
    "*/",
    "--",
    "(",
    ")",
    "\\",
    "E'",
    " BEGIN ATOMIC ",
    " END ",
    " CASE ",
    "\r",
    "\n",
    "$",
];

/// With at least one semicolon.
fn gap() -> impl Strategy<Value = String> {
    (trivia(), r";{1,2}", trivia(), r";?").prop_map(|(a, b, c, d)| [a, b, c, d].concat())
}

/// White space and comments, perhaps nothing. No vertical tab: it is no space before PostgreSQL 16.
fn trivia() -> impl Strategy<Value = String> {
    let one = prop_oneof![
        "[ \t\r\n\x0c]{1,3}",
        "--[a;'\"$(*/\\\\ é\u{a0}]{0,6}[\n\r]",
        nested_comment(),
    ];
    prop::collection::vec(one, 0..3).prop_map(|parts| parts.concat())
}

fn nested_comment() -> impl Strategy<Value = String> {
    let leaf = "[a;'\"$()\\\\ \n-]{0,5}".prop_map(|text| format!("/* {text} */"));
    leaf.prop_recursive(3, 8, 3, |inner| {
        (inner.clone(), "[;' \n]{0,3}", inner).prop_map(|(a, text, b)| format!("/*{a}{text}{b}*/"))
    })
}

/// Tokens with trivia between all of them.
fn spaced(tokens: Vec<BoxedStrategy<String>>) -> BoxedStrategy<String> {
    let spaced: Vec<_> = tokens
        .into_iter()
        .map(|token| (token, trivia()).prop_map(|(token, gap)| format!("{token} {gap}")).boxed())
        .collect();
    spaced.prop_map(|tokens| tokens.concat()).boxed()
}

/// These words, and in the place of `?` what is given.
fn words(pattern: &'static str, given: Vec<BoxedStrategy<String>>) -> BoxedStrategy<String> {
    let mut given = given.into_iter();
    let word = |word: &'static str| match word {
        "?" => given.next().expect("as many as there are `?`"),
        word => Just(word.to_owned()).boxed(),
    };
    spaced(pattern.split(' ').map(word).collect())
}

fn hard_statement() -> BoxedStrategy<String> {
    prop_oneof![
        words("SELECT ? , ? ;", vec![value(), value()]).prop_map(|sql| sql.replace(';', "")),
        words("SELECT ? AS ?", vec![value(), name()]),
        words("SELECT ? ?", vec![value(), name()]),
        words("DO ?", vec![dollar_text()]),
        words("CREATE TABLE ? ( ? int DEFAULT ? )", vec![name(), name(), number()]),
        rule(),
        routine(),
    ]
    .boxed()
}

fn value() -> BoxedStrategy<String> {
    prop_oneof![text(), escaped_text(), dollar_text(), name(), number(), case()].boxed()
}

fn number() -> BoxedStrategy<String> {
    prop_oneof!["[0-9]{1,3}", "[0-9]\\.[0-9]", "\\$[1-9]", "B'01'", "x'1f'", "1e5"].boxed()
}

/// Plain text; also over two lines, which makes one text of two.
fn text() -> BoxedStrategy<String> {
    let one = r#"(''|[a;"$\\(*/é \n-]){0,6}"#.prop_map(|text| format!("'{text}'"));
    let two = (one.clone(), "[ \t]?(--[a';]{0,2})?\n ?", one.clone());
    prop_oneof![
        one.clone(),
        one.prop_map(|text| format!("N{text}")),
        r#"(''|[a;"$(*/é \n-]){0,6}"#.prop_map(|text| format!("U&'{text}'")),
        two.prop_map(|(a, gap, b)| a + &gap + &b),
    ]
    .boxed()
}

fn escaped_text() -> BoxedStrategy<String> {
    let one = r#"(''|\\'|\\\\|\\n|[a;"$(*/é \n-]){0,6}"#.prop_map(|text| format!("'{text}'"));
    let gap = "[ \t]?(--[a';]{0,2})?\n ?";
    let more = prop::collection::vec((gap, one.clone()), 0..3);
    ("[eE]", one, more)
        .prop_map(|(prefix, first, more)| {
            more.into_iter().fold(prefix + &first, |text, (gap, next)| text + &gap + &next)
        })
        .boxed()
}

fn dollar_text() -> BoxedStrategy<String> {
    let tag = prop_oneof![Just(""), Just("a"), Just("A"), Just("é"), Just("_1"), Just("end")];
    let body = r"(\$b\$|\$ \$|\$1|[a;'\\(*/ \n-]|BEGIN|END;){0,6}";
    (tag, body).prop_map(|(tag, body)| format!("${tag}${body}${tag}$")).boxed()
}

fn name() -> BoxedStrategy<String> {
    prop_oneof![
        3 => r#""([a;'$(*/é ]|""){1,5}""#,
        1 => r#"U&"[a;'$(*/é ]{1,5}""#,
        3 => r"[a-z]{2}(\$1|\$\$|\$a\$|é|\x{a0}|\x{3000})?",
        1 => r"(begin|atomic|BEGIN|replace|function)",
    ]
    .boxed()
}

/// Which `END` closes a body, and which does not.
fn case() -> BoxedStrategy<String> {
    let simple = words("CASE WHEN ? THEN ? END", vec![number(), number()]);
    let nested = words(
        "CASE ? WHEN ? THEN ? ELSE ? END",
        vec![simple.clone(), number(), simple.clone(), number()],
    );
    prop_oneof![simple, nested].boxed()
}

fn rule() -> BoxedStrategy<String> {
    let action = || {
        prop_oneof![
            words("DELETE FROM ?", vec![name()]),
            words("INSERT INTO ? VALUES ( ? )", vec![name(), value()]),
            Just(String::new()).boxed(),
        ]
    };
    let actions = prop::collection::vec((action(), trivia()), 1..4)
        .prop_map(|actions| actions.into_iter().map(|(a, b)| a + &b).collect::<Vec<_>>().join(";"));
    words(
        "CREATE RULE ? AS ON INSERT TO ? DO ALSO ( SELECT 1 ; ? )",
        vec![name(), name(), actions.boxed()],
    )
}

fn routine() -> BoxedStrategy<String> {
    let statement = || {
        prop_oneof![
            words("SELECT ? ;", vec![value()]),
            words("SELECT ? AS ? ;", vec![value(), name()]),
            words("SELECT ? AS END ;", vec![value()]),
            words("SELECT 1 END ;", vec![]),
            words("SELECT ? AS case , ? . end ;", vec![value(), name()]),
            words("SELECT begin atomic ;", vec![]),
            words("INSERT INTO ? VALUES ( ? ) ;", vec![name(), value()]),
            words("RETURN ? ;", vec![value()]),
            rule().prop_map(|rule| rule + ";").boxed(),
        ]
    };
    let body = prop::collection::vec(statement(), 0..4).prop_map(|all| all.concat()).boxed();
    let opening = select(
        &[
            "CREATE FUNCTION",
            "create or replace procedure",
            "CREATE PROCEDURE",
            "Create Or Replace Function",
        ][..],
    );
    let opening = opening.prop_map(str::to_owned).boxed();
    let arguments = prop_oneof![
        Just("( )".to_owned()),
        r#"\( a int DEFAULT CASE WHEN true THEN 1 END, "end" text \)"#,
    ];
    prop_oneof![
        words(
            "? ? ? LANGUAGE sql BEGIN ATOMIC ? END",
            vec![opening.clone(), name(), arguments.clone().boxed(), body.clone(),]
        ),
        words("? ? ? BEGIN ATOMIC ? END", vec![opening.clone(), name(), arguments.boxed(), body]),
        words("? ? ( ) RETURNS int LANGUAGE sql RETURN ?", vec![opening, name(), case()]),
    ]
    .boxed()
}

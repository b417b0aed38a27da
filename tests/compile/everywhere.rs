// The macro works wherever an expression does, under the strictest of lints, without the prelude
// and under another name of the crate.
#![forbid(warnings)]
#![no_implicit_prelude]

extern crate lokstra as renamed;

static STATIC: renamed::Migrations = renamed::embed_migrations!("tests/fixtures/good");
const CONST: renamed::Migrations = renamed::embed_migrations!("tests/fixtures/good",);

fn count(migrations: &renamed::Migrations) -> usize {
    let mut count = 0;
    for database in migrations.databases() {
        count += database.len();
    }
    count
}

fn main() {
    let local = renamed::embed_migrations!("./tests/fixtures/good/");
    ::std::assert_eq!([count(&STATIC), count(&CONST), count(&local)], [1, 1, 1]);
    ::std::assert_eq!(STATIC, local);
}

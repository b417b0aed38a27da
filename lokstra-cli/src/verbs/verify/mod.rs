//! `verify`: tests on a scratch database whether every down undoes its up.

mod document;
#[cfg(feature = "folder")]
mod marks;

use lokstra_core::Version;
use lokstra_runtime::Pool;
use lokstra_verify::{Verification, Verifier, VerifyError};

use self::document::VerifyDocument;
use crate::call::flags::{self, Flag, Switch};
use crate::call::{CommandContext, Target, Verb};
use crate::output::{CommandError, Exit};
use crate::run;

const DETAILS: &str = "\
For every migration: up, down, compare with before, up again, compare with the
first time. What a down did not undo is reported object by object, with the SQL
that undoes it.

It never runs on the database itself. Without -db it starts a throw-away server
of the installed PostgreSQL, or uses the server of the variable
LOKSTRA_TEST_URL. With -db it creates a database beside the named one
and drops it at the end: the role needs CREATEDB, and scripts that change roles
are refused.

It cannot see effects on data: the tables contain only what the scripts insert,
and on an empty table every SET NOT NULL succeeds. A comment above a statement
excludes what need not be undone:

  -- lokstra: allow(not-undone): every environment has this type

Over a folder with a lokstra.lock it leaves a mark on the line of each migration
that passes, and verifies the next time only what has no valid mark: one for its
text and that of all migrations before it. With `verified: require` in
migration.yaml a migration without a valid mark is a compile error; see
docs/truth.md.

Exit codes: 0 if every down undoes its up, 2 if one does not, or with -check if
a migration has no valid mark.";

const FROM: Flag<Version> = Flag::new(
    "from",
    "VERSION",
    flags::version,
    "Apply the migrations below this version without\nverifying them",
);
const CHECK: Switch =
    Switch::new("check", "Run nothing, and fail if a migration has no\nvalid mark in lokstra.lock");
const ALL: Switch = Switch::new("all", "Verify also migrations that have a valid mark");
const KEEP: Switch = Switch::new("keep", "Keep the scratch database; with -db");

pub(crate) const VERB: Verb = Verb {
    name: "verify",
    about: "Test on a scratch database whether every down undoes its up",
    details: DETAILS,
    examples: &[
        ("", "What has no mark yet, on a throw-away server"),
        ("-check", "In CI: fail if a migration has no valid mark; without a server"),
        ("-all", "Every migration, such as on a new release of PostgreSQL"),
        ("-db db_main", "Beside the database of a pool, on its server"),
        ("-from 041", "Only what is new, on top of the others"),
        ("-db db_main -to 007 -keep", "Keep the scratch database, to inspect it"),
    ],
    flags: |command, program| {
        flags::on_database(command, program)
            .arg(FROM.arg())
            .arg(flags::TO.arg().help("Verify up to and including this version"))
            .args([KEEP.arg(), ALL.arg(), CHECK.arg()])
    },
    run: verify,
};

/// The variable of the users' own tests.
const VARIABLE: &str = "LOKSTRA_TEST_URL";

fn verify(context: &CommandContext<'_>) -> Result<Exit, CommandError> {
    #[cfg(feature = "folder")]
    if context.program.is_over_a_folder() {
        return verify_folder(context);
    }
    if context.has(&CHECK) {
        let message = "a program carries no lokstra.lock, which has the marks\n  help: run `lokstra \
                       migration verify -check` over its folder";
        return Err(CommandError::new("usage", Exit::Usage, message));
    }
    let found = verification(context, &context.target()?, |verifier| verifier)?;
    context.console.output(&found)?;
    context.console.document(|| VerifyDocument::from(&found))?;
    Ok(if found.is_failure() { Exit::Failed } else { Exit::Done })
}

/// With marks: what has one is not verified again.
#[cfg(feature = "folder")]
fn verify_folder(context: &CommandContext<'_>) -> Result<Exit, CommandError> {
    if context.has(&CHECK) {
        return marks::check(context);
    }
    let target = context.target()?;
    let marks = marks::read(&target)?;
    let is_all = context.has(&ALL) || context.get(&FROM).is_some();
    let all = || marks.iter().flat_map(|(_, marks)| &marks.verdicts);
    if !is_all && all().all(|(_, verdict)| verdict.mark().is_some()) {
        // Without a server.
        for (database, marks) in &marks {
            let count = marks.verdicts.len();
            context
                .console
                .output(format_args!("{}: all {count} verified before", database.name()))?;
        }
        context.console.document(|| VerifyDocument::nothing(&marks))?;
        return Ok(Exit::Done);
    }
    let found = verification(context, &target, |mut verifier| {
        for (database, marks) in marks.iter().filter(|_| !is_all) {
            let valid = marks.verdicts.iter().filter(|(_, verdict)| verdict.mark().is_some());
            verifier = verifier.verified(database.name(), valid.map(|(version, _)| *version));
        }
        verifier
    })?;
    context.console.output(&found)?;
    let written = marks::write(context, &marks, &found)?;
    context.console.document(|| VerifyDocument::new(&found, written))?;
    Ok(if found.is_failure() { Exit::Failed } else { Exit::Done })
}

fn verification<'t>(
    context: &CommandContext<'_>,
    target: &'t Target,
    with_marks: impl FnOnce(Verifier<'t>) -> Verifier<'t>,
) -> Result<Verification, CommandError> {
    let mut verifier =
        Verifier::new(&target.migrations).keep(context.has(&KEEP)).stop(run::stop()?);
    if let Some(from) = context.get(&FROM) {
        verifier = verifier.from(from);
    }
    if let Some(to) = context.get(&flags::TO) {
        verifier = verifier.to(to);
    }
    if !target.has_several() {
        verifier = verifier.database(target.only()?.folder());
    }
    verifier = with_marks(verifier);
    let named = std::env::var(VARIABLE).ok().filter(|url| !url.is_empty());
    Ok(match (context.get(&flags::DB), named) {
        (Some(_), _) => verifier.verify_beside(&target.pool(target.only()?)?)?,
        (None, Some(url)) => verifier.verify_beside(&Pool::from_url(url))?,
        (None, None) if context.has(&KEEP) => return Err(nothing_to_keep()),
        (None, None) => verifier.verify_on_throw_away_server()?,
    })
}

/// The error of `-keep` on a throw-away server.
fn nothing_to_keep() -> CommandError {
    let message = "a throw-away server is removed at the end, and nothing on it can be kept\n  \
                   help: name a permanent server with -db";
    CommandError::new("usage", Exit::Usage, message)
}

impl From<VerifyError> for CommandError {
    fn from(error: VerifyError) -> CommandError {
        match error {
            VerifyError::Run(error) => error.into(),
            VerifyError::UnknownVersion(_) | VerifyError::UnknownDatabase { .. } => {
                CommandError::new("verify", Exit::Usage, error)
            }
            _ => CommandError::new("verify", Exit::Failed, error),
        }
    }
}

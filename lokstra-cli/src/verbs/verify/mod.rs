//! `verify`: tests on a scratch database whether every down undoes its up.

mod document;

use lokstra_core::Version;
use lokstra_runtime::Pool;
use lokstra_verify::{Verifier, VerifyError};

use self::document::VerifyDocument;
use crate::call::flags::{self, Flag, Switch};
use crate::call::{CommandContext, Verb};
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

Exit codes: 0 if every down undoes its up, 2 if one does not.";

const FROM: Flag<Version> = Flag::new(
    "from",
    "VERSION",
    flags::version,
    "Apply the migrations below this version without\nverifying them",
);
const KEEP: Switch = Switch::new("keep", "Keep the scratch database; with -db");

pub(crate) const VERB: Verb = Verb {
    name: "verify",
    about: "Test on a scratch database whether every down undoes its up",
    details: DETAILS,
    examples: &[
        ("", "Every migration, on a throw-away server"),
        ("-db db_main", "Beside the database of a pool, on its server"),
        ("-from 041", "Only what is new, on top of the others"),
        ("-db db_main -to 007 -keep", "Keep the scratch database, to inspect it"),
    ],
    flags: |command, program| {
        flags::on_database(command, program)
            .arg(FROM.arg())
            .arg(flags::TO.arg().help("Verify up to and including this version"))
            .arg(KEEP.arg())
    },
    run: verify,
};

/// The variable of the users' own tests.
const VARIABLE: &str = "LOKSTRA_TEST_URL";

fn verify(context: &CommandContext<'_>) -> Result<Exit, CommandError> {
    let target = context.target()?;
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
    let named = std::env::var(VARIABLE).ok().filter(|url| !url.is_empty());
    let found = match (context.get(&flags::DB), named) {
        (Some(_), _) => verifier.verify_beside(&target.pool(target.only()?)?)?,
        (None, Some(url)) => verifier.verify_beside(&Pool::from_url(url))?,
        (None, None) if context.has(&KEEP) => return Err(nothing_to_keep()),
        (None, None) => verifier.verify_on_throw_away_server()?,
    };
    context.console.output(&found)?;
    context.console.document(|| VerifyDocument::from(&found))?;
    Ok(if found.is_failure() { Exit::Failed } else { Exit::Done })
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

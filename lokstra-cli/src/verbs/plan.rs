//! `plan`: shows what `up` would run.

use crate::call::{Verb, flags, goal, how_far};
use crate::run::plan::show;

pub(crate) const VERB: Verb = Verb {
    name: "plan",
    about: "Show what `up` would run, without running it",
    details: "Nothing is changed or locked. `-dry-run` shows the same of down, redo and goto.",
    examples: &[
        ("", "Which migrations, in which mode"),
        ("-sql", "Their SQL as well"),
        ("-to 007 -json", "For a program"),
    ],
    flags: |command, program| {
        let command = flags::on_database(command, program);
        flags::add_order_policies(how_far(command)).arg(flags::SQL.arg())
    },
    run: |context| show(context, &context.target()?, goal(context)),
};

//! Help texts, which are also docs/cli.md; completions and manual pages.

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use crate::documented::assert_documented;
use crate::project::Project;
use insta::assert_snapshot;

/// The verbs with their first word (`migration up`), as the help lists them.
fn verbs(project: &Project) -> Vec<String> {
    let of_lead = |lead: &str| {
        let help = project.lokstra_alone(&format!("{lead} -help"));
        let list = help.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
        let verb = |line: &str| format!("{lead} {}", line.split_whitespace().next().unwrap());
        list.lines().map(verb).collect::<Vec<_>>()
    };
    ["migration", "database"].into_iter().flat_map(of_lead).collect()
}

#[test]
fn the_help_of_every_verb_is_documented() {
    let project = Project::new(&[]);
    let of_lead = |lead| project.lokstra_alone(&format!("{lead} -help"));
    let (migration, database) = (of_lead("migration"), of_lead("database"));
    let mut text = format!("```text\n{migration}\n```\n\n```text\n{database}\n```\n");
    for verb in verbs(&project) {
        let help = project.lokstra_alone(&format!("{verb} -help"));
        assert!(help.contains("Example"), "{help}");
        write!(text, "\n### lokstra {verb}\n\n```text\n{help}\n```\n").unwrap();
    }
    assert_documented("help", &text);
}

#[test]
fn a_help_text_fits_a_terminal() {
    let project = Project::new(&[]);
    let helps = verbs(&project).into_iter().map(|verb| format!("{verb} -help"));
    let others = ["-help", "migration -help", "database -help", "man -help"];
    for arguments in helps.chain(others.map(str::to_owned)) {
        let help = project.lokstra_alone(&arguments);
        for line in help.lines() {
            assert!(line.chars().count() <= 80, "{arguments}: {line}");
        }
    }
}

#[test]
fn no_help_and_no_usage_has_a_flag_with_two_dashes() {
    let project = Project::new(&[]);
    for verb in verbs(&project) {
        for flag in ["-help", "-hlep", "--json --jsno"] {
            let shown = project.lokstra_alone(&format!("{verb} {flag}"));
            let mut behind =
                shown.match_indices("--").map(|(at, dashes)| &shown[at + dashes.len()..]);
            // Comments of SQL and the marks of these tests have a space there.
            assert!(!behind.any(|text| text.starts_with(char::is_alphabetic)), "{shown}");
        }
    }
}

#[test]
fn bash_completes_verbs_and_flags_with_one_dash() {
    let project = Project::new(&[]);
    project.write("completions", &project.lokstra_alone("completions bash"));
    let complete = |line: &str| {
        let script = "source ./completions; COMP_WORDS=(\"$@\"); COMP_CWORD=$(($# - 1)); \
                      _lokstra lokstra \"${@: -1}\" \"${@: -2:1}\"; echo \"${COMPREPLY[*]}\"";
        let mut bash = Command::new("bash");
        bash.current_dir(project.dir.path()).args(["-c", script, "bash"]).args(line.split(' '));
        String::from_utf8(bash.output().unwrap().stdout).unwrap()
    };
    assert_snapshot!(complete("lokstra migration re"), @"redo repair renumber");
    assert_snapshot!(complete("lokstra migration up -lo"), @"-lock-wait -lock-timeout");
    assert_snapshot!(complete("lokstra migration lint -format g"), @"github");
}

#[test]
fn every_shell_has_completions_with_one_dash() {
    let project = Project::new(&[]);
    for (shell, flag) in [
        ("bash", "-lock-wait"),
        ("elvish", "cand -lock-wait"),
        ("fish", "-o lock-wait"),
        ("powershell", "'-lock-wait'"),
        ("zsh", "'-lock-wait=["),
    ] {
        let text = project.lokstra_alone(&format!("completions {shell}"));
        assert!(text.contains(flag) && !text.contains("--lock-wait"), "{shell}: {text}");
    }
}

#[test]
fn every_verb_has_a_manual_page() {
    let project = Project::new(&[]);
    assert_snapshot!(project.lokstra_alone("man pages"), @"");
    for verb in verbs(&project) {
        let page = format!("pages/lokstra-{}.1", verb.replace(' ', "-"));
        assert!(project.path(&page).exists(), "{verb}");
    }
    let page = std::fs::read_to_string(project.path("pages/lokstra-migration-down.1")).unwrap();
    assert!(page.contains(r"\-steps") && !page.contains(r"\-\-steps"), "{page}");
    assert_snapshot!(project.lokstra_alone("man"), @"
    -- standard error --
    error: the following required arguments were not provided:
      <FOLDER>

    Usage: lokstra man <FOLDER>

    For more information, try '-help'.
    -- exit code 3 --
    ");
}

/// Every source file below a folder, one after the other.
fn sources(folder: &Path) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        text +=
            &if path.is_dir() { sources(&path) } else { std::fs::read_to_string(path).unwrap() };
    }
    text
}

#[test]
fn every_code_of_an_error_is_documented() {
    let docs = include_str!("../../../docs/cli.md");
    let arms = [
        include_str!("../../../lokstra-connect/src/error/mod.rs"),
        include_str!("../../../lokstra-runtime/src/error/code.rs"),
        include_str!("../../src/fleet/error.rs"),
        include_str!("../../src/verbs/database/error.rs"),
    ];
    let arms =
        arms.iter().flat_map(|source| source.lines()).filter_map(|it| it.split_once("=> \""));
    let own = sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
    let own = own.split("CommandError::new(").filter_map(|it| it.trim_start().strip_prefix('"'));
    let codes: Vec<_> = arms.map(|(_, code)| code).chain(own).collect();
    let codes: Vec<_> = codes.iter().map(|code| code.split('"').next().unwrap()).collect();
    assert!(["lock-held", "no-target", "unconfirmed"].iter().all(|code| codes.contains(code)));
    for code in codes {
        assert!(docs.contains(&format!("`{code}`")), "{code}");
    }
}

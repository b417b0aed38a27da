//! Connection strings as people write them: with a password that should have been encoded, with parts
//! that are missing or stand in the wrong place.

use proptest::prelude::*;

use super::Hosts;
use crate::dsn::Dsn;

const PASSWORD: &str = "hunter2";

/// With what must be encoded in a URL, or quoted, and is not.
fn password() -> impl Strategy<Value = String> {
    let special = r"([@/?#%: ='\\&]|%4|%zz|é){0,2}";
    (special, special).prop_map(|(before, after)| format!("{before}{PASSWORD}{after}"))
}

fn url() -> impl Strategy<Value = String> {
    let scheme = r"(postgres|postgresql|postgre|POSTGRES)?(://|:/|//)?";
    let host = r"@(db|localhost|127\.0\.0\.1|\[::1\]|%2Frun|a,b)(:(5432|x|99999|5432,5433)?)?";
    let rest = r"(/(app|ä|%)?)?(\?(sslmode=(disable|require|x)|connect_timeout=(1|-1|x)|options=-c%20a|=|&){0,3})?";
    (scheme, password(), host, rest)
        .prop_map(|(scheme, password, host, rest)| format!("{scheme}app:{password}{host}{rest}"))
}

fn pairs() -> impl Strategy<Value = String> {
    let other = r"(host|hostaddr|port|user|dbname|sslmode|target_session_attrs|x)? ?=? ?('?(db|/run|5432|app|disable|\\)'?)?";
    let password = (r"[ \\]?'?", password(), "'?")
        .prop_map(|(open, password, close)| format!("password={open}{password}{close}"));
    let pair = prop_oneof![3 => other.boxed(), 2 => password.boxed()];
    prop::collection::vec(pair, 1..6).prop_map(|pairs| pairs.join(" "))
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_connection_string_is_read_or_refused_and_its_password_not_shown(
        dsn in prop_oneof![url(), pairs()],
    ) {
        let parsed = Dsn::parse(&dsn);
        let error_text = format!("{parsed:?}");
        let shown = match parsed.and_then(|dsn| Hosts::from_dsn(dsn, &|_| None)) {
            Ok(hosts) => hosts.all.into_iter().map(|host| host.target).collect(),
            Err(error) => format!("{error} {error:?}"),
        };
        let shown = error_text + &shown;
        prop_assert!(!shown.contains(PASSWORD), "{}", shown);
    }
}

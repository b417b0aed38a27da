//! A dump without what differs from one `pg_dump` to the next.

const HEAD: &str = "\
-- For review: what pg_dump says of the schema. The migrations are what makes it.

SET check_function_bodies = false;
SELECT pg_catalog.set_config('search_path', '', false);
";

/// Before the first object: versions, a key of `\\restrict`, and settings, of which each version has
/// some more.
const FIRST: &str = "\n--\n-- Name: ";

/// After the last.
const END: &str = "--\n-- PostgreSQL database dump complete\n--\n";

pub(super) fn normal(dump: &str) -> String {
    // `pg_dump` on Windows.
    let dump = dump.replace("\r\n", "\n");
    let end = dump.rfind(END).unwrap_or(dump.len());
    let start = dump.find(FIRST).unwrap_or(end).min(end);
    let objects = dump[start..end].trim();
    if objects.is_empty() { HEAD.to_owned() } else { format!("{HEAD}\n{objects}\n") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_objects_are_left() {
        let dump = "--\n-- PostgreSQL database dump\n--\n\n\\restrict abc\n\n\
                    -- Dumped by pg_dump version 15.18\n\nSET statement_timeout = 0;\n\n\
                    --\n-- Name: t; Type: TABLE; Schema: public; Owner: -\n--\n\n\
                    CREATE TABLE public.t (\n);\n\n\n\
                    --\n-- PostgreSQL database dump complete\n--\n\n\\unrestrict abc\n\n";
        let objects = "\n--\n-- Name: t; Type: TABLE; Schema: public; Owner: -\n--\n\n\
                       CREATE TABLE public.t (\n);\n";
        assert_eq!(normal(dump), format!("{HEAD}{objects}"));
    }

    #[test]
    fn an_empty_database_has_none() {
        let dump = "--\n-- PostgreSQL database dump\n--\n\nSET statement_timeout = 0;\n\n\
                    --\n-- PostgreSQL database dump complete\n--\n\n";
        assert_eq!(normal(dump), HEAD);
    }
}

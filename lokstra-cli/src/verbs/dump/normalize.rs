//! Removes from a dump what differs from run to run.

const HEAD: &str = "\
-- For review: the schema as pg_dump writes it. The migrations create it.

SET check_function_bodies = false;
SELECT pg_catalog.set_config('search_path', '', false);
";

/// The first object, behind versions, a key of `\\restrict`, and settings that differ between versions.
const FIRST: &str = "\n--\n-- Name: ";

/// The end, behind the last object.
const END: &str = "--\n-- PostgreSQL database dump complete\n--\n";

pub(super) fn normalize(dump: &str) -> String {
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
        assert_eq!(normalize(dump), format!("{HEAD}{objects}"));
    }

    #[test]
    fn an_empty_database_has_none() {
        let dump = "--\n-- PostgreSQL database dump\n--\n\nSET statement_timeout = 0;\n\n\
                    --\n-- PostgreSQL database dump complete\n--\n\n";
        assert_eq!(normalize(dump), HEAD);
    }
}

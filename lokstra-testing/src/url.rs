//! The connection string of another database on the same server.

/// `url` with another database; everything else stays. The name consists of letters that need no quotes.
pub(crate) fn with_database(url: &str, database: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        // Of a keyword that stands twice, the last wins.
        return format!("{url} dbname={database}").trim_start().to_owned();
    };
    let (place, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = place.split_once('/').map_or(place, |(authority, _)| authority);
    let kept = parameters.split('&').filter(|it| !it.is_empty() && !it.starts_with("dbname="));
    let kept = kept.collect::<Vec<_>>().join("&");
    let mark = if kept.is_empty() { "" } else { "?" };
    format!("{scheme}://{authority}/{database}{mark}{kept}")
}

#[cfg(test)]
mod tests {
    use super::with_database;

    #[test]
    fn only_the_database_changes() {
        for (url, expected) in [
            ("postgres://u:p%40@h:5/app?sslmode=require", "postgres://u:p%40@h:5/x?sslmode=require"),
            ("postgresql://h", "postgresql://h/x"),
            ("postgres://%2Ftmp%2Fs:5/", "postgres://%2Ftmp%2Fs:5/x"),
            ("postgres:///app?host=/tmp&dbname=b&user=u", "postgres:///x?host=/tmp&user=u"),
            ("host=h dbname=app user=u", "host=h dbname=app user=u dbname=x"),
            ("", "dbname=x"),
        ] {
            assert_eq!(with_database(url, "x"), expected);
        }
    }
}

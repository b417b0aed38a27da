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

/// `url` as it may stand in a log. Of `key=value`, where quotes and spaces make a password hard to find, the
/// database.
pub(crate) fn without_password(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else {
        return url.rsplit(' ').next().unwrap_or_default().to_owned();
    };
    let (place, parameters) = rest.split_once('?').unwrap_or((rest, ""));
    // The last: one in a password may be written as it is.
    let place = match place.rsplit_once('@') {
        Some((user, place)) => {
            format!("{}@{place}", user.split_once(':').map_or(user, |(user, _)| user))
        }
        None => place.to_owned(),
    };
    let is_secret = |it: &&str| it.starts_with("password=") || it.starts_with("sslpassword=");
    let kept: Vec<_> =
        parameters.split('&').filter(|it| !it.is_empty() && !is_secret(it)).collect();
    let mark = if kept.is_empty() { "" } else { "?" };
    format!("{scheme}://{place}{mark}{}", kept.join("&"))
}

#[cfg(test)]
mod tests {
    use super::{with_database, without_password};

    #[test]
    fn a_password_is_not_shown() {
        for (url, expected) in [
            ("postgres://u:p@w@h:5/x?sslmode=require", "postgres://u@h:5/x?sslmode=require"),
            ("postgres://h/x?user=u&password=p", "postgres://h/x?user=u"),
            ("host=h password='a b' dbname=x", "dbname=x"),
        ] {
            assert_eq!(without_password(url), expected);
        }
    }

    #[test]
    fn only_the_database_changes() {
        for (url, expected) in [
            (
                "postgres://u:p%40@h:5/app?sslmode=require",
                "postgres://u:p%40@h:5/x?sslmode=require",
            ),
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

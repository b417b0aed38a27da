//! A table as SQL, without what differs from run to run.

use std::fmt::Write;

use postgres::{Client, SimpleQueryMessage, SimpleQueryRow};

const COLUMNS: &str = "SELECT attname, format_type(atttypid, atttypmod) AS type, attnotnull,
    pg_get_expr(adbin, adrelid) AS value
    FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
    WHERE attrelid = '{table}'::regclass AND attnum > 0 ORDER BY attnum";

const CONSTRAINTS: &str = "SELECT pg_get_constraintdef(oid) AS text FROM pg_constraint
    WHERE conrelid = '{table}'::regclass AND contype = 'p'";

/// Its definition and its rows.
pub(crate) fn dump(client: &mut Client, table: &str) -> String {
    let columns = rows(client, &COLUMNS.replace("{table}", table));
    let mut lines: Vec<String> = columns.iter().map(definition).collect();
    let constraints = rows(client, &CONSTRAINTS.replace("{table}", table));
    lines.extend(constraints.iter().map(|row| format!("    {}", text(row, "text"))));
    let mut sql = format!("CREATE TABLE {table} (\n{}\n);\n", lines.join(",\n"));
    for row in rows(client, &format!("SELECT * FROM {table} ORDER BY 1")) {
        let values = columns.iter().map(|column| value(&row, text(column, "attname")));
        let values = values.collect::<Vec<_>>().join(", ");
        writeln!(sql, "INSERT INTO {table} VALUES ({values});").unwrap();
    }
    sql
}

fn definition(column: &SimpleQueryRow) -> String {
    let not_null = if text(column, "attnotnull") == "t" { " NOT NULL" } else { "" };
    let default = column.get("value").map_or(String::new(), |value| format!(" DEFAULT {value}"));
    format!("    {} {}{not_null}{default}", text(column, "attname"), text(column, "type"))
}

/// Times are those of a day in May.
fn value(row: &SimpleQueryRow, column: &str) -> String {
    match column {
        "applied_on" => "'2024-05-01T10:00:00.123456789Z'".to_owned(),
        "installed_on" => "'2024-05-01 10:00:00.123456+00'".to_owned(),
        "run_on" => "'2024-05-01 10:00:00.123456'".to_owned(),
        "execution_time" => "12345678".to_owned(),
        _ => format!("'{}'", text(row, column)),
    }
}

fn rows(client: &mut Client, query: &str) -> Vec<SimpleQueryRow> {
    let messages = client.simple_query(query).unwrap();
    let row = |message| match message {
        SimpleQueryMessage::Row(row) => Some(row),
        _ => None,
    };
    messages.into_iter().filter_map(row).collect()
}

fn text<'r>(row: &'r SimpleQueryRow, column: &str) -> &'r str {
    row.get(column).unwrap()
}

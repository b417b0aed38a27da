//! `lokstra migration schema`: the schema at a version, in four formats, and what it does not know.

use insta::assert_snapshot;

use crate::project::Project;

/// Four migrations, of which the last has a block that is not followed.
fn project() -> Project {
    let project = Project::new(&[]);
    let up = |name: &str, text: &str| {
        project.write(&format!("migrations/{name}.up.sql"), text);
        project.write(&format!("migrations/{name}.down.sql"), "SELECT 1;\n");
    };
    up(
        "001_create_users",
        "CREATE TYPE mood AS ENUM ('sad', 'ok');\n\
         CREATE TABLE users (\n  id bigserial PRIMARY KEY,\n  email varchar(200) NOT NULL UNIQUE,\n  mood mood\n);\n",
    );
    up(
        "002_create_orders",
        "CREATE TABLE orders (\n  id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,\n  \
         user_id bigint NOT NULL REFERENCES users,\n  tags text[],\n  parent_id bigint REFERENCES orders (id),\n  \
         CHECK (id > 0)\n);\n\
         CREATE INDEX orders_open ON orders (user_id, lower(tags[1])) WHERE tags IS NULL;\n\
         CREATE VIEW buyers AS SELECT email FROM users;\n",
    );
    up(
        "003_rename",
        "ALTER TABLE users RENAME COLUMN email TO mail;\n\
         ALTER TABLE users ADD COLUMN born date, DROP COLUMN mood;\n\
         ALTER TABLE orders ALTER COLUMN tags TYPE varchar[];\n\
         CREATE FUNCTION twice(integer) RETURNS integer LANGUAGE sql AS 'SELECT 2 * $1';\n",
    );
    up(
        "004_fill",
        "UPDATE users SET born = now();\n\n\
         DO $$ BEGIN\n  IF true THEN ALTER TABLE orders ADD COLUMN note text; END IF;\nEND $$;\n",
    );
    project
}

#[test]
fn the_schema_at_a_version_needs_no_database() {
    assert_snapshot!(project().lokstra_alone("migration schema -at 003"), @"
    enum mood (sad, ok)

    table orders
      id         bigint not null identity
      user_id    bigint not null
      tags       varchar[]
      parent_id  bigint
      primary key (id)  orders_pkey
      check (id)  orders_id_check
      foreign key (user_id) references users (id)  orders_user_id_fkey
      foreign key (parent_id) references orders (id)  orders_parent_id_fkey
      index orders_open (user_id, (…)) where …

    table users
      id    bigint not null
      mail  varchar not null
      born  date
      primary key (id)  users_pkey
      unique (mail)  users_email_key

    view buyers
      email  varchar

    function twice(integer) returns integer
    ");
}

#[test]
fn what_a_block_may_have_changed_is_marked() {
    assert_snapshot!(project().lokstra_alone("migration schema"), @"
    enum mood (sad, ok)

    table orders
      (may have changed since: a DO block in migrations/004_fill.up.sql:3)
      id         bigint not null identity
      user_id    bigint not null
      tags       varchar[]
      parent_id  bigint
      primary key (id)  orders_pkey
      check (id)  orders_id_check
      foreign key (user_id) references users (id)  orders_user_id_fkey
      foreign key (parent_id) references orders (id)  orders_parent_id_fkey
      index orders_open (user_id, (…)) where …  (not certain)

    table users
      id    bigint not null
      mail  varchar not null
      born  date
      primary key (id)  users_pkey
      unique (mail)  users_email_key

    view buyers
      email  varchar

    function twice(integer) returns integer

    a DO block in migrations/004_fill.up.sql:3 may change more: not shown
    ");
}

#[test]
fn a_difference_lists_what_is_added_removed_and_changed() {
    let project = project();
    assert_snapshot!(project.lokstra_alone("migration schema -diff 002..003"), @"
    ~ column tags of orders: text[] -> varchar[]
    - column mood of users: mood
    ~ column mail of users: email varchar not null -> mail varchar not null
    + column born of users: date
    ~ unique users_email_key of users: unique (email) -> unique (mail)
    + function twice(integer): integer
    ");
    assert_snapshot!(project.lokstra_alone("migration schema -diff 3.."), @"a DO block in migrations/004_fill.up.sql:3 may change more: not shown");
    assert_snapshot!(project.lokstra_alone("migration schema -diff ..001"), @"
    + enum mood: sad, ok
    + table users
    + column id of users: bigint not null
    + column email of users: varchar not null
    + column mood of users: mood
    + primary key users_pkey of users: (id)
    + unique users_email_key of users: (email)
    ");
}

#[test]
fn a_difference_in_json_has_before_and_after() {
    assert_snapshot!(project().lokstra_alone("migration schema -diff 3..4 -json"), @r#"
    {
      "databases": [
        {
          "changes": [],
          "database": "migrations",
          "from": "003",
          "not_followed": [
            {
              "line": 3,
              "path": "migrations/004_fill.up.sql",
              "statement": "a DO block"
            }
          ],
          "to": "004"
        }
      ]
    }
    "#);
}

#[test]
fn json_of_a_flag_and_of_a_format_are_the_same() {
    let project = project();
    let json = project.lokstra_alone("migration schema -json");
    assert_eq!(json, project.lokstra_alone("migration schema -format json"));
}

#[test]
fn mermaid_has_keys_and_relations() {
    assert_snapshot!(project().lokstra_alone("migration schema -format mermaid"), @r#"
    erDiagram
        "orders" {
            bigint id PK
            bigint user_id FK
            varchar[] tags
            bigint parent_id FK
        }
        "users" {
            bigint id PK
            varchar mail UK
            date born
        }
        "users" ||--o{ "orders" : "user_id"
        "orders" |o--o{ "orders" : "parent_id"
        %% orders may have changed since: a DO block in migrations/004_fill.up.sql:3
        %% a DO block in migrations/004_fill.up.sql:3 may change more: not shown
    "#);
}

#[test]
fn a_version_that_is_not_there_is_an_error() {
    let project = project();
    assert_snapshot!(project.lokstra_alone("migration schema -at 9"), @"
    -- standard error --
    error: there is no migration 009
      help: list the versions with lokstra migration status
    -- exit code 3 --
    ");
    assert_snapshot!(project.lokstra_alone("migration schema -diff 4..2"), @"
    -- standard error --
    error: invalid value '4..2' for '-diff <A..B>': expected the lower version first: 002..004

    For more information, try '-help'.
    -- exit code 3 --
    ");
    assert_snapshot!(project.lokstra_alone("migration schema -diff 2..4 -format svg"), @"
    -- standard error --
    error: -diff is shown as text or json
      help: leave out -format
    -- exit code 3 --
    ");
}

#[test]
fn several_databases_have_a_section_each() {
    let project = Project::new(&[]);
    std::fs::remove_dir(project.path("migrations")).unwrap();
    project.add("migrations/main", &["001_a", "002_b"]);
    project.add("migrations/audit", &["001_c"]);
    project.write("migrations/main/migration.yaml", "dbpool-name: db_main\n");
    project.write("migrations/audit/migration.yaml", "dbpool-name: db_audit\n");
    assert_snapshot!(project.lokstra_alone("migration schema -at 2"), @"
    Database: audit

    table migrations_audit_001

    Database: main

    table migrations_main_001

    table migrations_main_002
    ");
    assert_snapshot!(project.lokstra_alone("migration schema -db db_audit"), @"table migrations_audit_001");
    assert_snapshot!(project.lokstra_alone("migration schema -db db_other"), @"
    -- standard error --
    error: -db is not the pool of any database in migrations
      databases: audit, main
      help: choose one: -dir migrations/audit
    -- exit code 3 --
    ");
    assert_snapshot!(project.lokstra_alone("migration schema -format svg"), @"
    -- standard error --
    error: migrations has several databases
      databases: audit, main
      help: choose one: -dir migrations/audit
    -- exit code 3 --
    ");
}

/// The value of an attribute.
fn number(element: &str, name: &str) -> f64 {
    let rest = element.split(&format!(" {name}=\"")).nth(1).unwrap();
    rest.split('"').next().unwrap().parse().unwrap()
}

#[test]
fn no_line_of_the_picture_crosses_a_table() {
    let project = Project::new(&[]);
    // Each table references some before it, near and far.
    for nth in 1..=60_u32 {
        let keys = [nth / 2, nth / 3, nth.saturating_sub(1)].into_iter().filter(|it| *it > 0);
        let keys: Vec<_> = keys.map(|it| format!(", k{it}_{nth} int REFERENCES t{it}")).collect();
        let keys = if nth % 7 == 0 { String::new() } else { keys.concat() };
        let up = format!("CREATE TABLE t{nth} (id int PRIMARY KEY{keys});\n");
        project.write(&format!("migrations/{nth:03}_t.up.sql"), &up);
        project.write(&format!("migrations/{nth:03}_t.down.sql"), &format!("DROP TABLE t{nth};\n"));
    }
    let svg = project.lokstra_alone("migration schema -format svg");
    assert_eq!(svg, project.lokstra_alone("migration schema -format svg"));
    let boxes: Vec<_> = svg.split("<rect class=\"b\"").skip(1).collect();
    let boxes: Vec<_> = boxes
        .iter()
        .map(|it| [number(it, "x"), number(it, "y"), number(it, "width"), number(it, "height")])
        .collect();
    assert_eq!(boxes.len(), 60);
    let overlaps = |a: &[f64; 4], b: &[f64; 4]| {
        a[0] < b[0] + b[2] && b[0] < a[0] + a[2] && a[1] < b[1] + b[3] && b[1] < a[1] + a[3]
    };
    for (nth, one) in boxes.iter().enumerate() {
        assert!(!boxes[nth + 1..].iter().any(|other| overlaps(one, other)), "{one:?}");
    }
    let mut lines = 0;
    for path in svg.split("<path ").skip(1) {
        let path = path.split(" d=\"M").nth(1).unwrap().split('"').next().unwrap();
        for line in path.split('M') {
            let end = line.find(['H', 'V', 'L']).unwrap();
            let (x, y) = line[..end].split_once(' ').unwrap();
            let (x, y): (f64, f64) = (x.parse().unwrap(), y.parse().unwrap());
            let to = || line[end + 1..].parse::<f64>().unwrap();
            let (x2, y2) = match &line[end..=end] {
                "H" => (to(), y),
                "V" => (x, to()),
                _ => continue,
            };
            lines += 1;
            let line = [x.min(x2), y.min(y2), (x - x2).abs(), (y - y2).abs()];
            assert!(!boxes.iter().any(|it| overlaps(it, &line)), "{line:?}");
        }
    }
    assert!(lines > 100, "{lines}");
}

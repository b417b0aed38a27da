//! What docs/cli.md says is what the command says.

use std::fs;
use std::io::{Read, Seek, Write};

const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/cli.md");

/// Compares with the block of that name, or writes it, if `LOKSTRA_WRITE_DOCS` is set.
pub(crate) fn assert_documented(block: &str, text: &str) {
    let text = format!("\n{}\n", text.trim());
    let mut file = fs::File::options().read(true).write(true).open(DOCS).unwrap();
    // Tests write at the same time.
    file.lock().unwrap();
    let mut docs = String::new();
    file.read_to_string(&mut docs).unwrap();
    let begin = docs.find(&format!("<!-- {block}: begin")).expect(block);
    let begin = begin + docs[begin..].find("-->\n").unwrap() + "-->".len();
    let end = begin + docs[begin..].find(&format!("<!-- {block}: end")).expect(block);
    if std::env::var_os("LOKSTRA_WRITE_DOCS").is_none() {
        let help = "LOKSTRA_WRITE_DOCS=1 writes it";
        assert_eq!(docs[begin..end], text, "docs/cli.md is out of date: {help}");
        return;
    }
    docs.replace_range(begin..end, &text);
    file.set_len(0).unwrap();
    file.rewind().unwrap();
    file.write_all(docs.as_bytes()).unwrap();
}

//! What becomes of a file's text on its way into the set.

use crate::check;
use lokstra_core::{Mode, Set};

fn set(up: &[u8]) -> Set {
    let files: [(&str, &[u8]); 2] = [("001_a.up.sql", up), ("001_a.down.sql", b"SELECT 0;")];
    check(&files).unwrap().set
}

#[test]
fn a_checkout_on_windows_has_the_same_checksum() {
    let unix = set(b"SELECT 1;\nSELECT 2;\n");
    let windows = set(b"\xef\xbb\xbfSELECT 1;\r\nSELECT 2;\r\n");
    assert_eq!(unix, windows);
}

#[test]
fn the_checksum_is_the_sha_256_of_the_text() {
    let set = set(b"SELECT 1;\n");
    let up = set.databases().next().unwrap().migrations().next().unwrap().up();
    // printf 'SELECT 1;\n' | sha256sum
    let expected = "b4e0497804e46e0a0b0b8c31975b062152d551bac49c3c2e80932567b4085dcd";
    assert_eq!(up.checksum().to_string(), expected);
}

#[test]
fn a_marker_counts_behind_a_byte_order_mark() {
    let set = set(b"\xef\xbb\xbf-- lokstra: no-transaction\r\nVACUUM;\r\nANALYZE;");
    let up = set.databases().next().unwrap().migrations().next().unwrap().up();
    assert_eq!(up.mode(), Mode::NoTransaction);
    assert_eq!(up.statements().collect::<Vec<_>>(), ["VACUUM", "ANALYZE"]);
}

#[cfg(feature = "include-dir")]
#[test]
fn a_folder_embedded_with_include_dir_is_the_same_set() {
    static DIR: include_dir::Dir<'_> =
        include_dir::include_dir!("$CARGO_MANIFEST_DIR/../migrations");
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let read = lokstra_source::Loader::new(root, "migrations").load().unwrap();
    let embedded = lokstra_source::Loader::embedded(&DIR, "./migrations/").load().unwrap();
    assert_eq!(read.set, embedded.set);
    assert_eq!(read.set.databases().next().unwrap().len(), 6);
}

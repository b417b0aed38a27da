//! Folders that a test writes down as it needs them.

use std::fs;

use tempfile::TempDir;

/// A crate's folder with these files below `migrations`.
pub(crate) fn folder<C: AsRef<[u8]>>(files: &[(&str, C)]) -> TempDir {
    let root = TempDir::new().unwrap();
    fs::create_dir(root.path().join("migrations")).unwrap();
    for (path, content) in files {
        let path = root.path().join("migrations").join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    root
}

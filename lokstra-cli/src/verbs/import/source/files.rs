//! The files of the other tool.

use std::path::Path;
use std::{fs, io};

use lokstra_core::files;

use super::remark::Remark;

/// How deep folders are read: refinery and Flyway read nested folders.
const DEPTH: usize = 16;

/// A folder of the other tool.
#[derive(Debug, Default)]
pub(crate) struct Source {
    /// By path.
    pub(crate) files: Vec<File>,
}

/// One of its files.
#[derive(Debug)]
pub(crate) struct File {
    /// Relative to the folder, with `/`.
    pub(crate) path: String,
    /// Whether a link leads out of the folder to it: its text is not shown.
    pub(crate) is_outside: bool,
    content: Vec<u8>,
}

/// A place that cannot be read, and why.
pub(crate) type Unreadable = (String, io::Error);

impl Source {
    pub(crate) fn read(folder: &Path) -> Result<Source, Unreadable> {
        let mut source = Source::default();
        let root = folder.canonicalize().map_err(|error| (String::new(), error))?;
        source.read_from(&root, folder, "", DEPTH)?;
        source.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(source)
    }

    /// Reads a folder; unreadable files are named relative to `root`.
    fn read_from(
        &mut self,
        root: &Path,
        folder: &Path,
        prefix: &str,
        depth: usize,
    ) -> Result<(), Unreadable> {
        let here = |error| (prefix.trim_end_matches('/').to_owned(), error);
        for entry in fs::read_dir(folder).map_err(here)? {
            let entry = entry.map_err(here)?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') {
                continue;
            }
            let path = format!("{prefix}{name}");
            let at_path = |error| (path.clone(), error);
            // This follows links.
            if fs::metadata(entry.path()).map_err(at_path)?.is_dir() {
                if depth > 0 {
                    self.read_from(root, &entry.path(), &format!("{path}/"), depth - 1)?;
                }
            } else {
                let content = if is_read(&name) {
                    files::read(&entry.path(), files::MAX_SCRIPT_BYTES).map_err(at_path)?
                } else {
                    Vec::new()
                };
                // This also detects a folder that is a link.
                let real = entry.path().canonicalize();
                let is_outside = !real.is_ok_and(|real| real.starts_with(root));
                self.files.push(File { path, is_outside, content });
            }
        }
        Ok(())
    }

    /// The files directly in the folder.
    pub(crate) fn top(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| !file.path.contains('/'))
    }

    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Source {
        let file = |(path, content): &(&str, &str)| File {
            path: (*path).to_owned(),
            is_outside: false,
            content: (*content).into(),
        };
        Source { files: files.iter().map(file).collect() }
    }
}

impl File {
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// Quotes a part of its text for a message.
    pub(crate) fn quoted(&self, text: &str) -> String {
        quoted(text, self.is_outside)
    }

    /// The name without this extension.
    pub(crate) fn stem(&self, ending: &str) -> Option<&str> {
        self.name().strip_suffix(ending)
    }

    /// The text with its byte order mark and line ends, which checksums include.
    pub(crate) fn text(&self) -> Result<&str, Remark> {
        str::from_utf8(&self.content).map_err(|_| {
            Remark::new(&self.path, "is not UTF-8", "save the file as UTF-8, and import again")
        })
    }
}

/// Quotes a part of a file, unless the file is outside of the folder and may contain a secret.
pub(crate) fn quoted(text: &str, is_outside: bool) -> String {
    if is_outside {
        "a part of this line (not shown, because a link leads out of the folder to this file)"
            .to_owned()
    } else {
        format!("`{text}`")
    }
}

/// Whether the content of a file is read; of other files, only the name is used.
fn is_read(name: &str) -> bool {
    let ending = Path::new(name).extension().and_then(|ending| ending.to_str());
    matches!(ending, Some("sql" | "toml" | "conf"))
}

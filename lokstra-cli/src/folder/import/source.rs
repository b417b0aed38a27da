//! The files of the other tool, as they are.

use std::path::Path;
use std::{fs, io};

use lokstra_core::files;

use super::theirs::Remark;

/// How deep it is looked for files: refinery and Flyway read folders in folders.
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
    content: Vec<u8>,
}

impl Source {
    pub(crate) fn read(folder: &Path) -> io::Result<Source> {
        let mut source = Source::default();
        source.read_from(folder, "", DEPTH)?;
        source.files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(source)
    }

    fn read_from(&mut self, folder: &Path, prefix: &str, depth: usize) -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            let name = entry.file_name().to_string_lossy().into_owned();
            if name.starts_with('.') {
                continue;
            }
            let path = format!("{prefix}{name}");
            // Through the link, if it is one.
            if fs::metadata(entry.path())?.is_dir() {
                if depth > 0 {
                    self.read_from(&entry.path(), &format!("{path}/"), depth - 1)?;
                }
            } else {
                let content = if is_read(&name) {
                    files::read(&entry.path(), files::LONGEST_SCRIPT)?
                } else {
                    Vec::new()
                };
                self.files.push(File { path, content });
            }
        }
        Ok(())
    }

    /// The files that lie in the folder itself.
    pub(crate) fn top(&self) -> impl Iterator<Item = &File> {
        self.files.iter().filter(|file| !file.path.contains('/'))
    }

    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Source {
        let file = |(path, content): &(&str, &str)| File {
            path: (*path).to_owned(),
            content: (*content).into(),
        };
        Source { files: files.iter().map(file).collect() }
    }
}

impl File {
    pub(crate) fn name(&self) -> &str {
        self.path.rsplit('/').next().unwrap_or(&self.path)
    }

    /// The name without this ending.
    pub(crate) fn stem(&self, ending: &str) -> Option<&str> {
        self.name().strip_suffix(ending)
    }

    /// The text, byte order mark and line ends included: checksums are taken of them.
    pub(crate) fn text(&self) -> Result<&str, Remark> {
        str::from_utf8(&self.content).map_err(|_| {
            Remark::new(&self.path, "is not UTF-8", "save the file as UTF-8, and import again")
        })
    }
}

/// Other files are only known by their names.
fn is_read(name: &str) -> bool {
    let ending = Path::new(name).extension().and_then(|ending| ending.to_str());
    matches!(ending, Some("sql" | "toml" | "conf"))
}

//! Files of people: read only if they are regular and not too long, and written whole or not at all.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// The longest script and lock file, in bytes: 128 MiB. PostgreSQL takes messages of up to 1 GiB.
pub const MAX_SCRIPT_BYTES: u64 = 128 << 20;

/// The longest file of settings, in bytes: 1 MiB.
pub const MAX_SETTINGS_BYTES: u64 = 1 << 20;

/// Reads a regular file of at most this many bytes.
///
/// What the shell hands over (`/dev/stdin`, `/dev/fd/63` of `<(…)`) counts as one, because the caller
/// who names it also writes it.
///
/// # Errors
///
/// If the file cannot be read, is a FIFO, a device or a folder, or is longer.
pub fn read(path: &Path, longest: u64) -> io::Result<Vec<u8>> {
    // Before it is opened: to open a FIFO waits for its writer.
    if is_of_the_shell(path) {
        return read_opened(File::open(path)?, longest);
    }
    if !fs::metadata(path)?.is_file() {
        return Err(not_regular());
    }
    read_regular(path, longest)
}

/// Reads a file that is known to be regular, as [`read`] does.
///
/// # Errors
///
/// As [`read`]; also if it is a file of the kernel, which says that it is regular and may never end.
pub fn read_regular(path: &Path, longest: u64) -> io::Result<Vec<u8>> {
    let file = File::open(path)?;
    if is_of_the_kernel(path, &file.metadata()?) {
        return Err(not_regular());
    }
    read_opened(file, longest)
}

/// Whether it is below /proc or /sys, wherever links lead: to read `/proc/kmsg` waits for ever.
#[cfg(unix)]
fn is_of_the_kernel(path: &Path, found: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    // A file with a block on a disk is not looked at further.
    if found.blocks() > 0 {
        return false;
    }
    let real = path.canonicalize();
    ["/proc", "/sys"].iter().any(|kernel| {
        real.as_ref().is_ok_and(|real| real.starts_with(kernel))
            || fs::metadata(kernel).is_ok_and(|kernel| kernel.dev() == found.dev())
    })
}

#[cfg(not(unix))]
fn is_of_the_kernel(_: &Path, _: &Metadata) -> bool {
    false
}

/// Reads a file as text, as [`read`] does.
///
/// # Errors
///
/// As [`read`]; also if it is not UTF-8.
pub fn read_text(path: &Path, longest: u64) -> io::Result<String> {
    String::from_utf8(read(path, longest)?)
        .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "not UTF-8"))
}

/// Reads the rest of a file.
fn read_opened(mut file: File, longest: u64) -> io::Result<Vec<u8>> {
    // A hint: a file of /proc says 0.
    let expected = file.metadata()?.len();
    let mut content = Vec::new();
    if expected <= longest {
        content.reserve_exact(usize::try_from(expected).unwrap_or_default() + 1);
        // As `take` and `read_to_end` of the library, which are generic and large.
        let mut chunk = [0; 4096];
        while content.len() as u64 <= longest {
            match file.read(&mut chunk) {
                Ok(0) => break,
                Ok(count) => content.extend_from_slice(&chunk[..count]),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
    if expected > longest || content.len() as u64 > longest {
        let message = format!("longer than {} MiB", longest >> 20);
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, message));
    }
    Ok(content)
}

/// Creates the error of a file that is not regular.
#[must_use]
pub fn not_regular() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")
}

/// Writes a file that may be there: after a failure or a crash it has its old content or the new one.
///
/// A link stays a link, and the file behind it keeps its permissions. A device or a pipe, such as
/// `/dev/stdout`, is written to.
///
/// # Errors
///
/// If it cannot be written; what was there is there then.
pub fn replace(path: &Path, content: &[u8]) -> io::Result<()> {
    if is_of_the_shell(path) {
        return OpenOptions::new().write(true).open(path)?.write_all(content);
    }
    let path = &behind_links(path);
    let before = match fs::metadata(path) {
        Ok(found) if found.is_file() => {
            // What may not be written is not replaced either.
            OpenOptions::new().write(true).open(path)?;
            Some(found)
        }
        Ok(_) => return OpenOptions::new().write(true).open(path)?.write_all(content),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(error),
    };
    let new = Beside::write(path, content, before.as_ref())?;
    match fs::rename(&new.0, path) {
        // A file that is mounted by itself, as into a container, cannot be replaced.
        Err(error) if error.kind() == io::ErrorKind::ResourceBusy => {
            let mut file = OpenOptions::new().write(true).truncate(true).open(path)?;
            file.write_all(content).and_then(|()| file.sync_all())
        }
        Err(error) => Err(error),
        Ok(()) => {
            sync_folder(path);
            Ok(())
        }
    }
}

/// Writes a file that is not there yet, whole or not at all.
///
/// # Errors
///
/// If it cannot be written, or is there.
pub fn create(path: &Path, content: &[u8]) -> io::Result<()> {
    let new = Beside::write(path, content, None)?;
    // Unlike a rename it fails where there is such a file.
    match fs::hard_link(&new.0, path) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Err(error),
        // A file system without hard links.
        Err(_) => write_new(path, content)?,
    }
    sync_folder(path);
    Ok(())
}

/// A file that is going to take another name; removed unless it did.
struct Beside(PathBuf);

impl Beside {
    /// In the same folder, since only within a file system a rename is one act. Hidden, so that no
    /// reader of the folder takes it for a file of people.
    fn write(path: &Path, content: &[u8], like: Option<&Metadata>) -> io::Result<Beside> {
        let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_string_lossy();
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_nanos();
        let name = format!(".{name}.{:x}-{now:x}", std::process::id());
        let new = path.with_file_name(name);
        write_new(&new, content)?;
        let new = Beside(new);
        if let Some(like) = like {
            // The owner first, which takes bits away. Not everybody may give files away.
            #[cfg(unix)]
            {
                use std::os::unix::fs::{MetadataExt, chown};
                chown(&new.0, Some(like.uid()), Some(like.gid())).ok();
            }
            fs::set_permissions(&new.0, like.permissions())?;
        }
        Ok(new)
    }
}

impl Drop for Beside {
    fn drop(&mut self) {
        fs::remove_file(&self.0).ok();
    }
}

/// Removes what it could not write whole.
fn write_new(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).open(path)?;
    let written = file.write_all(content).and_then(|()| file.sync_all());
    if written.is_err() {
        fs::remove_file(path).ok();
    }
    written
}

/// The name is on disk only with its folder. Where that cannot be synced, it is the file system's time.
fn sync_folder(path: &Path) {
    if cfg!(unix) {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
        let folder = File::open(folder.unwrap_or(Path::new(".")));
        folder.and_then(|folder| folder.sync_all()).ok();
    }
}

/// Where links lead, also if nothing is there.
fn behind_links(path: &Path) -> PathBuf {
    let mut path = path.to_owned();
    // As many as Linux follows.
    for _ in 0..40 {
        let Ok(target) = fs::read_link(&path) else { break };
        path = path.parent().unwrap_or(Path::new("")).join(target);
    }
    path
}

/// Pipes and terminals that a shell opened for this process.
fn is_of_the_shell(path: &Path) -> bool {
    ["/dev/stdin", "/dev/stdout", "/dev/stderr"].iter().any(|name| path == Path::new(name))
        || ["/dev/fd", "/proc/self/fd"].iter().any(|folder| path.starts_with(folder))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A folder that is removed at the end.
    struct Folder(PathBuf);

    impl Folder {
        fn new(name: &str) -> Folder {
            let path =
                std::env::temp_dir().join(format!("lokstra-files-{name}-{}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Folder(path)
        }

        fn path(&self, name: &str) -> PathBuf {
            self.0.join(name)
        }

        fn names(&self) -> Vec<String> {
            let entries = fs::read_dir(&self.0).unwrap();
            let mut names: Vec<_> =
                entries.map(|it| it.unwrap().file_name().into_string().unwrap()).collect();
            names.sort();
            names
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).ok();
        }
    }

    #[test]
    fn a_file_is_replaced_and_nothing_is_left_beside_it() {
        let folder = Folder::new("replaced");
        for content in ["old and longer", "new"] {
            replace(&folder.path("a"), content.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(folder.path("a")).unwrap(), content);
        }
        assert_eq!(folder.names(), ["a"]);
    }

    #[test]
    fn a_file_that_is_there_is_not_created_again() {
        let folder = Folder::new("created");
        create(&folder.path("a"), b"old").unwrap();
        let error = create(&folder.path("a"), b"new").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read(folder.path("a")).unwrap(), b"old");
        assert_eq!(folder.names(), ["a"]);
    }

    #[test]
    fn a_longer_file_is_refused_and_one_as_long_is_read() {
        let folder = Folder::new("long");
        fs::write(folder.path("a"), "abcd").unwrap();
        assert_eq!(read(&folder.path("a"), 4).unwrap(), b"abcd");
        assert_eq!(read(&folder.path("a"), 3).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        let endless = File::create(folder.path("b")).unwrap();
        endless.set_len(1 << 40).unwrap();
        let error = read(&folder.path("b"), MAX_SCRIPT_BYTES).unwrap_err();
        assert_eq!(error.to_string(), "longer than 128 MiB");
    }

    #[cfg(unix)]
    #[test]
    fn a_device_is_not_read_and_is_written_to() {
        assert!(read(Path::new("/dev/zero"), 9).is_err());
        replace(Path::new("/dev/null"), b"x").unwrap();
        assert!(!fs::metadata("/dev/null").unwrap().is_file());
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_file_of_the_kernel_is_no_regular_file() {
        let folder = Folder::new("kernel");
        for (link, target) in [("proc", "/proc/version"), ("sys", "/sys/kernel/notes")] {
            if fs::metadata(target).is_ok() {
                std::os::unix::fs::symlink(target, folder.path(link)).unwrap();
                for path in [Path::new(target), &folder.path(link)] {
                    let error = read(path, MAX_SCRIPT_BYTES).unwrap_err();
                    assert_eq!(error.to_string(), "not a regular file", "{}", path.display());
                }
            }
        }
        fs::write(folder.path("empty"), "").unwrap();
        assert_eq!(read(&folder.path("empty"), 1).unwrap(), b"");
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_one_and_its_file_keeps_its_permissions() {
        use std::os::unix::fs::{PermissionsExt, symlink};
        let folder = Folder::new("links");
        fs::write(folder.path("file"), "old").unwrap();
        fs::set_permissions(folder.path("file"), fs::Permissions::from_mode(0o640)).unwrap();
        for (link, target) in [("one", "file"), ("two", "one"), ("dangling", "later")] {
            symlink(target, folder.path(link)).unwrap();
        }
        replace(&folder.path("two"), b"new").unwrap();
        replace(&folder.path("dangling"), b"first").unwrap();
        assert_eq!(fs::read(folder.path("file")).unwrap(), b"new");
        assert_eq!(fs::read(folder.path("later")).unwrap(), b"first");
        let mode = fs::metadata(folder.path("file")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
        assert!(["one", "two", "dangling"].iter().all(|it| fs::read_link(folder.path(it)).is_ok()));
        assert_eq!(folder.names(), ["dangling", "file", "later", "one", "two"]);
    }
}

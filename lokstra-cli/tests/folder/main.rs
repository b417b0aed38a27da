//! The verbs that write or check a folder of migrations.

#[path = "../project/mod.rs"]
mod project;

mod branches;
mod create;
mod import;
mod init;
mod lint;
mod schema;

impl project::Project {
    fn files(&self, folder: &str) -> Vec<String> {
        let entries = std::fs::read_dir(self.path(folder)).unwrap();
        let mut names: Vec<_> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

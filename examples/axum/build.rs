//! Lets cargo see new files of migrations.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}

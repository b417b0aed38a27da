//! Files of rows, checked as migrations are.

use std::path::{Path, PathBuf};

use proc_macro2::TokenStream;
use quote::{quote, quote_spanned};
use syn::LitStr;

use crate::expand::way_from_the_compiler;

/// The path and the text of each file, and what is wrong with them.
pub(super) fn checked(files: &[LitStr]) -> (Vec<TokenStream>, TokenStream) {
    let root = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
    let (mut rows, mut wrong) = (Vec::new(), TokenStream::new());
    for file in files {
        match problems(&root, &file.value()) {
            problems if problems.is_empty() => rows.push(embedded(file)),
            problems => wrong.extend(
                problems
                    .iter()
                    .map(|problem| quote_spanned!(file.span()=> ::core::compile_error!(#problem);)),
            ),
        }
    }
    (rows, wrong)
}

fn problems(root: &Path, path: &str) -> Vec<String> {
    if Path::new(path).is_absolute() {
        let wrong = "the path of rows is relative to the folder of Cargo.toml: rows = \
                     \"tests/rows/users.sql\"";
        return vec![wrong.to_owned()];
    }
    if !root.join(path).exists() {
        return vec![format!(
            "{path} is not there: rows = \"…\" is relative to the folder of Cargo.toml"
        )];
    }
    let Err(problems) = lokstra_source::check_rows(root, path) else { return Vec::new() };
    let way = way_from_the_compiler(root);
    let seen = problems.iter().filter(|problem| problem.is_error()).map(|problem| match &way {
        Some(prefix) => problem.clone().with_path_prefix(prefix),
        None => problem.clone(),
    });
    seen.map(|problem| problem.to_string()).collect()
}

/// With what has the compiler build the test again when the file changes.
fn embedded(file: &LitStr) -> TokenStream {
    quote! {
        (#file, ::core::include_str!(::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), "/", #file)))
    }
}

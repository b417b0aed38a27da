use std::path::PathBuf;

use lokstra_source::{Code, Lint, Loaded, Problem, Problems};
use proc_macro2::{Literal, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::LitStr;

use crate::cache::{self, Place};

/// More errors than a person reads at once; the rest is counted.
const SHOWN: usize = 100;

/// Emits no name of the prelude, and an attribute only for a warning that was asked for: either can be
/// an error where it lands.
pub(crate) fn expand(facade: &TokenStream, folder: &LitStr) -> TokenStream {
    let root = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
    let folder_path = folder.value();
    let loaded = match cache::place(&root, &folder_path) {
        Some(Place { file, writer }) => {
            lokstra_source::load_cached(&root, &folder_path, Lint::Asked, &file, &writer)
        }
        None => lokstra_source::load_linted(&root, &folder_path, Lint::Asked),
    };
    match loaded {
        Ok(loaded) => {
            let warnings = warnings(loaded.warnings.iter(), folder.span());
            table(facade, &root.to_string_lossy(), &loaded, &warnings)
        }
        Err(problems) => {
            let told = problems.iter().filter(|problem| !problem.is_error());
            let warnings = warnings(told, folder.span());
            errors(facade, &problems, &warnings, folder.span())
        }
    }
}

/// A macro on stable Rust has no way to warn, but for the use of something that is deprecated. Since
/// `-D warnings` makes that an error, only `lint` of `migration.yaml` leads to it.
fn warnings<'a>(problems: impl Iterator<Item = &'a Problem>, span: Span) -> TokenStream {
    let mut tokens = TokenStream::new();
    for problem in problems {
        if problem.code() == Code::NotRead {
            eprintln!("warning: {problem}");
            continue;
        }
        let note = problem.to_string();
        tokens.extend(quote_spanned! {span=>
            const _: () = {
                #[deprecated(note = #note)]
                const MIGRATION: () = ();
                MIGRATION
            };
        });
    }
    tokens
}

/// Each token goes through the compiler's bridge, unoptimised: the less there are, the faster the
/// build. Hence the index as one literal, and a macro for what every file would repeat.
fn table(facade: &TokenStream, root: &str, loaded: &Loaded, warnings: &TokenStream) -> TokenStream {
    let (text, index) = loaded.set.parts();
    let index = Literal::byte_string(index);
    let tracked = loaded.tracked.iter().map(|path| format!("{root}/{path}"));
    quote! {{
        #warnings
        fn _tracked() -> &'static ::core::primitive::str {
            ::core::concat!(#(::core::include_str!(#tracked)),*)
        }
        #facade::Migrations::from_static(
            #text,
            #index,
            // Known to debug builds only: no path of the building machine in what is shipped.
            if ::core::cfg!(debug_assertions) { ::core::env!("CARGO_MANIFEST_DIR") } else { "" },
        )
    }}
}

/// The table is empty then, so that no other error hides these.
fn errors(
    facade: &TokenStream,
    problems: &Problems,
    warnings: &TokenStream,
    span: Span,
) -> TokenStream {
    let errors: Vec<_> =
        problems.iter().filter(|problem| problem.is_error()).map(Problem::to_string).collect();
    let rest = errors.len().saturating_sub(SHOWN);
    let rest = (rest > 0).then(|| format!("{rest} more problems are not shown"));
    let errors = errors.iter().take(SHOWN).chain(&rest);
    let errors = errors.map(|error| quote_spanned!(span=> ::core::compile_error!(#error);));
    quote! {{ #warnings #(#errors)* #facade::Migrations::EMPTY }}
}

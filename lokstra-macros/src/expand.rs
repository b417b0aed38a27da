use std::path::{Path, PathBuf};

use lokstra_source::{Loaded, Problem, Problems};
use proc_macro2::{Literal, Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::LitStr;

/// More errors than a person reads at once; the rest is counted.
const SHOWN: usize = 100;

/// Emits neither an attribute nor a name of the prelude: either can be an error where it lands.
pub(crate) fn expand(facade: &TokenStream, folder: &LitStr) -> TokenStream {
    let root = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
    let folder_path = folder.value();
    let loaded = match std::env::var_os("OUT_DIR") {
        // A crate with a build script has a folder of its own for what a build keeps.
        Some(out) => {
            let name = format!("lokstra-{}.parsed", folder_path.replace(['/', '\\', '.'], "_"));
            lokstra_source::load_cached(&root, &folder_path, &Path::new(&out).join(name))
        }
        None => lokstra_source::load(&root, &folder_path),
    };
    match loaded {
        Ok(loaded) => {
            loaded.warnings.iter().for_each(warn);
            table(facade, &loaded)
        }
        Err(problems) => {
            problems.iter().filter(|problem| problem.code().is_warning()).for_each(warn);
            errors(facade, &problems, folder.span())
        }
    }
}

/// A macro on stable Rust has no other way to warn, and `-D warnings` must not end a build.
fn warn(problem: &Problem) {
    eprintln!("warning: {problem}");
}

/// Each token goes through the compiler's bridge, unoptimised: the less there are, the faster the
/// build. Hence the index as one literal, and a macro for what every file would repeat.
fn table(facade: &TokenStream, loaded: &Loaded) -> TokenStream {
    let (text, index) = loaded.set.parts();
    let index = Literal::byte_string(index);
    let tracked = loaded.tracked.iter().map(|path| format!("/{path}"));
    quote! {{
        fn _tracked() {
            macro_rules! track {
                ($($path:literal)*) => {
                    $(::core::include_bytes!(
                        ::core::concat!(::core::env!("CARGO_MANIFEST_DIR"), $path)
                    );)*
                };
            }
            track!(#(#tracked)*);
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
fn errors(facade: &TokenStream, problems: &Problems, span: Span) -> TokenStream {
    let errors: Vec<_> = problems
        .iter()
        .filter(|problem| !problem.code().is_warning())
        .map(Problem::to_string)
        .collect();
    let rest = errors.len().saturating_sub(SHOWN);
    let rest = (rest > 0).then(|| format!("{rest} more problems are not shown"));
    let errors = errors.iter().take(SHOWN).chain(&rest);
    let errors = errors.map(|error| quote_spanned!(span=> ::core::compile_error!(#error);));
    quote! {{ #(#errors)* #facade::Migrations::EMPTY }}
}

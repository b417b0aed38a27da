//! From a folder to the tokens of a checked set, or to a compile error for each problem.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use lokstra_source::{Code, LintScope, Loaded, Loader, Problem};
use proc_macro2::{Literal, Span, TokenStream};
use quote::{ToTokens, quote, quote_spanned};
use syn::LitStr;

use crate::cache::{self, CacheFile};

/// More errors than a person reads at once; the rest is counted.
const SHOWN: usize = 100;

/// Emits no name of the prelude, and an attribute only for a warning that was asked for: either can be
/// an error where it lands.
pub(crate) fn expand(facade: &TokenStream, folder: &LitStr) -> TokenStream {
    let root = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from).unwrap_or_default();
    let folder_path = folder.value();
    let kept = cache::cache_file(&root, &folder_path);
    let mut checking = Loader::new(&root, &folder_path).lint(LintScope::Explicit);
    if let Some(CacheFile { file, writer }) = &kept {
        checking = checking.cache(file, writer);
    }
    let way = way_from_the_compiler(&root);
    let seen = |problem: &Problem| match &way {
        Some(prefix) => problem.clone().with_path_prefix(prefix),
        None => problem.clone(),
    };
    match checking.load() {
        Ok(loaded) => {
            let problems: Vec<_> = loaded.warnings.iter().map(seen).collect();
            let warnings = warnings(problems.iter(), folder.span());
            table(facade, &root.to_string_lossy(), &loaded, &warnings)
        }
        Err(problems) => {
            let problems: Vec<_> = problems.iter().map(seen).collect();
            let hazards = problems.iter().filter(|problem| !problem.is_error());
            let warnings = warnings(hazards, folder.span());
            errors(facade, &problems, &warnings, folder.span())
        }
    }
}

/// From where the compiler runs, which is the folder of the workspace, to the folder of the crate: as
/// the compiler prints its own paths. `None` where that is one folder, or where they are not related.
pub(crate) fn way_from_the_compiler(root: &Path) -> Option<String> {
    let here = std::env::current_dir().ok()?;
    let way = root.strip_prefix(here).ok()?.to_str()?;
    (!way.is_empty()).then(|| way.replace('\\', "/"))
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
/// build. Hence the index as one literal, a macro for what every file would repeat, and the paths as a
/// text that the compiler takes apart itself.
fn table(facade: &TokenStream, root: &str, loaded: &Loaded, warnings: &TokenStream) -> TokenStream {
    let (text, index) = loaded.set.parts();
    let (text, index) = (string(text), Literal::byte_string(index));
    let tracked = parsed(&quoted(root, &loaded.tracked));
    // Bytes, and not texts: those the compiler would escape and unescape again.
    quote! {{
        #warnings
        fn _tracked() {
            macro_rules! tracked {
                ($($path:tt)*) => { $(::core::include_bytes!($path);)* };
            }
            tracked!(#tracked);
        }
        #facade::Migrations::from_static(
            #text,
            #index,
            // Known to debug builds only: no path of the building machine in what is shipped.
            if ::core::cfg!(debug_assertions) { ::core::env!("CARGO_MANIFEST_DIR") } else { "" },
        )
    }}
}

/// Literals, by the compiler's own parser and at once: what `quote` makes goes over to it token by token.
fn parsed(source: &str) -> TokenStream {
    let tokens: proc_macro::TokenStream = source.parse().expect("what is quoted is a literal");
    tokens.into()
}

/// The paths as literals, one behind the other.
fn quoted(root: &str, paths: &[String]) -> String {
    let special = ['"', '\\', '\r'];
    let is_plain = |text: &str| {
        text.is_ascii() && special.into_iter().all(|special| text.find(special).is_none())
    };
    // At once, and without `format!`: both take their time for each path.
    let are_plain = is_plain(root) && is_plain(&paths.concat());
    let mut text = String::new();
    for path in paths {
        if are_plain {
            for piece in ["\"", root, "/", path, "\" "] {
                text.push_str(piece);
            }
        } else {
            let _ = write!(text, "{:?} ", format!("{root}/{path}"));
        }
    }
    text
}

/// A raw literal, which is taken as it stands, where the compiler takes one: of a megabyte, escaping
/// and unescaping are a tenth of a rebuild.
fn string(text: &str) -> TokenStream {
    // It makes a line feed of CRLF, and refuses CR alone and what changes the direction of a text.
    let directions = ('\u{202a}'..='\u{202e}').chain('\u{2066}'..='\u{2069}');
    // Not `contains`, which is instantiated here and not optimised.
    let is_plain = directions.chain(['\r']).all(|special| text.find(special).is_none());
    let fence = longest_fence(text) + 1;
    if is_plain && fence <= MOST_FENCE {
        let fence = "#".repeat(fence);
        parsed(&format!("r{fence}\"{text}\"{fence}"))
    } else {
        Literal::string(text).into_token_stream()
    }
}

/// More `#` the compiler does not take.
const MOST_FENCE: usize = 255;

/// The most `#` that follow a quote.
fn longest_fence(text: &str) -> usize {
    let fences = text.split('"').skip(1);
    fences.map(|rest| rest.bytes().take_while(|byte| *byte == b'#').count()).max().unwrap_or(0)
}

/// The table is empty then, so that no other error hides these.
fn errors(
    facade: &TokenStream,
    problems: &[Problem],
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
